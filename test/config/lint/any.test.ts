import fc from "fast-check";
import { expect, test } from "vitest";
import { problemsOf, program } from "./found.ts";

const pieces = [
  ..."env nice timeout sudo su flock bundle exec sh bash -c -lc -u -p -b -- ; && || | & > 2>&1".split(
    " ",
  ),
  ...["--port=80", "--timeout", "queue:work", "php", "nginx", "celery", "multi", "start", "A=1"],
  ...['"', "'", "\\", "$(", ")", "`", "(", "while true; do", "done", "%%", "{", "}"],
];
const commands = fc
  .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 14 })
  .map((words) => words.join(" "))
  .filter((command) => command.trim() !== "" && !/^[;#]/.test(command));

test("no command, however odd, is too much for a rule", () => {
  const body = fc.tuple(commands, commands).map(([outer, script]) => ({
    plain: program(outer),
    shell: program(`sh -c "${script.replaceAll(/["\\]/g, "")}"`),
  }));
  fc.assert(
    fc.property(body, ({ plain, shell }) => {
      for (const problem of [...problemsOf(plain), ...problemsOf(shell)]) {
        expect(problem.instead).not.toMatch(/undefined|NaN|^\s*$/);
      }
    }),
    { numRuns: 200 },
  );
});
