/** What a scenario is, and what can be done in one. */

import { renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { eventually, root } from "../../support/daemon.ts";
import { LONGEST_WAIT_MS, type Peer } from "./peer.ts";

/** Something that is done to a daemon, or waited for. */
export type Act = (peer: Peer) => Promise<void>;

export interface Scenario {
  name: string;
  /** The programs and groups of the configuration. */
  programs: string;
  /** Executable files that are there before the daemon is, by their names. */
  executables?: Readonly<Record<string, string>>;
  /** Done one after another, on each daemon at its own pace. Afterwards the daemon is ended. */
  acts: readonly Act[];
  /** By which signal; SIGTERM when not given. */
  end?: NodeJS.Signals;
  /** All starts and stops are in one order, not only those of each process. */
  ordered?: true;
  /** Files of the daemon's folder whose contents are compared. */
  files?: readonly string[];
  /** Processes that are tried again at their own pace meanwhile: how often is not compared. */
  retried?: readonly string[];
}

/** Folder of small programs for children. */
export const fixtures = `${root}test/fixtures`;

/** Types a command into supervisorctl, and waits for the answer. */
export const ctl =
  (line: string): Act =>
  (peer) =>
    peer.ctl(line);

/** Gives a command to another supervisorctl while the acts go on. */
export function aside(line: string, ...acts: Act[]): Act {
  return async (peer) => {
    const answered = peer.ctl(line, "another");
    await inTurn(acts)(peer);
    await answered;
  };
}

/** Does one after another. */
export const inTurn =
  (acts: readonly Act[]): Act =>
  async (peer) => {
    for (const act of acts) await act(peer);
  };

/** Waits until each of these processes is in its state. */
export const states =
  (wanted: Readonly<Record<string, string>>): Act =>
  async (peer) => {
    await peer.until(JSON.stringify(wanted), (infos) =>
      Object.entries(wanted).every(([name, state]) =>
        infos.some((info) => info.name === name && info.statename === state),
      ),
    );
  };

/** Waits until the daemon's log has so many lines with this text. */
export const said =
  (text: string, times = 1): Act =>
  async (peer) => {
    await eventually(
      `${times} x ${text} in ${peer.name}'s log:\n${peer.log}`,
      () => peer.log.split(text).length > times,
      LONGEST_WAIT_MS,
      50,
    );
  };

/** Waits for the next such line, and until there are so many: what it tells of has just happened. */
export const saidAnew =
  (text: string, times: number): Act =>
  async (peer) => {
    const before = peer.log.split(text).length - 1;
    await said(text, Math.max(times, before + 1))(peer);
  };

/** Waits for a file that a child makes. */
export const made =
  (file: string): Act =>
  async (peer) => {
    await eventually(`${file} in ${peer.name}`, () => peer.read(file) !== "", LONGEST_WAIT_MS, 50);
  };

/** Sends a signal to the child of a process. */
export const kill =
  (name: string, signal: NodeJS.Signals): Act =>
  async (peer) => {
    await peer.executed();
    process.kill(await peer.child(name), signal);
  };

/** Sends a signal to the daemon. */
export const signal =
  (name: NodeJS.Signals): Act =>
  (peer) =>
    peer.signal(name);

/** Takes down all that the server tells of all processes. */
export const note: Act = async (peer) => {
  peer.notes.push(await peer.until("processes", () => true));
};

/** Writes a file of the daemon's folder. */
export const make =
  (file: string, text: string): Act =>
  async ({ dir }) =>
    writeFileSync(path.join(dir, file), text);

/** Renames a file of the daemon's folder. */
export const move =
  (from: string, to: string): Act =>
  async ({ dir }) =>
    renameSync(path.join(dir, from), path.join(dir, to));

/** Gives the daemon another configuration, for when it reads it again. */
export const configure =
  (programs: string): Act =>
  async (peer) =>
    peer.configure(programs);

/** Waits until the daemon has ended. */
export const gone: Act = (peer) => peer.gone();
