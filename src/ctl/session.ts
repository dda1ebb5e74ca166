import type { Client } from "../rpc/client.ts";

/** What a command has to work with. */
export interface Session {
  client: Client;
  /** Somebody is there to answer questions. */
  interactive: boolean;
  /** Stdout is a terminal. */
  toTerminal: boolean;
  /** What is printed is for a person who wants it in colours. */
  colors: boolean;
  /** One line to stdout. */
  print(line: string): void;
  /** Bytes to stdout, as they are. */
  write(chunk: Buffer | string): void;
  /** One line to stderr: what went wrong beside the answer, or what to do about it. */
  complain(line: string): void;
  /** The last value set is the exit code; a later success does not take it back. */
  exitCode: number;
  /** Talks to another server from here on. @throws UsageError when that is no URL of one */
  open(url: string): void;
  /** What is typed next; undefined at the end of the input, and when the signal aborts. */
  nextLine(signal: AbortSignal): Promise<string | undefined>;
  /** Asks and answers true for a y. */
  confirm(question: string): Promise<boolean>;
  /** Aborts when the user has had enough of a command that does not end by itself. */
  interrupted(): AbortSignal;
}

/** supervisorctl's exit codes. */
export const exit = {
  generic: 1,
  badArguments: 2,
  notRunning: 3,
  unreachable: 4,
  failed: 7,
} as const;
