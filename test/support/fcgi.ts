import type { NetConnectOpts } from "node:net";
import path from "node:path";
import { root, type TestDaemon } from "./daemon.ts";
import { say } from "./sockets.ts";

export const greeter = path.join(root, "test/fixtures/greeter.js");
/** An fcgi-program whose processes tell their pids; `f` in a group of its own unless said otherwise. */
export const program = (options: string, name = "f") => `
[fcgi-program:${name}]
command=${process.execPath} ${greeter}
startsecs=0
${options}
`;
export const pair = `
process_name=%(program_name)s%(process_num)d
numprocs=2
`;

/** The pid of whoever answers. */
export const answering = async (to: NetConnectOpts): Promise<number> =>
  Number((await say(to)).toString());

export const pidsOf = async (daemon: TestDaemon): Promise<number[]> =>
  (await daemon.all()).map(({ pid }) => pid).filter((pid) => pid > 0);

/** What the log says of sockets, in order. */
export const socketLines = (daemon: TestDaemon): string[] =>
  daemon.log().match(/(?:Creating|Closing|Could not create) .*$/gm) ?? [];
