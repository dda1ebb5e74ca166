import { eachProgram, nameOf, type Rule } from "./rule.ts";
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
        message: `${nameOf(section)} needs ${needed}, and gives up after ${tries(first.startretries)}`,
        why: "While what it needs is restarted it fails too, becomes FATAL and stays so until somebody looks.",
        instead: "startretries=10",
      };
    }),
  },
];

function tries(startretries: number): string {
  if (startretries <= 0) return "the first failed start";
  const seconds = (startretries * (startretries + 1)) / 2;
  return `${startretries + 1} tries in ${seconds} ${seconds === 1 ? "second" : "seconds"}`;
}
