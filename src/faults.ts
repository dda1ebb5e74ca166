/** What a caller can act on. Codes and names are supervisord's; clients depend on both. */
const faults = {
  UNKNOWN_METHOD: 1,
  INCORRECT_PARAMETERS: 2,
  BAD_ARGUMENTS: 3,
  SIGNATURE_UNSUPPORTED: 4,
  SHUTDOWN_STATE: 6,
  BAD_NAME: 10,
  BAD_SIGNAL: 11,
  NO_FILE: 20,
  NOT_EXECUTABLE: 21,
  FAILED: 30,
  ABNORMAL_TERMINATION: 40,
  SPAWN_ERROR: 50,
  ALREADY_STARTED: 60,
  NOT_RUNNING: 70,
  ALREADY_ADDED: 90,
  STILL_RUNNING: 91,
  CANT_REREAD: 92,
} as const;

export type FaultName = keyof typeof faults;

export const faultNames = Object.keys(faults) as FaultName[];

export const isFaultName = (name: string): name is FaultName => Object.hasOwn(faults, name);

/** The code that stands for a fault on the wire. */
export const faultCode = (fault: FaultName): number => faults[fault];

/** The status value of a group operation that went well; beside the fault codes on the wire. */
export const SUCCESS = 80;

/** An error the caller can act on. Anything else thrown is a bug and is logged with its stack. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly fault: FaultName;
  readonly detail: string | undefined;

  /** @param detail what the fault is about, such as the process name; shown after the fault's name */
  constructor(fault: FaultName, detail?: string, options?: ErrorOptions) {
    super(detail === undefined ? fault : `${fault}: ${detail}`, options);
    this.fault = fault;
    this.detail = detail;
  }

  get code(): number {
    return faultCode(this.fault);
  }
}
