import { existsSync } from "node:fs";
import path from "node:path";
import { isatty } from "node:tty";
import type { CtlConfig } from "../config/config.ts";
import { loadCtlConfig } from "../config/loadctl.ts";
import { ConfigError } from "../config/problems.ts";
import { searchPaths } from "../config/search.ts";
import { urlOf } from "../config/servers.ts";
import { glob } from "../os/glob.ts";
import { machine } from "../os/machine.ts";
import { writeAll } from "../os/output.ts";
import { defaultRundir } from "../os/rundir.ts";
import { readText } from "../os/text.ts";
import { connect, type ServerAddress } from "../rpc/client.ts";
import { type Flags, readFlags } from "./flags.ts";
import { Harmless } from "./harmless.ts";
import { readKeys } from "./keys.ts";
import { runWords } from "./run.ts";
import type { Session } from "./session.ts";
import { UsageError } from "./usage.ts";

/** Wrong use of the program itself: supervisorctl's exit code 2. */
class UsageExit extends Error {}

/** All that was asked for has been printed. */
class HelpShown extends Error {}

async function main(argv: readonly string[]): Promise<number> {
  try {
    const { flags, words } = await parse(argv);
    if (words[0] === "completion") return await completion(words.slice(1));
    const config = findConfig(flags.configuration);
    const session = createSession(address(flags, config), flags);
    if (words.length > 0) {
      await runWords(session, words);
      return session.exitCode;
    }
    const { runShell } = await import("./shell.ts");
    session.interactive = true;
    await runShell(session, {
      prompt: config?.ctl.prompt ?? "supervisor",
      historyFile: flags.historyFile ?? config?.ctl.history_file,
    });
    return 0;
  } catch (error) {
    if (error instanceof HelpShown) return 0;
    if (!(error instanceof UsageExit)) throw error;
    console.error(`Error: ${error.message}`);
    return 2;
  }
}

/** `completion bash|zsh|fish` prints what the shell is to load, which asks for the words of a line. */
async function completion([shell = "", line = ""]: readonly string[]): Promise<number> {
  if (shell === "words") return await completeLine(line);
  const { completionScripts } = await import("./completionscript.ts");
  const script = Object.hasOwn(completionScripts, shell) ? completionScripts[shell] : undefined;
  if (script === undefined) {
    const shells = Object.keys(completionScripts).join("|");
    throw new UsageExit(`expected droverctl completion ${shells}, got "${shell}"`);
  }
  writeAll(1, script);
  return 0;
}

/** What may come at the end of a command line, a word on each line; flags of it count. */
async function completeLine(line: string): Promise<number> {
  const { completeNow } = await import("./completion.ts");
  const [last = ""] = /\S*$/.exec(line) ?? [];
  const before = line
    .slice(0, line.length - last.length)
    .trim()
    .split(/\s+/)
    .slice(1);
  const { flags, words } = await parse(before);
  const server = address(flags, findConfig(flags.configuration));
  const [found] = await completeNow({ client: connect(server) }, [...words, last].join(" "));
  for (const word of found) writeAll(1, `${word.trim()}\n`);
  return 0;
}

async function parse(argv: readonly string[]): Promise<{ flags: Flags; words: readonly string[] }> {
  const plain = readFlags(argv);
  if (plain) return plain;
  const { createCommand } = await import("./commandline.ts");
  const { CommanderError } = await import("commander");
  const command = createCommand();
  try {
    command.parse(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) throw new HelpShown();
    const message = error.message.replace(/^error: /, "");
    throw new UsageExit(`${message}\nFor help, use droverctl -h`, { cause: error });
  }
  return { flags: command.opts<Flags>(), words: command.args };
}

function findConfig(given: string | undefined): CtlConfig | undefined {
  if (given !== undefined && !existsSync(given)) {
    throw new UsageExit(`could not find config file ${given}\nFor help, use droverctl -h`);
  }
  const file =
    given ??
    searchPaths(process.cwd(), process.argv[1] ?? "").find((candidate) => existsSync(candidate));
  if (file === undefined) return undefined;
  try {
    return loadCtlConfig(file, { read: readText, glob }, machine());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageExit(error.message, { cause: error });
  }
}

/** The command line, then `[supervisorctl]`, then the daemon's own sections, then its default. */
function address(flags: Flags, config: CtlConfig | undefined): ServerAddress {
  const servers = config?.servers ?? [];
  const server = servers.find(({ kind }) => kind === "unix") ?? servers[0];
  const url = flags.serverurl ?? config?.ctl.serverurl;
  const socket = path.join(config?.rundir ?? defaultRundir(), "drover.sock");
  const ofDaemon = server ? urlOf(server) : `unix://${socket}`;
  return {
    url: url === undefined ? ofDaemon : absolute(url),
    username: flags.username ?? config?.ctl.username ?? server?.username,
    password: flags.password ?? config?.ctl.password ?? server?.password,
  };
}

function absolute(url: string): string {
  if (url.startsWith("http://")) return url;
  if (!url.startsWith("unix://")) {
    throw new UsageExit(`expected unix:///path/to/socket or http://host:port, got "${url}"`);
  }
  const file = url.slice("unix://".length).replace(/^~(?=\/|$)/, machine().home);
  return `unix://${path.resolve(file)}`;
}

function createSession(server: ServerAddress, { interactive, plain }: Flags): Session {
  // `| head` has seen enough.
  const write = (chunk: Buffer | string) => {
    if (!writeAll(1, chunk)) process.exit(0);
  };
  const toTerminal = isatty(1) && !plain;
  const colors = toTerminal && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  // Texts have names and values from elsewhere in them, too.
  const harmless = isatty(1) ? new Harmless(colors) : undefined;
  const output = (chunk: Buffer) => write(harmless ? harmless.push(chunk) : chunk);
  const session: Session = {
    client: connect(server),
    interactive: interactive === true,
    plain: plain === true,
    json: false,
    toTerminal,
    colors,
    exitCode: 0,
    print: (line) => output(Buffer.from(`${line}\n`)),
    write,
    output,
    complain: (line) => void writeAll(2, `${line}\n`),
    open(url) {
      if (!/^(?:http|unix):\/\//.test(url)) {
        throw new UsageError("ERROR: url must be http:// or unix://");
      }
      session.client = connect({ ...server, url: absolute(url) });
    },
    size: () => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 }),
    keys: readKeys,
    nextLine: typedLines(),
    confirm: async (question) => {
      const { createInterface } = await import("node:readline/promises");
      const lines = createInterface({ input: process.stdin, output: process.stdout });
      const answer = await lines.question(question);
      lines.close();
      return /^y/i.test(answer);
    },
    interrupted() {
      const controller = new AbortController();
      // Not once: a terminal and a timeout(1) may both pass the same Ctrl-C on.
      process.on("SIGINT", () => controller.abort());
      return controller.signal;
    },
  };
  return session;
}

/** What comes on stdin, a line at a time; it is read from the first time on that somebody asks. */
function typedLines(): Session["nextLine"] {
  let lines: AsyncIterator<string> | undefined;
  return async (signal) => {
    const { createInterface } = await import("node:readline");
    lines ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    const aborted = new Promise<undefined>((resolve) => {
      signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    const next = await Promise.race([lines.next(), aborted]);
    // Nothing is to keep this process any more.
    if (!next || next.done) process.stdin.destroy();
    return next?.done ? undefined : next?.value;
  };
}

// All output is written by now. What is open is not closed first: that takes longer.
main(process.argv.slice(2)).then((exitCode) => process.exit(exitCode));
