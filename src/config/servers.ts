import type { InetServerConfig, ServerConfig } from "./config.ts";
import type { Known } from "./names.ts";
import { problemIn, type RawSection } from "./raw.ts";
import { kindOf, sections as kinds } from "./sections.ts";
import { type Reading, readOptions } from "./table.ts";

/** The control servers, those of TCP first, as supervisord opens them. */
export function readServers(
  sections: ReadonlyMap<string, RawSection>,
  known: Known,
  reading: Reading,
): ServerConfig[] {
  const inet: InetServerConfig[] = [];
  const unix: ServerConfig[] = [];
  for (const section of sections.values()) {
    const { unixServer, inetServer } = kinds;
    const kind = kindOf(section.name);
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
    if (!password?.startsWith("{SHA}") || /^\{SHA\}[0-9a-f]{40}$/.test(password)) continue;
    const message = "no password can match this: expected {SHA} and 40 hex digits in small letters";
    reading.problems.push(problemIn(section, "password", message, "warning"));
  }
  for (const server of inet) refuseOpenDoor(server, reading);
  return [...inet, ...unix];
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
