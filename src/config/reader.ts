/** What became of reading a file: its text, or why there is none. */
export type FileText =
  | { text: string }
  /** It is not there. */
  | { missing: string }
  /** It is there and cannot be opened as a file. */
  | { unreadable: string }
  /** What is in it cannot be used. */
  | { unusable: string }
  /** It has more bytes than were asked for. */
  | { tooLong: true };

/** How a configuration reaches its files. */
export interface Reader {
  /** @param mostBytes a longer file is not read */
  read(path: string, mostBytes: number): FileText;
  /** The paths that match a pattern of `*`, `?` and `[...]`, sorted. */
  glob(pattern: string): string[];
}
