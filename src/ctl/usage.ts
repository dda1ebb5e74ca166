/** A command was given the wrong words. The message is what supervisorctl prints. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** Print the command's help after the message. */
  readonly withHelp: boolean;
  readonly exitCode: number;

  constructor(message: string, withHelp = false, exitCode = 1) {
    super(message);
    this.withHelp = withHelp;
    this.exitCode = exitCode;
  }
}
