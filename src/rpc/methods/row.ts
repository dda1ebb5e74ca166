import type { FaultName } from "../../faults.ts";
import type { ProcessStatus } from "../results.ts";
import { processStatus } from "../shapes.ts";
import type { ParamKind, ResultKind } from "../values.ts";
import { array, text, textOrNumber } from "../values.ts";

/**
 * What a caller must be allowed: to look, to have processes run or not, or to change the daemon
 * itself. Each includes those before it.
 */
export type Role = "read" | "operate" | "admin";

/** One method: who may call it, what it takes, what it answers, how it can fail, what it is for. */
export interface MethodRow {
  role: Role;
  params: Record<string, ParamKind<unknown>>;
  result: ResultKind<unknown>;
  faults: readonly FaultName[];
  doc: string;
  /** Other names of the same method. */
  aliases?: readonly string[];
}

export const table = <const T extends Record<string, MethodRow>>(rows: T): T => rows;

export const name = text("process name, as name, group:name or group:*");
export const group = text("group name");
export const signal = textOrNumber("signal, as HUP, SIGHUP or 1");
export const statuses = array<ProcessStatus[]>("", processStatus);
