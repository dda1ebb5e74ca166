/** supervisord's process states and their numbers, which clients see. */
export const stateCodes = {
  STOPPED: 0,
  STARTING: 10,
  RUNNING: 20,
  BACKOFF: 30,
  STOPPING: 40,
  EXITED: 100,
  FATAL: 200,
  UNKNOWN: 1000,
} as const;

export type StateName = keyof typeof stateCodes;

const running: ReadonlySet<StateName> = new Set(["STARTING", "RUNNING", "BACKOFF"]);
const stopped: ReadonlySet<StateName> = new Set(["STOPPED", "EXITED", "FATAL", "UNKNOWN"]);

/** In which there is a child to be sent a signal by somebody's request. */
const signallable: ReadonlySet<StateName> = new Set(["STARTING", "RUNNING", "STOPPING"]);

export const isSignallable = (state: StateName): boolean => signallable.has(state);

/** In the set that `start` refuses and `stop` accepts. BACKOFF counts: it will start by itself. */
export const isRunning = (state: StateName): boolean => running.has(state);

/** At rest: nothing happens until somebody asks. */
export const isStopped = (state: StateName): boolean => stopped.has(state);
