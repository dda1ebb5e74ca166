import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import path from "node:path";
import { onTestFinished } from "vitest";
import { makeFifos } from "../../src/os/channels.ts";
import { errnoOf, unless } from "../../src/os/errno.ts";
import { temporaryFolder } from "./temporary.ts";

const { O_RDONLY, O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;

/** Something that fills up: nobody reads it until the test says so. */
export interface Target {
  path: string;
  /** Opens the writer's end, for the test to close. */
  open(flags?: number): number;
  /** From here on it is read, to the end. */
  read(onData: (chunk: Buffer) => void): void;
  /** Nobody will ever read it. */
  abandon(): void;
}

export async function fifoTarget(): Promise<Target & { reader: number }> {
  const file = path.join(temporaryFolder(), "fifo");
  makeFifos([file]);
  const reader = openSync(file, O_RDONLY | O_NONBLOCK);
  let release = () => closeSync(reader);
  const abandon = () => {
    release();
    release = () => undefined;
  };
  onTestFinished(abandon);
  return {
    path: file,
    reader,
    open: (flags = 0) => openSync(file, O_WRONLY | flags),
    read(onData) {
      const socket = new Socket({ fd: reader, readable: true, writable: false });
      socket.on("data", onData);
      release = () => socket.destroy();
    },
    abandon,
  };
}

/** Makes a terminal, tells its name, and passes on what is written to it when it is told to. */
const terminal = `
import os, sys, tty
master, slave = os.openpty()
tty.setraw(slave)
os.write(1, os.ttyname(slave).encode())
sys.stdin.readline()
os.close(slave)
while True:
    try:
        chunk = os.read(master, 65536)
    except OSError:
        break
    while chunk:
        chunk = chunk[os.write(1, chunk):]
`;

export async function terminalTarget(): Promise<Target> {
  const python = spawn("python3", ["-c", terminal], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void python.kill("SIGKILL"));
  const [told] = (await once(python.stdout, "data")) as [Buffer];
  const name = told.toString();
  return {
    path: name,
    open: (flags = 0) => openSync(name, O_WRONLY | O_NOCTTY | flags),
    read(onData) {
      python.stdout.on("data", onData).resume();
      python.stdin.write("\n");
    },
    abandon: () => void python.kill("SIGKILL"),
  };
}

/** Writes until there is no more room. @returns how many bytes went */
export function fill(fd: number, byte = "x"): number {
  let written = 0;
  try {
    for (const chunk = Buffer.alloc(65_536, byte); ; ) written += writeSync(fd, chunk);
  } catch (error) {
    if (errnoOf(error) !== "EAGAIN") throw error;
    return written;
  }
}

/** Reads what is there now, without waiting; at most about so many bytes. */
export function take(fd: number, most = Number.POSITIVE_INFINITY): string {
  const buffer = Buffer.alloc(65_536);
  let text = "";
  while (text.length < most) {
    const bytes = unless(["EAGAIN"], () => readSync(fd, buffer)) ?? 0;
    if (bytes === 0) break;
    text += buffer.toString("latin1", 0, bytes);
  }
  return text;
}
