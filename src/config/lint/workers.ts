import { type CommandLine, findFlag, flagValue } from "./commandline.ts";

/** A worker that is known: how it is told from others, and what its options mean. */
interface WorkerRow {
  /** As people call it. */
  title: string;
  program?: RegExp;
  /** A word after the program, often its subcommand. */
  word?: RegExp;
  /** Options with which it ends by itself, exiting with 0. */
  endsWith?: readonly string[];
  /** What else makes it exit with 0, whatever its options. */
  endsOn?: string;
  /** Options that say how long a job may take, or how long it waits for jobs when told to stop. */
  job?: readonly string[];
  /** Their value when none is given. */
  jobDefault?: number;
  /** How many of the unit of `job` make a second. */
  jobUnit?: number;
  /** It answers requests; it takes no jobs from a queue. */
  serves?: true;
}

const php = /^(?:artisan|console|magento|cake|yii|craft|drush|wp|.*\.php)$/;

/** The first row that fits is the one. */
const workerRows: readonly WorkerRow[] = [
  {
    title: "queue:work",
    word: /^queue:work$/,
    endsWith: ["--max-jobs", "--max-time", "--stop-when-empty", "--once"],
    endsOn: "artisan queue:restart",
    job: ["--timeout"],
    jobDefault: 60,
  },
  {
    title: "Horizon",
    program: /^artisan$/,
    word: /^horizon$/,
    endsOn: "artisan horizon:terminate",
    jobDefault: 60,
  },
  { title: "Reverb", word: /^reverb:start$/, endsOn: "artisan reverb:restart", serves: true },
  { title: "Pulse", word: /^pulse:(?:check|work)$/, endsOn: "artisan pulse:restart" },
  {
    title: "messenger:consume",
    word: /^messenger:consume(?:-messages)?$/,
    endsWith: [
      "--limit",
      "-l",
      "--time-limit",
      "-t",
      "--memory-limit",
      "-m",
      "--failure-limit",
      "-f",
    ],
    endsOn: "console messenger:stop-workers",
  },
  { title: "the consumer", word: /^queue:consumers:start$/, endsWith: ["--max-messages"] },
  {
    title: "the consumer",
    word: /^(?:oro:message-queue|enqueue|enqueue:transport):consume$/,
    endsWith: ["--message-limit", "--time-limit", "--memory-limit"],
  },
  {
    title: "the consumer",
    word: /^rabbitmq:(?:multiple-)?consumer$/,
    endsWith: ["--messages", "-m", "--memory-limit", "-l"],
  },
  {
    title: "the consumer",
    word: /^swarrot:consume:/,
    endsWith: ["--max-messages", "--max-execution-time"],
  },
  {
    title: "the worker",
    program: php,
    endsWith: ["--max-jobs", "--max-time", "--max-runtime", "--max-messages", "--stop-when-empty"],
    job: ["--timeout"],
  },
  {
    title: "rq",
    program: /^(?:rq|rqworker|manage\.py)$/,
    word: /^(?:worker|rqworker|worker-pool)$/,
    endsWith: ["--burst", "-b", "--max-jobs", "--max-idle-time"],
  },
  { title: "rq", program: /^rqworker$/, endsWith: ["--burst", "-b", "--max-jobs"] },
  { title: "delayed_job", program: /^delayed_job$/, endsWith: ["--exit-on-complete"] },
  {
    title: "the scheduler",
    program: /^airflow$/,
    word: /^scheduler$/,
    endsWith: ["--num-runs", "-n"],
  },
  {
    title: "celery",
    program: /^celery$/,
    word: /^worker$/,
    job: ["--time-limit", "--soft-time-limit"],
  },
  { title: "sidekiq", program: /^sidekiq$/, job: ["--timeout", "-t"], jobDefault: 25 },
  { title: "shoryuken", program: /^shoryuken$/, job: ["--timeout", "-t"] },
  { title: "good_job", program: /^good_job$/, job: ["--shutdown-timeout"] },
  { title: "resque", word: /^resque:work(?:ers)?$/ },
  {
    title: "dramatiq",
    program: /^dramatiq$/,
    job: ["--worker-shutdown-timeout"],
    jobUnit: 1000,
  },
  { title: "gunicorn", program: /^gunicorn$/, job: ["--graceful-timeout"], serves: true },
  { title: "hypercorn", program: /^hypercorn$/, job: ["--graceful-timeout"], serves: true },
  {
    title: "uvicorn",
    program: /^uvicorn$/,
    endsWith: ["--limit-max-requests"],
    job: ["--timeout-graceful-shutdown"],
    serves: true,
  },
];

function workerOf({ program, args }: CommandLine): WorkerRow | undefined {
  return workerRows.find(
    (row) =>
      (row.program?.test(program) ?? true) &&
      (row.word === undefined || args.some((word) => row.word?.test(word))),
  );
}

/** Whether it is known to take jobs from a queue and to serve nobody. */
export const takesJobs = (command: CommandLine): boolean => {
  const row = workerOf(command);
  return row !== undefined && row.program !== php && !row.serves;
};

/** Why the worker of this command ends by itself although nothing is wrong: an option or an event. */
export function endsBy(
  command: CommandLine,
  environment: Readonly<Record<string, string>>,
): { title: string; reason: string } | undefined {
  const row = workerOf(command);
  if (!row) return undefined;
  if (row.title === "resque") return resqueEndsBy(row.title, command, environment);
  // With several processes uvicorn itself stays and replaces those that end.
  if (row.title === "uvicorn" && Number(flagValue(command.args, "--workers") ?? 1) > 1) {
    return undefined;
  }
  const set = (row.endsWith ?? []).filter((flag) => flagValue(command.args, flag) !== "0");
  const reason = findFlag(command.args, set) ?? row.endsOn;
  return reason === undefined ? undefined : { title: row.title, reason };
}

/** resque polls for ever, unless it is told not to wait between two polls. */
function resqueEndsBy(title: string, command: CommandLine, inherited: Readonly<Variables>) {
  const words = Object.fromEntries(command.args.map((word) => word.split("=", 2)));
  const { INTERVAL } = { ...inherited, ...command.environment, ...words };
  return INTERVAL === "0" ? { title, reason: "INTERVAL=0" } : undefined;
}

type Variables = Record<string, string>;

/** How long one piece of work may take, in seconds, and what says so. */
interface WorkTime {
  work: "a job" | "a request";
  seconds: number;
  source: string;
}

/** The time that a worker needs to end without cutting its work short, as its options tell. */
export function workTime(command: CommandLine): WorkTime | undefined {
  const row = workerOf(command);
  if (!row) return undefined;
  const { job = [], jobDefault, jobUnit = 1, title } = row;
  const work = row.serves ? "a request" : "a job";
  const declared = job
    .flatMap((flag) => {
      const value = flagValue(command.args, flag);
      return value ? [{ flag, seconds: Number(value) / jobUnit }] : [];
    })
    .filter(({ seconds }) => Number.isFinite(seconds))
    .sort((a, b) => b.seconds - a.seconds);
  const [longest] = declared;
  if (longest) return { work, seconds: longest.seconds, source: `${title} ${longest.flag}` };
  if (jobDefault === undefined) return undefined;
  return { work, seconds: jobDefault, source: `${title} by default` };
}
