/** `help` of the commands that only drover has, and that are loaded when they are run. */

export const eventsHelp = [
  "events\t\t\tShow the latest events",
  "events <TYPE> <TYPE>\tOnly these, and what is below them: PROCESS_STATE, LOG, TICK, ...",
  "Options:",
  "-f, --follow\t\tGo on with what comes (Ctrl-C to exit)",
  "-n, --lines <n>\t\tThe last so many; default 20, or 0 with -f",
  "--after <number>\tAll after the event with this number; 0: all that there are",
  "--json\t\t\tAn object on each line, as docs/events.md has it",
  "Ex:",
  "events -f PROCESS_STATE_FATAL PROCESS_STATE_EXITED",
];

export const waitHelp = [
  "wait <name> [...]\tWait until processes are running",
  "wait <gname>:*\t\tThe same for all processes in a group; all: for every process",
  "Options:",
  "--for <what>\t\trunning, ready, quiet (or ended), stopped (down, for whatever reason), or",
  "\t\t\texited (by itself)",
  "--timeout <time>\tGive up after so long: 30s, 5m, 500ms; default: never",
  "Ex:",
  "wait worker:* --for running --timeout 30s",
];

export const whyHelp = [
  "why <name>\t\tShow why a process is as it is: its state, how it came to it, how it",
  "\t\t\thas ended, its last words, and which lines of the configuration decide",
  "Options:",
  "--json\t\t\tOne object: info, config, events",
  "Ex:",
  "why worker:worker_0",
];

export const topHelp = [
  "top\t\t\tShow what processes use, with all that they have started, as it changes",
  "top <name> <gname>:*\tOnly these",
  "Options:",
  "-s, --sort <what>\tcpu, memory, restarts, uptime or name",
  "-d, --every <time>\tLook so often: 5s; default: each second",
  "--fold\t\t\tThe copies of a program in one line",
  "--once\t\t\tOne look, printed; also where stdout is no terminal",
  "--json\t\t\tOne look, as an array of objects",
  "Keys:",
  "c m r u n\t\tSort by CPU, memory, restarts, uptime, name",
  "v, q\t\t\tUnfold or fold; leave",
  "Ex:",
  "top worker:* --sort memory",
];

export const scaleHelp = [
  "scale <program>=20\tRun so many copies of a program, whatever its numprocs= says",
  "scale <program>=+5\tSo many more, or fewer: -3; those with the highest numbers leave first",
  "scale\t\t\tShow what has been scaled",
  "scale --reset [name]\tRun as many as are configured again, as update does, too",
  "The others run on. It counts over restarts of droverd; scale_min= and scale_max= bound it.",
  "Ex:",
  "scale worker=+5",
];

export const quietHelp = [
  "quiet <name>\t\tLet a worker take no more jobs (its quietsignal=); it runs on until it is stopped",
  "quiet <gname>:*\t\tThe same for all running processes in a group",
  "quiet all\t\tThe same for all that run and have a quietsignal=",
  "A stop sends it by itself. When it is started again, a worker takes jobs as ever.",
  "Ex:",
  "quiet worker:*",
  "wait worker:* --for quiet --timeout 5m",
];

export const freezeHelp = [
  "freeze\t\t\tStart nothing by itself for ten minutes, as while a deploy copies files:",
  "\t\t\twhat crashes waits, and what is to be replaced runs on",
  "freeze --for <time>\tFor so long: 90s, 5m",
  "Ex:",
  "freeze --for 2m",
];

export const thawHelp = ["thaw\t\t\tStart what has waited since freeze", "Ex:", "thaw"];

export const rolloutHelp = [
  "rollout <gname>:*\tReplace the processes of a group by fresh ones, some at a time; each must be",
  "\t\t\trunning and stay up before the next. Where one is not, the others stay.",
  "rollout <name> <name>\tOnly these, of one group",
  "Options:",
  "-w, --wait\t\tTell each step; exit with 0 when all are replaced, else with 1",
  "--parallel <n>\t\tSo many at a time; default: rollout_parallel=",
  "--settle <time>\t\tHow long each must stay up; default: rollout_settle=",
  "--max-unavailable <n>\tOf the group so many may be down meanwhile, for whatever reason",
  "--surge <n>\t\tStart so many copies more first, and take them away at the end",
  "rollout status [gname]\tHow far they are, and how they have ended",
  "rollout pause <gname>\tHold it; resume lets it go on, abort ends it where it is",
  "Ex:",
  "rollout worker:* --wait --parallel 2",
];

export const logsHelp = [
  "logs <name>\t\tShow the last 100 lines of a process' logs, rotated ones too",
  "logs <gname>:* <name>\tThe same of several, with their names, in the order of time",
  "logs all\t\tThe same of all processes",
  "Options:",
  "-f, --follow\t\tGo on with what comes (then it begins with the last 10 lines)",
  "-n, --lines <n>\t\tThe last so many lines of each log, or all",
  "--since <when>\t\tNothing older: 10m, 2h30m, 1d, or 2026-11-26T01:02:03Z",
  "--grep <pattern>\tOnly lines with this text or regular expression (RE2)",
  "--stream <which>\tstdout or stderr; default both",
  "--json\t\t\tAn object on each line: name, stream, time, line",
  "--names, --no-names\tPut names before the lines, or do not",
  "--raw\t\t\tThe lines as they are: --no-names",
];
