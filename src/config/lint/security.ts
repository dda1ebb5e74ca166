import { parseKeyValues } from "../keyvalues.ts";
import { BadValue } from "../problems.ts";
import type { RawSection, RawValue } from "../raw.ts";
import { isLoopback } from "../servers.ts";
import type { Finding, Fleet, Program, Rule } from "./rule.ts";
import { nameOf } from "./rule.ts";
import { isHalf } from "./servers.ts";

export const securityRules: readonly Rule[] = [
  {
    id: "readable-secrets",
    doc: "A configuration file with passwords in it must not be readable by everybody.",
    check: ({ config, facts }) => {
      const { user } = config.supervisord;
      return [...secretsByFile(config.sections)]
        .filter(([file]) => ((facts.mode(file) ?? 0) & 0o004) !== 0)
        .flatMap(([file, [secret, ...others]]) => {
          if (!secret) return [];
          const more = others.length > 0 ? ` and ${others.length} more in this file` : "";
          return {
            section: secret.section,
            option: secret.option,
            message: `everybody on this machine may read ${secret.name}${more}`,
            why: "Any account, also that of a hacked web application, gets the passwords that are in here.",
            // The daemon reads it again as the user that it has become.
            instead: `${user ? `chown root:${user.name} ${file} && ` : ""}chmod 0640 ${file}`,
          };
        });
    },
  },
  {
    id: "open-inet-server",
    doc: "Whoever reaches a TCP server without a password controls every program.",
    check: ({ config }) =>
      config.servers.flatMap((server) => {
        // Half of a login is another rule's.
        if (server.kind !== "inet" || isHalf(server) || server.password) return [];
        const local = isLoopback(server.host);
        // On loopback its owner may say that this is meant; further out it is worth a second look.
        if (local && server.allow_anonymous) return [];
        const who = local ? "every user and program of this machine" : "everybody who reaches it";
        return {
          section: server.section,
          option: "port",
          message: `${who} may stop, start and read the logs of everything here: port ${server.port} asks for no password`,
          why: local
            ? "Any account, and any program that can be made to fetch a URL, stops the fleet."
            : "A scan of the network finds it, and strangers stop the fleet and read its logs.",
          instead: `${local ? "" : `port=127.0.0.1:${server.port}\n`}username=NAME\npassword={SHA}40-HEX-DIGITS`,
        };
      }),
  },
  {
    id: "runs-as-root",
    doc: "Without user= a daemon started by root runs every program as root.",
    check: (fleet) => {
      const { config, facts } = fleet;
      const section = config.sections.get("supervisord");
      if (facts.uid !== 0 || config.supervisord.user || !section) return [];
      const programs = fleet.programs.filter((program) => !leavesRoot(program));
      if (programs.length === 0) return [];
      return [rootFinding(section, programs)];
    },
  },
];

function rootFinding(section: RawSection, programs: Fleet["programs"]): Finding {
  const names = programs.map((program) => nameOf(program.section));
  const shown = names.slice(0, 5).join(", ");
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return {
    section,
    option: "user",
    message: `${shown}${more} run as root: there is no user= in [supervisord], and none in them`,
    why: "One hole in one worker, or one job that writes to the wrong path, has the whole machine.",
    instead: `user=NAME in [program:${names[0]}]${names.length > 1 ? " and the others" : ""}; user=root here when that is meant`,
  };
}

/** Daemons that need root to begin with and give it up by themselves, and what does no harm. */
const dropsRoot =
  /^(?:tail|true|echo|sleep|mkdir|chown|chmod|cp|mv|ln|nginx|php-fpm[\d.]*|apache2|apache2ctl|apachectl|apache2-foreground|httpd|crond?|sshd|rsyslogd|postfix|haproxy|dovecot|varnishd|squid|dnsmasq|mysqld|mysqld_safe|service)$/;

const leavesRoot = ({ first, command }: Program): boolean =>
  first.user !== undefined ||
  command === undefined ||
  dropsRoot.test(command.program) ||
  command.args.some((word) => /^--?(?:user|uid|username)(?:=|$)/.test(word)) ||
  command.launchers.some(({ name }) =>
    /^(?:gosu|su-exec|setpriv|chpst|runuser|su|sudo)$/.test(name),
  );

/** Not `127.example.com`, which may be anywhere. */

/** A password, told by where it stands and never by what it is. */
interface Secret {
  section: RawSection;
  option: string;
  name: string;
}

function secretsByFile(sections: ReadonlyMap<string, RawSection>): Map<string, Secret[]> {
  const byFile = new Map<string, Secret[]>();
  for (const [place, section] of writtenSections(sections)) {
    for (const [option, { text, file }] of section.values) {
      const found = secretNames(place, option, text).map((name) => ({ section, option, name }));
      if (found.length > 0) byFile.set(file, [...(byFile.get(file) ?? []), ...found]);
    }
  }
  return byFile;
}

/** Every section with what stands in it, after what kind its values are of: none is told twice. */
function writtenSections(sections: ReadonlyMap<string, RawSection>): [string, RawSection][] {
  const written: [string, RawSection][] = [];
  const elsewhere = new Map<string, [string, RawSection]>();
  for (const section of sections.values()) {
    const own = [...section.values].filter(([, value]) => !value.inherited);
    written.push([section.name, { ...section, values: new Map(own) }]);
    for (const [option, value] of section.values) {
      // A section of its own has what others inherit; of [DEFAULT] only they have it.
      if (!value.inherited || isOwn(sections.get("program-default"), option, value)) continue;
      const { file, line } = value;
      const defaults = { name: "DEFAULT", file, line, values: new Map([[option, value]]) };
      elsewhere.set(`${file}\0${line}`, [section.name, defaults]);
    }
  }
  return [...written, ...elsewhere.values()];
}

const isOwn = (section: RawSection | undefined, option: string, value: RawValue): boolean => {
  const own = section?.values.get(option);
  return own !== undefined && !own.inherited && own.file === value.file && own.line === value.line;
};

const withPassword = /^(?:unix_http_server|inet_http_server|supervisorctl)/;
const withEnvironment =
  /^(?:supervisord$|program-default$|(?:program|eventlistener|fcgi-program):)/;

function secretNames(section: string, option: string, text: string): string[] {
  if (option === "password" && withPassword.test(section)) {
    return isWritten(text) && !/^\{[A-Z0-9]+\}/.test(text) ? ["this password"] : [];
  }
  if (option !== "environment" || !withEnvironment.test(section)) return [];
  return Object.entries(pairsOf(text))
    .filter(([key, value]) => isSecret(key, value))
    .map(([key]) => key);
}

function pairsOf(text: string): Readonly<Record<string, string>> {
  try {
    return parseKeyValues(text.replaceAll(placeholder, ELSEWHERE));
  } catch (error) {
    if (error instanceof BadValue) return {};
    throw error;
  }
}

const secretKey =
  /(?:PASSWORD|PASSWD|_PASS|_PWD|SECRET|TOKEN|API_?KEY|APP_KEY|(?:SECRET|ACCESS|PRIVATE|MASTER|ENCRYPTION|FERNET)_KEY|SECRET_KEY_BASE|CREDENTIALS)$/i;
/** A URL that has a password in it: `amqp://app:…@rabbit/`. */
const urlWithPassword = /:\/\/[^\s/:@]*:([^\s/@]+)@/;

const isSecret = (key: string, value: string): boolean =>
  (secretKey.test(key) && isWritten(value) && !/^(?:true|false|\d|\/.*)$/i.test(value)) ||
  isWritten(urlWithPassword.exec(value)?.[1] ?? "");

const placeholder = /%\(\w+\)[-+ #0\d.]*[a-zA-Z]/g;
/** Stands for what a placeholder gives; it is all of characters that need no quotes. */
const ELSEWHERE = "(elsewhere)";

/** Something is written here, other than where to take it from. */
const isWritten = (text: string): boolean =>
  text.replaceAll(placeholder, "").replaceAll(ELSEWHERE, "").trim() !== "";
