import { statSync } from "node:fs";
import { unless } from "../os/errno.ts";
import type { ServerError } from "../rpc/client.ts";
import { exit } from "./session.ts";

/** What to tell when the server cannot be talked to. */
export interface Trouble {
  /** What happened, in supervisorctl's words where it has some. */
  line: string;
  /** What to do about it. */
  remedy: string;
  exitCode: number;
}

/** Says what is wrong with a server and what to do about it, a line each. */
export function explain(error: ServerError, url: string): Trouble {
  switch (error.reason) {
    case "ENOENT":
      return {
        line: `${url} no such file`,
        remedy: "is droverd running? start it with droverd -c FILE, or name another server with -s",
        exitCode: exit.failed,
      };
    case "ECONNREFUSED":
      if (isNoSocket(url)) {
        return {
          line: `${url} is not a socket`,
          remedy: "name the socket of a droverd with -s or serverurl=",
          exitCode: exit.generic,
        };
      }
      return {
        line: `${url} refused connection`,
        remedy: "the droverd that made this socket is gone; start it again",
        exitCode: exit.unreachable,
      };
    case "EACCES":
    case "EPERM":
      return {
        line: `${url} permission denied`,
        remedy: `${ownerOf(url)}; you are uid ${process.getuid?.()}: use sudo, or set chmod= and chown= of [unix_http_server]`,
        exitCode: exit.generic,
      };
    case "401":
      return {
        line: "Server requires authentication",
        remedy: "give username= and password= in [supervisorctl], or -u and -p",
        exitCode: exit.generic,
      };
    case "503":
      return {
        line: `${url} is starting`,
        remedy: "droverd is not ready yet; try again in a moment",
        exitCode: exit.generic,
      };
    case "not drover":
    case "HPE_INVALID_CONSTANT":
      return {
        line: `${url} is not a drover server`,
        remedy:
          "something else answers there; for supervisord use supervisorctl, else check serverurl=",
        exitCode: exit.generic,
      };
    case "ECONNRESET":
    case "EPIPE":
      return {
        line: `${url} closed the connection before it answered`,
        remedy: "droverd may just have been shut down; look at its log",
        exitCode: exit.generic,
      };
    default:
      return {
        line: `error: ${url}: ${error.reason}`,
        remedy: "expected a running droverd at that address",
        exitCode: exit.generic,
      };
  }
}

const statOf = (url: string) =>
  unless(["ENOENT", "EACCES", "ENOTDIR"], () => statSync(url.replace(/^unix:\/\//, "")));

const isNoSocket = (url: string): boolean => statOf(url)?.isSocket() === false;

function ownerOf(url: string): string {
  const stat = statOf(url);
  if (!stat) return "you may not look into its folder";
  return `it belongs to uid ${stat.uid} with mode ${(stat.mode & 0o777).toString(8)}`;
}
