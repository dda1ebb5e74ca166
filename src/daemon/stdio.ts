import { isUtf8 } from "node:buffer";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { ProcessConfig } from "../config/config.ts";
import { targetsOf } from "../config/kinds/paths.ts";
import { bytesRepr, repr } from "../config/pyrepr.ts";
import { AnsiStripper } from "../logs/ansi.ts";
import {
  exitMark,
  type Formatter,
  formatterOf,
  type LineStyle,
  type Mark,
  type Moment,
  startMark,
} from "../logs/format.ts";
import { closeFd, makeFifos, makesFifosAtOnce, openForChild, removeFifos } from "../os/channels.ts";
import { errnoOf } from "../os/errno.ts";
import { InputPipe } from "../os/inputpipe.ts";
import { limitOf } from "../os/limits.ts";
import type { ExitRecord } from "../process/record.ts";
import { channelName } from "./channelname.ts";
import { describeFailure, isScarce, SpawnError } from "./errors.ts";
import { careOf } from "./logcare.ts";
import { Outputs, type OutputsSpec } from "./outputs.ts";
import type { Sink } from "./sink.ts";
import { OutputStream } from "./stream.ts";
import { isHeard } from "./voices.ts";
import type { World } from "./world.ts";

export type StreamName = "stdout" | "stderr";
export type Descriptors = [stdin: number, stdout: number, stderr: number];

/** Descriptors that children may not take: the daemon goes on answering, draining and rotating. */
const KEPT_FOR_THE_DAEMON = 16;
/** Most bytes that wait until a process reads its stdin. */
export const MOST_INPUT = 1_048_576;

/** For a stream that has no messages. */
const unheard = () => undefined;

/** The three standard streams of a process: its channels, and what reads them. */
export class Stdio {
  #config: ProcessConfig;
  readonly #world: World;
  readonly #streams: Partial<Record<StreamName, OutputStream>> = {};
  /** Those whose logs tell of starts and ends; of two that share a log, the first. */
  readonly #marked: OutputStream[] = [];
  /** One for each name that its streams have for it. */
  #sinks: readonly Sink[] = [];
  /** Where they are made at once, that has been done for all. */
  #hasChannels = makesFifosAtOnce();
  #pid: number | undefined;
  /** Monotonic. */
  #startedAt = 0;
  /** What is sent to the child; undefined: it has no stdin to send to. */
  readonly input: InputPipe | undefined;
  /** Told of all that is written, while somebody wants to know. */
  onOutput: ((chunk: Buffer) => void) | undefined;
  /** Told of what an event listener says on its stdout. */
  onProtocol: ((chunk: Buffer) => void) | undefined;

  constructor(config: ProcessConfig, world: World) {
    this.#config = config;
    this.#world = world;
    this.input = this.#inputPipe();
    const marked: Sink[] = [];
    for (const name of streamsOf(config)) {
      const { sinks, toSyslog } = this.#places(name);
      const hasLog = sinks.length > 0 || toSyslog !== undefined;
      const isProtocol = config.kind === "eventlistener" && name === "stdout";
      const captureMaxBytes = isProtocol ? 0 : config[`${name}_capture_maxbytes`];
      const onChunk = isProtocol ? this.#listen() : this.#echoOf(name);
      const onLog = isProtocol ? undefined : this.#logEvents(name);
      if (!hasLog && captureMaxBytes <= 0 && !onChunk && !onLog) continue;
      const onMessage = captureMaxBytes > 0 ? this.#communicating(name) : unheard;
      const fifo = fifoPath(world.channels, config, name);
      const outputs = new Outputs({ sinks, toSyslog, formatter: this.#formatter(name) });
      const { stripAnsi } = world;
      const { postpone } = world.launcher;
      const stream = new OutputStream({
        ...{ fifo, outputs, postpone, stripAnsi, captureMaxBytes, onMessage, onLog, onChunk },
      });
      this.#streams[name] = stream;
      const isMarked = marked.some((sink) => sinks.includes(sink));
      if (config.log_marks && hasLog && !isMarked) this.#marked.push(stream);
      marked.push(...sinks);
    }
  }

  /**
   * The child's 0, 1 and 2, for the caller to close.
   * @param beside it is for a command that runs beside the child, and takes none of its input
   * @throws SpawnError, with nothing left open
   */
  open(beside = false): Descriptors {
    try {
      return this.#openOrMake(beside);
    } catch (error) {
      const message = describeFailure(this.#config.name, error);
      this.#world.log("error", `${message} (${error})`);
      throw new SpawnError(message, isScarce(error), { cause: error });
    }
  }

  #openOrMake(beside: boolean): Descriptors {
    if (!this.#hasChannels) this.#makeChannels();
    try {
      return this.#openAll(beside);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      // Somebody may have cleaned the run folder up; then the channels are made again.
      this.#makeChannels();
      return this.#openAll(beside);
    }
  }

  #makeChannels(): void {
    makeFifos(channelsOf(this.#config, this.#world.channels));
    this.#hasChannels = true;
  }

  #openAll(beside: boolean): Descriptors {
    const { user, redirect_stderr } = this.#config;
    const opened: number[] = [];
    const keep = (fd: number): number => {
      opened.push(fd);
      if (!leavesEnough(fd)) throw new TooManyFiles();
      return fd;
    };
    const output = (stream: OutputStream | undefined): number =>
      keep(stream ? stream.open(user) : openForChild("/dev/null", undefined));
    try {
      const stdin = keep(beside ? openForChild("/dev/null", undefined) : this.#openInput());
      const stdout = output(this.#streams.stdout);
      return [stdin, stdout, redirect_stderr ? stdout : output(this.#streams.stderr)];
    } catch (error) {
      for (const fd of opened) closeFd(fd);
      throw error;
    }
  }

  #openInput(): number {
    const { user, stdin, socket } = this.#config;
    if (socket) return this.#world.sockets.descriptorFor(this.#config);
    if (stdin === "null") return openForChild("/dev/null", undefined);
    this.input?.discard();
    return openForChild(fifoPath(this.#world.channels, this.#config, "stdin"), user);
  }

  #inputPipe(): InputPipe | undefined {
    const { name, stdin, socket } = this.#config;
    if (stdin === "null" || socket) return undefined;
    const onLost = (bytes: number, why: string) =>
      this.#world.log("warn", `'${name}' has not read ${bytes} bytes of its stdin: ${why}`);
    return new InputPipe(fifoPath(this.#world.channels, this.#config, "stdin"), MOST_INPUT, onLost);
  }

  /** What the child writes is not read, because a log has no room. */
  get isHeld(): boolean {
    return Object.values(this.#streams).some((stream) => stream.isHeld);
  }

  /** Reads what an earlier daemon's child still writes. */
  listen(): void {
    for (const stream of Object.values(this.#streams)) stream.listen();
  }

  drain(): void {
    for (const stream of Object.values(this.#streams)) stream.drain();
  }

  /** @throws what the kernel gives */
  clearLogs(): void {
    for (const stream of Object.values(this.#streams)) stream.clearLog();
  }

  close(): void {
    this.input?.end();
    for (const stream of Object.values(this.#streams)) stream.close();
  }

  /** For a process that is given up, and has no child: nothing of it stays. */
  retire(): void {
    this.close();
    for (const sink of this.#sinks) this.#world.sinks.leave(sink);
    removeFifos(channelsOf(this.#config, this.#world.channels));
  }

  /** The last lines that came on a stream since `forget`. */
  lastLines(stream: StreamName): string[] {
    return this.#streams[stream]?.lastLines() ?? [];
  }

  /** How many bytes of each stream never came into its log. */
  get lostBytes(): Record<StreamName, number> {
    const { stdout, stderr } = this.#streams;
    return { stdout: stdout?.lostBytes ?? 0, stderr: stderr?.lostBytes ?? 0 };
  }

  /** A new child has not written anything yet. */
  forget(): void {
    for (const stream of Object.values(this.#streams)) stream.forget();
  }

  /** A child is there, whose output comes from here on. */
  started(pid: number): void {
    this.adopted(pid);
    if (this.#marked.length > 0) this.#mark(startMark(pid));
  }

  /** A child is there that an earlier daemon has started; its time counts from now. */
  adopted(pid: number): void {
    this.#pid = pid;
    this.#startedAt = this.#world.clock.monotonicMs();
  }

  /** The child has ended, and what it wrote was drained. */
  ended({ pid, uptime, cause }: Pick<ExitRecord, "pid" | "uptime" | "cause">): void {
    if (this.#marked.length > 0) this.#mark(exitMark(pid, uptime, cause));
    this.#pid = undefined;
  }

  #mark(mark: Mark): void {
    try {
      for (const stream of this.#marked) stream.mark(mark);
    } catch (error) {
      const what = `cannot note in the log of '${this.#config.name}' that it ${mark.text}`;
      this.#world.log("error", `${what}: ${error}`);
    }
  }

  /** What takes an event listener's words to its pool. */
  #listen(): (chunk: Buffer) => void {
    const echo = this.#echoOf("stdout");
    return (chunk) => {
      echo?.(chunk);
      this.onProtocol?.(chunk);
    };
  }

  #logEvents(stream: StreamName): ((data: Buffer) => void) | undefined {
    if (!this.#config[`${stream}_events_enabled`]) return undefined;
    const type = stream === "stdout" ? "PROCESS_LOG_STDOUT" : "PROCESS_LOG_STDERR";
    return (data) => this.#world.events.emit(type, this.#said(data));
  }

  #communicating(stream: StreamName): (data: Buffer) => void {
    const isOut = stream === "stdout";
    const type = isOut ? "PROCESS_COMMUNICATION_STDOUT" : "PROCESS_COMMUNICATION_STDERR";
    return (data) => {
      this.#world.log("debug", `'${this.#config.name}' ${stream} emitted a comm event`);
      this.#world.events.emit(type, this.#said(data));
    };
  }

  #said(data: Buffer) {
    const { name: process, group } = this.#config;
    return { process, group, pid: this.#pid ?? 0, data };
  }

  #echoOf(stream: StreamName): ((chunk: Buffer) => void) | undefined {
    const echo = this.#world.echoOutput ? this.#echo(stream) : undefined;
    if (!isHeard(this.#config)) return echo;
    return (chunk) => {
      echo?.(chunk);
      this.onOutput?.(chunk);
    };
  }

  /** At loglevel=debug the daemon's log has what the children say, in supervisord's words. */
  #echo(stream: StreamName): (chunk: Buffer) => void {
    const stripper = this.#world.stripAnsi ? new AnsiStripper() : undefined;
    return (given) => {
      // What is left of it stands where it stood, and the logs have their turn yet.
      const chunk = stripper ? stripper.push(Buffer.from(given)) : given;
      const text = isUtf8(chunk) ? chunk.toString() : `Undecodable: ${bytesRepr(chunk)}`;
      this.#world.log("debug", `${repr(this.#config.name)} ${stream} output:\n${text}`);
    };
  }

  /** What makes the lines of a stream look as they are to; undefined: they are as the child writes them. */
  #formatter(stream: StreamName): (() => Formatter) | undefined {
    const { name, group, log_format, log_prefix, log_timestamps, log_marks } = this.#config;
    const asIs = log_format === "text" && log_prefix === "" && log_timestamps === "off";
    if (asIs && !log_marks) return undefined;
    const style: LineStyle = {
      format: log_format,
      prefix: log_prefix,
      timestamps: log_timestamps,
      process: name,
      group,
      stream,
    };
    const stdio = this;
    const { clock } = this.#world;
    const moment: Moment = {
      get pid() {
        return stdio.#pid;
      },
      wallMs: () => clock.wallMs(),
      elapsedMs: () => clock.monotonicMs() - this.#startedAt,
    };
    return () => formatterOf(style, moment);
  }

  /** Takes over what may change while there is a child: what is done with the files of its logs. */
  reconfigure(config: ProcessConfig): void {
    const care = careOf(config);
    if (!isDeepStrictEqual(care, careOf(this.#config))) {
      for (const sink of new Set(this.#sinks)) this.#world.sinks.retend(sink, care);
    }
    this.#config = config;
  }

  /** Where the output of a stream goes; two names of one file are one place. */
  #places(stream: StreamName): Pick<OutputsSpec, "sinks" | "toSyslog"> {
    const { name } = this.#config;
    const { sinks, syslog } = this.#world;
    const maxBytes = this.#config[`${stream}_logfile_maxbytes`];
    const backups = this.#config[`${stream}_logfile_backups`];
    const blocks = this.#config.log_full === "block";
    const targets = targetsOf(this.#config[`${stream}_logfile`]);
    const files = targets.flatMap((target) => (target.to === "file" ? [target.path] : []));
    const care = careOf(this.#config);
    const spec = { maxBytes, backups, blocks, care };
    const opened = files.map((path) => sinks.open({ path, ...spec }));
    this.#sinks = this.#sinks.concat(opened);
    const found = new Set(opened);
    const hasSyslog = this.#config[`${stream}_syslog`] || targets.some(({ to }) => to === "syslog");
    const toSyslog: OutputsSpec["toSyslog"] = (tally) => syslog.connect(name, tally);
    return { sinks: [...found], toSyslog: hasSyslog ? toSyslog : undefined };
  }
}

/** As the kernel would say it, a little before it must. */
class TooManyFiles extends Error {
  readonly code = "EMFILE";
}

/** How many descriptors this process may have, by the latest look. */
let softLimit = 0;

/** Whether enough descriptors are left beyond this one. Where not, somebody may have raised the limit. */
function leavesEnough(fd: number): boolean {
  if (fd < softLimit - KEPT_FOR_THE_DAEMON) return true;
  softLimit = limitOf("nofile").soft;
  return fd < softLimit - KEPT_FOR_THE_DAEMON;
}

/** With redirect_stderr there is no stderr of its own. */
const streamsOf = ({ redirect_stderr }: ProcessConfig): StreamName[] =>
  redirect_stderr ? ["stdout"] : ["stdout", "stderr"];

/** The channel of a stream: its name is how a later daemon finds it. */
const fifoPath = (folder: string, config: ProcessConfig, stream: StreamName | "stdin"): string =>
  path.join(folder, `${channelName(config)}.${stream}`);

/** The channels that a process needs before its first start. */
export function channelsOf(config: ProcessConfig, folder: string): string[] {
  const input = config.stdin === "pipe" && !config.socket ? (["stdin"] as const) : [];
  const names = [...input, ...streamsOf(config)];
  return names.map((name) => fifoPath(folder, config, name));
}
