const unnamed = { SIG0: 0, SIGRTMIN: 34, SIGRTMAX: 64 } as const;

/** A signal by name: those that Node knows, and those it knows only by number. */
export type SignalName = NodeJS.Signals | keyof typeof unnamed;

/** What `process.kill` takes for a signal. */
export const signalOf = (name: SignalName): NodeJS.Signals | number =>
  name in unnamed ? unnamed[name as keyof typeof unnamed] : (name as NodeJS.Signals);

/** The signals that have a number only, by their names. */
export const unnamedSignals = Object.entries(unnamed) as [SignalName, number][];
