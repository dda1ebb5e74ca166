/** A value as written: pieces in quotes, escaped quotes of a script within quotes, or bare. */
const value = String.raw`(?:\\"(?:(?!\\").)*\\"|"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+`;
const secretWord = "pass|secret|token|api[_-]?key|credential";
const headers = `[\\w-]*authorization|x-[\\w-]+|cookie|[\\w-]*(?:${secretWord})`;

/** What is hidden: what each of these matches after its named group `lead`. */
const secrets: readonly RegExp[] = [
  // redis://:secret@db/0: up to the last @, as a password may have any character
  /(?<lead>:\/\/[^\s/:@]*:)\S+(?=@)/g,
  // -H "Authorization: Bearer secret"
  new RegExp(`(?<lead>(?<quote>["'])(?:${headers}):\\s*)(?:(?!\\k<quote>).)+`, "gis"),
  /(?<lead>\bauthorization:\s*)[^"']+/gi,
  // "TOKEN=a b", unless it is the start of a script
  new RegExp(
    `(?<lead>(?<!\\s-[a-z]*c\\s+)(?<=\\s)(?<quote>["'])[\\w.-]*(?:${secretWord})[\\w.-]*=)(?:(?!\\k<quote>).)+`,
    "gis",
  ),
  // --db-password=secret, --token secret
  new RegExp(
    `(?<lead>(?<![\\w.-])--?[\\w.-]*(?:${secretWord})[\\w.-]*(?:=|\\s+(?!--)))${value}`,
    "gis",
  ),
  new RegExp(
    `(?<lead>(?<![\\w.-])--(?:[\\w.-]*[.-])?(?:auth|key|pwd)(?:=|\\s+(?!--)))${value}`,
    "gis",
  ),
  // db_password=secret
  new RegExp(
    `(?<lead>(?<![\\w.-])[\\w.-]*(?:${secretWord}|_key|_pwd|_auth\\b)[\\w.-]*=)${value}`,
    "gis",
  ),
  // mysql -psecret
  new RegExp(`(?<lead>\\b(?:mysql|mariadb|mytop)[\\w-]*\\s(?:[^|;&]*?\\s)?-p)${value}`, "gs"),
  new RegExp(
    `(?<lead>\\b(?:sshpass|mongo\\w*|rabbitmqadmin|redis-cli|valkey-cli)\\s(?:[^|;&]*?\\s)?-[ap]\\s*)${value}`,
    "gs",
  ),
  // curl -u me:secret, and no ids of a user and a group
  new RegExp(
    `(?<lead>\\s(?:-u\\s*|--(?:proxy-)?user[= ]\\s*)["']?(?!\\d+:\\d+(?:\\s|$))[^\\s:"']+:)(?:(?<=["'][^\\s"']*)[^"']+|${value})`,
    "gs",
  ),
];

/** The text without the passwords that can be told from other words. */
export const masked = (text: string): string =>
  secrets.reduce((shown, secret) => shown.replaceAll(secret, "$<lead>***"), text);
