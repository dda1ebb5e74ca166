import { kind } from "./kind.ts";

export interface InetAddress {
  /** Empty: every address of the machine. */
  host: string;
  port: number;
}

const HIGHEST_PORT = 65_535;

/** An address to listen on: `9001`, `:9001`, `*:9001`, `127.0.0.1:9001`. IPv4 only, as in supervisord. */
export const inetAddress = kind(
  "an address such as 127.0.0.1:9001 or *:9001",
  (given, _, refuse): InetAddress => {
    const [, host = "", digits] = /^(?:(.*):)?\s*\+?(\d+)\s*$/s.exec(given) ?? refuse();
    if (host.includes(":")) refuse(": as in supervisord a server listens on IPv4 only");
    const port = Number(digits);
    if (port < 1 || port > HIGHEST_PORT) refuse(`: a port is from 1 to ${HIGHEST_PORT}`);
    return { host: host === "*" ? "" : host.toLowerCase(), port };
  },
);

/** The listening socket that the processes of an fcgi-program share. */
export type SocketAddress = ({ family: "inet" } & InetAddress) | { family: "unix"; path: string };

export const socketAddress = kind(
  "tcp://host:port or unix:///absolute/path",
  (given, _, refuse): SocketAddress => {
    if (given.startsWith("unix://")) {
      const path = given.slice("unix://".length);
      return path.startsWith("/") ? { family: "unix", path } : refuse();
    }
    const [, host = "", digits] = /^tcp:\/\/([^\s:]+):(\d+)$/.exec(given) ?? refuse();
    const port = Number(digits);
    if (port < 1 || port > HIGHEST_PORT) refuse(`: a port is from 1 to ${HIGHEST_PORT}`);
    return { family: "inet", host: host.toLowerCase(), port };
  },
);

/** `serverurl=`; undefined for AUTO. The empty value is one: then there is no variable. */
export const serverUrl = kind("a URL, or AUTO for that of this daemon", (given) =>
  given.trim().toLowerCase() === "auto" ? undefined : given,
);
