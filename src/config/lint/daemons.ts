import { type CommandLine, findFlag, flagValue } from "./commandline.ts";

/** A program that goes into the background by itself, and how it is kept from that. */
interface DaemonRow {
  program: RegExp;
  /** Whether this use of it goes into the background. */
  leaves: (command: CommandLine) => boolean;
  /** What to write, given the command as the file has it. */
  write: (shown: string) => string;
  /** It does so unless its own configuration file, which is not known here, says otherwise. */
  mayStay?: true;
}

/** It stays only when it is told to, by one of these options. */
const unless =
  (...flags: string[]) =>
  ({ args }: CommandLine) =>
    !args.some((word) => flags.includes(word));
/** It leaves only when it is told to. */
const when =
  (...flags: string[]) =>
  ({ args }: CommandLine) =>
    findFlag(args, flags) !== undefined;

const add = (words: string) => (shown: string) => `${shown} ${words}`;
const drop =
  (...flags: string[]) =>
  (shown: string) =>
    shown
      .split(" ")
      .filter((word) => !flags.includes(word))
      .join(" ");
const replace = (from: RegExp, to: string) => (shown: string) => shown.replace(from, to);
const just = (command: string) => () => command;

const nginxOwnFile = "/etc/nginx/nginx.conf";
/** A configuration file of one's own mostly says `daemon off;` itself, and it may not say so twice. */
const nginxLeaves = ({ args }: CommandLine): boolean =>
  !args.some((word) => /daemon\s+off/.test(word)) &&
  (flagValue(args, "-c") ?? nginxOwnFile) === nginxOwnFile;

const apacheStays = /FOREGROUND|NO_DETACH|DEBUG|^-X$|^-f$/;

const daemonRows: readonly DaemonRow[] = [
  { program: /^nginx$/, leaves: nginxLeaves, write: add('-g "daemon off;"'), mayStay: true },
  {
    program: /^php-fpm[\d.]*$/,
    leaves: (command) =>
      unless("-F", "--nodaemonize")(command) &&
      findFlag(command.args, ["-y", "--fpm-config"]) === undefined &&
      !command.args.some((word) => /^-[A-Z]*F[A-Z]*$/.test(word)),
    write: (shown) => add("-F")(drop("-D", "--daemonize")(shown)),
    mayStay: true,
  },
  {
    program: /^(?:apache2|httpd|apache2ctl|apachectl)$/,
    leaves: ({ args }) => !args.some((word) => apacheStays.test(word)),
    write: (shown) => add("-D FOREGROUND")(drop("-k", "start")(shown)),
  },
  { program: /^cron$/, leaves: ({ args }) => !hasLetter(args, /f/), write: add("-f") },
  { program: /^crond$/, leaves: ({ args }) => !hasLetter(args, /[fnd]/), write: add("-n") },
  { program: /^sshd$/, leaves: ({ args }) => !hasLetter(args, /[Ddi]/), write: add("-D") },
  { program: /^rsyslogd$/, leaves: ({ args }) => !hasLetter(args, /[nd]/), write: add("-n") },
  { program: /^syslog-ng$/, leaves: unless("-F", "--foreground"), write: add("-F") },
  {
    program: /^dnsmasq$/,
    leaves: unless("-k", "--keep-in-foreground", "-d", "--no-daemon"),
    write: add("-k"),
  },
  { program: /^varnishd$/, leaves: unless("-F", "-d", "-C"), write: add("-F") },
  { program: /^squid$/, leaves: unless("-N", "--foreground", "-z"), write: add("--foreground") },
  { program: /^clamd$/, leaves: unless("-F", "--foreground"), write: add("--foreground") },
  { program: /^sidekiq$/, leaves: when("-d", "--daemon"), write: drop("-d", "--daemon") },
  {
    program: /^celery$/,
    leaves: ({ args }) => args.includes("multi"),
    write: replace(
      /\bmulti (?:start|restart)\s+(?:[\w@.]+\s+)*?(?:-A|--app)[ =](\S+)/,
      "-A $1 worker",
    ),
  },
  {
    program: /^celery$/,
    leaves: when("--detach", "-D"),
    write: drop("--detach", "-D"),
  },
  {
    program: /^(?:gunicorn|airflow|unicorn|unicorn_rails|haproxy|mongrel_rails)$/,
    leaves: when("-D", "--daemon", "--daemonize"),
    write: drop("-D", "--daemon", "--daemonize"),
  },
  {
    program: /^(?:puma|thin|memcached)$/,
    leaves: when("-d", "--daemon", "--daemonize"),
    write: drop("-d", "--daemon", "--daemonize"),
  },
  {
    program: /^redis-server$/,
    leaves: ({ args }) => flagValue(args, "--daemonize") === "yes",
    write: replace(/--daemonize[= ]+yes/, "--daemonize no"),
  },
  {
    program: /^uwsgi$/,
    leaves: when("-d", "--daemonize"),
    write: replace(/\s(?:-d|--daemonize)[= ]+\S+/, ""),
  },
  { program: /^mongod$/, leaves: when("--fork"), write: drop("--fork") },
  { program: /^mysqld$/, leaves: when("--daemonize", "-D"), write: drop("--daemonize", "-D") },
  { program: /^rabbitmq-server$/, leaves: when("-detached"), write: drop("-detached") },
  {
    program: /^pg_ctl$/,
    leaves: ({ args }) => args.includes("start"),
    write: just("postgres -D /path/to/data"),
  },
  {
    program: /^postfix$/,
    leaves: ({ args }) => args.includes("start"),
    write: replace(/\bstart\b/, "start-fg"),
  },
  {
    program: /^pm2$/,
    leaves: ({ args }) => args.includes("start") && !args.includes("--no-daemon"),
    write: replace(/\bpm2\b/, "pm2-runtime"),
  },
  {
    program: /^docker$/,
    leaves: ({ args }) => args[0] === "run" && findFlag(args, ["-d", "--detach"]) !== undefined,
    write: drop("-d", "--detach"),
  },
  {
    program: /^start-stop-daemon$/,
    leaves: when("--background", "-b"),
    write: drop("--background", "-b"),
  },
  {
    program: /^delayed_job$/,
    leaves: ({ args }) => args.includes("start"),
    write: replace(/\bstart\b/, "run"),
  },
];

/** One of these letters in an option of one dash. */
const hasLetter = (args: readonly string[], letters: RegExp): boolean =>
  args.some((word) => /^-[A-Za-z]+$/.test(word) && letters.test(word));

/** A command that goes into the background, and what to write for it. */
interface Departure {
  what: string;
  mayStay: boolean;
  instead: string;
}

/** @returns undefined for a command that stays in front */
export function departureOf(command: CommandLine, shown: string): Departure | undefined {
  const service = serviceOf(command, shown);
  if (service !== undefined) {
    // How to run it is known of some programs, whose name is mostly that of the service.
    const written = daemonRows.find(({ program }) => program.test(service))?.write(service);
    const instead = written ?? `${service} (with its option to stay in the foreground)`;
    return { what: `the start of the service ${service}`, mayStay: false, instead };
  }
  const row = daemonRows.find((row) => row.program.test(command.program) && row.leaves(command));
  return row && { what: command.program, mayStay: row.mayStay === true, instead: row.write(shown) };
}

/** The service that `service x start`, `systemctl start x` and `/etc/init.d/x start` start. */
function serviceOf({ program, args }: CommandLine, shown: string): string | undefined {
  const [first = "", second = ""] = args;
  if (/^(?:service|rc-service)$/.test(program) && /^(?:re)?start$/.test(second)) return first;
  if (program === "systemctl" && /^(?:re)?start$/.test(first)) return second;
  return /(?:^|\s)\/etc\/init\.d\/\S+\s+(?:re)?start\b/.test(shown) ? program : undefined;
}
