import type { Client } from "../rpc/client.ts";

export { exit } from "./exitcodes.ts";

/** What a command has to work with. */
export interface Session {
  client: Client;
  /** Somebody is there to answer questions. */
  interactive: boolean;
  /** supervisorctl's texts and nothing more. */
  plain: boolean;
  /** The command that runs is to answer in JSON. */
  json: boolean;
  /** Stdout is a terminal, and what is drover's own is welcome there. */
  toTerminal: boolean;
  /** What is printed is for a person who wants it in colours. */
  colors: boolean;
  /** One line to stdout. */
  print(line: string): void;
  /** Bytes to stdout, as they are. */
  write(chunk: Buffer | string): void;
  /** What processes have written, to stdout: as it is, but on a terminal without what that acts on. */
  output(chunk: Buffer): void;
  /** One line to stderr: what went wrong beside the answer, or what to do about it. */
  complain(line: string): void;
  /** The last value set is the exit code; a later success does not take it back. */
  exitCode: number;
  /** Talks to another server from here on. @throws UsageError when that is no URL of one */
  open(url: string): void;
  /** What is typed next; undefined at the end of the input, and when the signal aborts. */
  nextLine(signal: AbortSignal): Promise<string | undefined>;
  /** The size of the terminal. */
  size(): { columns: number; rows: number };
  /**
   * Has keys told as they are pressed, and not echoed, until the answer is called. Without a terminal
   * there are none.
   */
  keys(pressed: (key: string) => void): () => void;
  /** Asks and answers true for a y. */
  confirm(question: string): Promise<boolean>;
  /** Aborts when the user has had enough of a command that does not end by itself. */
  interrupted(): AbortSignal;
}
