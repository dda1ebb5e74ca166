import { readPassword } from "../rpc/password.ts";
import type { InetServerConfig, ServerConfig, UnixServerConfig } from "./config.ts";
import { ctlKindOf, ctlSections } from "./ctlsections.ts";
import type { Facts } from "./facts.ts";
import type { Known } from "./names.ts";
import { emptySection, problemIn, type RawSection } from "./raw.ts";
import { type Reading, readOptions } from "./table.ts";

/** The control servers, those of TCP first, as supervisord opens them. */
export function readServers(
  sections: ReadonlyMap<string, RawSection>,
  known: Known,
  reading: Reading,
): ServerConfig[] {
  const inet: InetServerConfig[] = [];
  const unix: UnixServerConfig[] = [];
  for (const section of sections.values()) {
    const { unixServer, inetServer } = ctlSections;
    const kind = ctlKindOf(section.name);
    if (kind === unixServer) {
      const { options, names } = unixServer;
      const values = readOptions(options, { section, known, names }, reading);
      unix.push({ kind: "unix", section, ...values });
    } else if (kind === inetServer) {
      const { options, names } = inetServer;
      const { port: address, ...values } = readOptions(options, { section, known, names }, reading);
      // Without an address there is a problem, and the configuration is refused.
      inet.push({ kind: "inet", section, ...values, ...(address ?? { host: "", port: 0 }) });
    } else continue;
    if (section.values.has("username") !== section.values.has("password")) {
      const message = "a username needs a password and a password needs a username";
      reading.problems.push(problemIn(section, undefined, message));
    }
  }
  for (const { section, password } of [...inet, ...unix]) {
    if (password === undefined || readPassword(password)) continue;
    reading.problems.push(problemIn(section, "password", unmatchable(password), "warning"));
  }
  for (const server of inet) refuseOpenDoor(server, reading);
  for (const server of unix) warnOfShutDoor(server, reading);
  return [...inet, ...unix];
}

/** Tells what was expected and never what is there. */
const unmatchable = (password: string): string =>
  password.startsWith("{SHA}")
    ? "no password can match this: expected {SHA} and 40 hex digits in small letters"
    : "no password can match this: expected $scrypt$ as `droverd hash-password` prints it";

/** Who may not connect has no use for a role. */
function warnOfShutDoor(server: UnixServerConfig, { problems }: Reading): void {
  const { section, chmod, operators, read_only_gids } = server;
  if ((!operators && !read_only_gids) || (chmod & 0o022) !== 0) return;
  const option = operators ? "operators" : "read_only_gids";
  const message =
    `nobody but root and the owner of the socket may connect to it with chmod=${chmod.toString(8).padStart(4, "0")}: ` +
    "expected chmod=0770 with a group in chown=, or chmod=0777";
  problems.push(problemIn(section, option, message, "warning"));
}

/** The server of a configuration that has none. */
export function defaultServer(file: string, facts: Facts): ServerConfig {
  const section = emptySection("unix_http_server", "");
  const given = { file: "", line: 0, section: section.name, text: file, literal: true } as const;
  section.values.set("file", given);
  const known: Known = { env: {}, values: {}, hereEverywhere: false, cwd: "/" };
  const { options, names } = ctlSections.unixServer;
  const values = readOptions(options, { section, known, names }, { facts, problems: [] });
  return { kind: "unix", section, ...values };
}

/** Whoever may connect may run commands: without a password only this machine may. */
function refuseOpenDoor(server: InetServerConfig, { problems }: Reading): void {
  const { host, port, username, password, allow_anonymous, section } = server;
  if (port === 0 || allow_anonymous || (username && password) || isLoopback(host)) return;
  const message =
    "other machines may connect, and without a password they may run commands here: expected " +
    "username= and password=, or 127.0.0.1 as the host, or allow_anonymous=yes";
  problems.push(problemIn(section, "port", message));
}

export const isLoopback = (host: string): boolean =>
  host === "localhost" || /^127(?:\.\d{1,3}){3}$/.test(host);

/** How a client on this machine reaches a server. */
export const urlOf = (server: ServerConfig): string =>
  server.kind === "unix"
    ? `unix://${server.file}`
    : `http://${server.host || "localhost"}:${server.port}`;
