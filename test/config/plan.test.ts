import { expect, test } from "vitest";
import { diff } from "../../src/config/diff.ts";
import { loadConfig } from "../../src/config/load.ts";
import { planOf } from "../../src/config/plan.ts";
import { inMemory, machine } from "../support/configuration.ts";

const root = "/srv/app/c.conf";
const load = (text: string) =>
  loadConfig(root, inMemory({ [root]: `[supervisord]\n${text}` }), machine);

/** What is done, in few words. */
function plan(before: string, after: string): string[] {
  const [old, now] = [load(before), load(after)];
  return planOf(diff(old, now), old.groups, now.groups).map(
    ({ group, name, action, because }) =>
      `${action} ${group}:${name}${because.map(({ option, line }) => ` ${option}:${line}`).join("")}`,
  );
}

const program = (name: string, more = "") => `[program:${name}]\ncommand=${name}\n${more}\n`;
const several = (count: number, more = "") =>
  program("w", `numprocs=${count}\nprocess_name=%(process_num)d\n${more}`);

test.each<[string, string, string, string[]]>([
  ["nothing", program("a"), program("a"), []],
  ["a program that is new", program("a"), program("a") + program("b"), ["start b:b"]],
  ["one that is gone", program("a") + program("b"), program("a"), ["stop b:b"]],
  ["one more copy", several(1), several(2), ["start w:1 numprocs:4"]],
  ["fewer copies", several(3), several(1), ["stop w:2 numprocs:4", "stop w:1 numprocs:4"]],
  ["another command", program("a"), program("a", "umask=077"), ["restart a:a umask:4"]],
  ["another limit", program("a"), program("a", "startsecs=9"), ["change a:a startsecs:4"]],
  [
    "both",
    program("a"),
    program("a", "startsecs=9\nstdin=null"),
    ["restart a:a startsecs:4 stdin:5"],
  ],
  [
    "another order",
    several(2),
    several(2, "priority=1"),
    ["change w:0 priority:6", "change w:1 priority:6"],
  ],
  [
    "what listeners listen to",
    "[eventlistener:l]\ncommand=l\nevents=TICK_5\n",
    "[eventlistener:l]\ncommand=l\nevents=TICK_60\n",
    ["restart l:l"],
  ],
  [
    "another member of a group",
    `[group:g]\nprograms=a\n${program("a")}${program("b")}`,
    `[group:g]\nprograms=a,b\n${program("a")}${program("b")}`,
    ["stop b:b", "start g:b programs:3"],
  ],
])("an update to %s", (_, before, after, expected) => {
  expect(plan(before, after)).toEqual(expected);
});
