import { backoffMs } from "../../process/policy.ts";
import type { ProcessConfig } from "../config.ts";
import { eachProgram, nameOf, type Rule } from "./rule.ts";
import { lifeOf } from "./starting.ts";
import { endsBy } from "./workers.ts";

const ENOUGH_RETRIES = 3;

export const restartingRules: readonly Rule[] = [
  {
    id: "worker-not-restarted",
    doc: "A worker that ends by exiting with 0 needs autorestart=true to come back.",
    check: eachProgram(({ section, first }, command) => {
      if (first.autorestart !== "unexpected" || !first.exitcodes.includes(0)) return undefined;
      const end = endsBy(command, first.environment);
      if (!end) return undefined;
      return {
        section,
        option: "autorestart",
        message:
          `${end.title} exits with 0 on ${end.reason}, and autorestart=unexpected does not ` +
          "start again what exits with 0",
        why: "The first time it recycles itself or a deployment restarts it, it stays down and jobs pile up.",
        instead: "autorestart=true",
      };
    }),
  },
  {
    id: "few-retries",
    doc: "A program that needs others must outlast their start: startretries below the default gives up first.",
    check: eachProgram(({ section, first }) => {
      if (first.depends_on.length === 0 || first.startretries >= ENOUGH_RETRIES) return undefined;
      const needed = first.depends_on.join(", ");
      return {
        section,
        option: "startretries",
        message: `${nameOf(section)} needs ${needed}, and gives up after ${tries(first)}`,
        why: "While what it needs is restarted it fails too, becomes FATAL and stays so until somebody looks.",
        instead: "startretries=10",
      };
    }),
  },
  {
    id: "failure-expected",
    doc: "An exit code of crashes in exitcodes: autorestart=unexpected leaves what crashed down.",
    check: eachProgram(({ section, first }, command) => {
      if (first.autorestart !== "unexpected") return undefined;
      const code = first.exitcodes.find((one) => crashCodes.has(one));
      // What is to run once is not to run again, however it ended.
      if (code === undefined || lifeOf(command)) return undefined;
      const others = first.exitcodes.filter((one) => !crashCodes.has(one));
      return {
        section,
        option: "exitcodes",
        message: `${code} is ${crashCodes.get(code)}, and with it in exitcodes autorestart=unexpected does not start it again`,
        why: "The first crash takes it down for good, and it is shown as EXITED, as if all were well.",
        instead: `exitcodes=${others.length > 0 ? others.join(",") : "0"}`,
      };
    }),
  },
];

/** What interpreters exit with when nobody catches an error. */
const crashCodes: ReadonlyMap<number, string> = new Map([
  [1, "how most programs end when they crash"],
  [255, "how PHP ends on a fatal error"],
]);

function tries(program: ProcessConfig): string {
  const { startretries } = program;
  if (startretries <= 0) return "the first failed start";
  let seconds = 0;
  for (let failed = 1; failed <= startretries; failed++) {
    seconds += backoffMs(failed, program, 0) / 1_000;
  }
  return `${startretries + 1} tries in ${seconds} ${seconds === 1 ? "second" : "seconds"}`;
}
