import { closeSync, constants, openSync, rmSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import path from "node:path";
import { chained, noPrivileges, type Privileges } from "./chain.ts";
import { makeFifos } from "./channels.ts";
import { type ChildSpec, signalChild, spawnChild } from "./children.ts";
import { CommandError, findCommand } from "./command.ts";
import { unless } from "./errno.ts";
import type { Death } from "./reaper.ts";

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

/** A command that runs once beside the fleet. */
export interface Errand {
  argv: readonly string[];
  env: ChildSpec["env"];
  cwd: string | undefined;
  user: Privileges["user"];
  softFiles: number | undefined;
  /** What it reads from its stdin. */
  input: string;
  /** For its pipe and its input, which have no names any more when it has started. */
  folder: string;
}

interface ErrandEnd {
  exit: Death["exit"];
  /** The first of what it has written. */
  output: string;
  /** Bytes that it has written beyond that. */
  more: number;
}

export interface RunningErrand {
  /** Rejects with what the kernel says where it cannot be started. */
  ended: Promise<ErrandEnd>;
  /** To it and to all in its process group. */
  signal(signal: NodeJS.Signals): void;
}

const MOST_OUTPUT = 8_192;
/** What it has started may hold its output for ever. */
const LAST_OUTPUT_MS = 200;

let started = 0;

/**
 * Starts a command in a process group of its own. It ends with this process; what it leaves in its group
 * ends with it.
 * @throws CommandError; what the kernel gives
 */
export function startErrand(errand: Errand): RunningErrand {
  const { argv, env, cwd, user, softFiles, input, folder } = errand;
  const [word = ""] = argv;
  const file = findCommand(word, env.PATH);
  const base = path.join(folder, `errand.${process.pid}.${started++}`);
  const [given, said] = [`${base}.in`, `${base}.out`];
  const its: number[] = [];
  let reader: Socket | undefined;
  try {
    // A file: it is there whether it is read or not, and nobody waits for that.
    writeFileSync(given, input, { mode: 0o600, flag: "wx" });
    makeFifos([said]);
    const stdin = openSync(given, O_RDONLY);
    its.push(stdin);
    reader = new Socket({ fd: openSync(said, O_RDONLY | O_NONBLOCK), writable: false });
    const out = openSync(said, O_WRONLY);
    its.push(out);
    const privileges = { ...noPrivileges, user, endsWithParent: hasSetpriv() };
    const spec = { file, argv, env, cwd, softFiles, privileges, umask: undefined };
    return attend(reader, { ...spec, stdio: [stdin, out, out] });
  } catch (error) {
    reader?.destroy();
    throw error;
  } finally {
    for (const fd of its) closeSync(fd);
    for (const name of [given, said]) rmSync(name, { force: true });
  }
}

function attend(reader: Socket, spec: ChildSpec): RunningErrand {
  const heard = listen(reader);
  let pid: number | undefined;
  const ended = new Promise<ErrandEnd>((resolve, reject) => {
    spawnChild(spec, {
      started: (given) => {
        pid = given;
      },
      failed: (errno) => {
        reader.destroy();
        reject(Object.assign(new Error(errno), { code: errno }));
      },
      exited: (exit) => {
        signal("SIGKILL");
        pid = undefined;
        void heard.end().then((told) => resolve({ exit, ...told }));
      },
    });
  });
  const signal = (name: NodeJS.Signals) => {
    const group = pid;
    if (group !== undefined) unless(["EPERM"], () => signalChild(group, name, true));
  };
  return { ended, signal };
}

/** Takes in all that comes, and keeps the first of it. */
function listen(reader: Socket) {
  const kept: Buffer[] = [];
  let bytes = 0;
  let more = 0;
  reader.on("data", (chunk) => {
    const part = chunk.subarray(0, MOST_OUTPUT - bytes);
    if (part.length > 0) kept.push(part);
    bytes += part.length;
    more += chunk.length - part.length;
  });
  const closed = new Promise<void>((resolve) => reader.on("close", () => resolve()));
  reader.on("error", () => undefined);
  return {
    async end(): Promise<{ output: string; more: number }> {
      const timer = setTimeout(() => reader.destroy(), LAST_OUTPUT_MS);
      await closed;
      clearTimeout(timer);
      return { output: Buffer.concat(kept).toString("utf8"), more };
    },
  };
}

let found: boolean | undefined;

/** Without it an errand may go on for a while after this process has been killed. */
function hasSetpriv(): boolean {
  try {
    found ??= chained({ file: "", argv: [], path: "" }, tied) !== undefined;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    found = false;
  }
  return found;
}

const tied: Privileges = { ...noPrivileges, endsWithParent: true };
