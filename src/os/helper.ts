import { closeSync, constants, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import path from "node:path";
import { noPrivileges } from "./chain.ts";
import { makeFifos } from "./channels.ts";
import { spawnChild } from "./children.ts";

const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;

/** Another process of our own, which does what may hang. It ends when nothing more can come. */
export interface Helper {
  /** Without end: what it has not taken in waits here. */
  write(header: object, data: Uint8Array): void;
  /** Nothing more is heard of it: it ends when it has done what has reached it. */
  end(): void;
  /** Whether it keeps this process from ending. */
  hold(holds: boolean): void;
}

export interface HelperEvents {
  answered(answer: unknown): void;
  /** It has ended by itself. */
  gone(): void;
}

let started = 0;

/**
 * Starts a script of Node that reads requests, a line of JSON and so many bytes, and answers each with
 * a line of JSON.
 * @param folder for its pipes, which have no name any more when this returns
 * @throws what the kernel gives
 */
export function startHelper(
  { folder, script, name }: { folder: string; script: string; name: string },
  events: HelperEvents,
): Helper {
  const base = path.join(folder, `helper.${process.pid}.${started++}`);
  const [requests, answers] = [`${base}.in`, `${base}.out`];
  const ours: number[] = [];
  const its: number[] = [];
  try {
    makeFifos([requests, answers]);
    // A pipe can be opened at once only by one who finds the other end there.
    const first = openSync(requests, O_RDONLY | O_NONBLOCK);
    its.push(first);
    ours.push(openSync(requests, O_WRONLY | O_NONBLOCK), openSync(answers, O_RDONLY | O_NONBLOCK));
    const stdio = [
      openSync(requests, O_RDONLY),
      openSync(answers, O_WRONLY),
      openSync("/dev/null", O_WRONLY),
    ] as const;
    its.push(...stdio);
    launch({ script, name, stdio });
  } catch (error) {
    for (const fd of ours) closeSync(fd);
    throw error;
  } finally {
    for (const fd of its) closeSync(fd);
    for (const file of [requests, answers]) rmSync(file, { force: true });
  }
  const [input = -1, output = -1] = ours;
  return connect(input, output, events);
}

function launch({
  script,
  name,
  stdio,
}: {
  script: string;
  name: string;
  stdio: readonly [number, number, number];
}): void {
  const failure: { errno?: string } = {};
  const env = { ...process.env, NODE_OPTIONS: undefined };
  spawnChild(
    {
      file: process.execPath,
      argv: [name, script],
      env,
      cwd: undefined,
      umask: undefined,
      stdio,
      softFiles: undefined,
      privileges: noPrivileges,
      unattended: true,
    },
    {
      started: () => undefined,
      failed: (errno) => {
        failure.errno = errno;
      },
      // Its pipe tells as well.
      exited: () => undefined,
    },
  );
  if (failure.errno) throw Object.assign(new Error(failure.errno), { code: failure.errno });
}

function connect(input: number, output: number, { answered, gone }: HelperEvents): Helper {
  const writer = new Socket({ fd: input, readable: false, writable: true });
  const reader = new Socket({ fd: output, readable: true, writable: false });
  let open = true;
  const end = () => {
    open = false;
    writer.destroy();
    reader.destroy();
  };
  const over = () => {
    if (!open) return;
    end();
    gone();
  };
  for (const socket of [writer, reader]) socket.on("error", over);
  reader.on("close", over);
  let text = "";
  reader.setEncoding("utf8").on("data", (chunk) => {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) if (open) answered(JSON.parse(line));
  });
  return {
    write(header, data) {
      writer.write(`${JSON.stringify({ ...header, bytes: data.length })}\n`);
      if (data.length > 0) writer.write(data);
    },
    end,
    hold(holds) {
      for (const socket of [writer, reader]) holds ? socket.ref() : socket.unref();
    },
  };
}
