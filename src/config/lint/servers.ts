import path from "node:path";
import type { InetServerConfig, ServerConfig } from "../config.ts";
import { isEverywhere } from "./listening.ts";
import type { Finding, Rule } from "./rule.ts";

export const serverRules: readonly Rule[] = [
  {
    id: "socket-folder",
    doc: "The folder of the control socket must be there when the daemon starts.",
    check: ({ config, facts }) =>
      config.servers.flatMap((server) => {
        if (server.kind !== "unix") return [];
        const folder = path.dirname(server.file);
        const made = config.supervisord.rundir ?? facts.defaultRundir;
        if (isWithin(made, folder) || facts.isDirectory(folder)) return [];
        return {
          section: server.section,
          option: "file",
          message: `there is no folder ${folder} for the control socket`,
          why: "The daemon refuses to start; a folder in /run is gone after each boot.",
          instead: config.supervisord.rundir
            ? `install -d ${folder}`
            : `rundir=${folder} in [supervisord], which the daemon makes itself`,
        };
      }),
  },
  {
    id: "same-port",
    doc: "Two TCP servers of the daemon on the same port: it cannot open both.",
    check: ({ config }) => samePorts(config.servers.filter((server) => server.kind === "inet")),
  },
  {
    id: "password-off",
    doc: "An empty username= or password= turns the password of a server off, as in supervisord.",
    check: ({ config }) => config.servers.flatMap((server) => passwordOff(server) ?? []),
  },
];

/** The folder itself or one above it: making a folder makes those that it stands in. */
const isWithin = (inner: string, folder: string): boolean =>
  inner === folder || path.resolve(inner).startsWith(`${folder}/`);

function samePorts(servers: readonly InetServerConfig[]): Finding[] {
  const taken = new Set(servers.map(({ port }) => port));
  return servers.flatMap((server, at) => {
    const other = servers.slice(0, at).find((earlier) => collide(earlier, server));
    if (!other) return [];
    let free = server.port + 1;
    while (taken.has(free)) free++;
    taken.add(free);
    return {
      section: server.section,
      option: "port",
      message: `[${other.section.name}] has port ${server.port} already`,
      why: "The second one cannot be opened, and the daemon does not start.",
      instead: `port=${server.host || "*"}:${free}`,
    };
  });
}

const collide = (a: InetServerConfig, b: InetServerConfig): boolean =>
  a.port === b.port && (isEverywhere(a.host) || isEverywhere(b.host) || hostOf(a) === hostOf(b));

const hostOf = ({ host }: InetServerConfig): string => (host === "localhost" ? "127.0.0.1" : host);

/** Whether what is half filled in looks like a password and is none. */
export const isHalf = ({ username, password }: ServerConfig): boolean =>
  Boolean(username) !== Boolean(password);

function passwordOff(server: ServerConfig): Finding | undefined {
  if (!isHalf(server)) return undefined;
  const empty = server.username ? "password" : "username";
  return {
    section: server.section,
    option: empty,
    message: `${empty}= is empty, and that turns the ${empty === "username" ? "password" : "login"} off`,
    why: "Whoever reaches this server controls every program without being asked for anything.",
    instead: empty === "username" ? "username=NAME" : "password={SHA}40-HEX-DIGITS",
  };
}
