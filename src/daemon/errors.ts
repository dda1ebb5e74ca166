/** The daemon cannot start; the message is for the person who started it. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly exitCode: number;

  /** @param exitCode supervisord's: 2 for usage and configuration, 1 for the rest */
  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** An error that is nobody's input: with its stack, for the log. */
export const describeBug = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
