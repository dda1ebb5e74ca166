import type { Config, GroupConfig, ProcessConfig } from "../config/config.ts";
import type { PlannedChange } from "../config/plan.ts";
import type { RawSection } from "../config/raw.ts";
import { Fault } from "../faults.ts";

interface Bounds {
  min: number;
  max: number;
}

/** `scale_min=` and `scale_max=`. Of a program without copies they are known as they are written. */
export function boundsOf(section: RawSection, copy: ProcessConfig | undefined): Bounds {
  if (copy) return { min: copy.scale_min, max: copy.scale_max ?? Infinity };
  const written = (option: string) => Number(section.values.get(option)?.text ?? Number.NaN);
  return { min: written("scale_min") || 0, max: written("scale_max") || Infinity };
}

/**
 * @param wanted `20`, `+5` or `-3`
 * @throws Fault BAD_ARGUMENTS
 */
export function readCount(wanted: string, now: number, { min, max }: Bounds): number {
  const [, sign, digits] = /^([+-]?)(\d{1,5})$/.exec(wanted) ?? [];
  if (digits === undefined) {
    throw new Fault(
      "BAD_ARGUMENTS",
      `expected a number of copies such as 20, +5 or -3, got "${wanted}"`,
    );
  }
  const count = sign === "" ? Number(digits) : now + Number(`${sign}${digits}`);
  if (count < min)
    throw new Fault("BAD_ARGUMENTS", `expected at least scale_min=${min}, got ${count}`);
  if (count > max)
    throw new Fault("BAD_ARGUMENTS", `expected at most scale_max=${max}, got ${count}`);
  return count;
}

/** The group that a program is in. @throws Fault BAD_NAME */
export function groupOf(program: string, { name }: RawSection, config: Config): GroupConfig {
  const isIn = ({ processes }: GroupConfig) =>
    processes.some(({ section }) => section.name === name);
  // A program without copies is in its own, or in the one that names it.
  const found =
    config.groups.find(isIn) ??
    config.groups.find((group) => namesIn(group).includes(program)) ??
    config.groups.find((group) => group.name === program);
  if (!found) throw new Fault("BAD_NAME", program);
  return found;
}

const namesIn = ({ section }: GroupConfig): string[] =>
  (section.values.get("programs")?.text ?? "").split(",").map((name) => name.trim());

/** Who scales wants nothing else done. @throws Fault FAILED */
export function refuseOtherEdits(plan: readonly PlannedChange[], program: string): void {
  const other = plan.find(
    ({ action, because }) =>
      (action !== "start" && action !== "stop") ||
      because.some(({ option }) => option !== "numprocs" && option !== "programs"),
  );
  if (!other) return;
  const [reason] = other.because;
  if (reason && reason.from === reason.to) {
    const why = `${reason.option}= is another with another number of copies`;
    throw new Fault(
      "FAILED",
      `${program}: ${why}, so all would be restarted: edit numprocs=, and update`,
    );
  }
  const where = reason ? ` (${reason.option}=, ${reason.file}:${reason.line})` : "";
  throw new Fault(
    "FAILED",
    `${program}: its configuration was edited and not taken over${where}: update first`,
  );
}
