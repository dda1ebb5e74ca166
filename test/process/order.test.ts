import { expect, test } from "vitest";
import { byName, byPriority, namespec, parseNamespec } from "../../src/process/order.ts";

test("processes start by priority, then by name as text", () => {
  const at = (priority: number, name: string) => ({ priority, name });
  const mixed = [at(999, "p_2"), at(10, "z"), at(999, "p_10"), at(-1, "l"), at(999, "B")];
  expect(mixed.sort(byPriority).map(({ name }) => name)).toEqual(["l", "z", "B", "p_10", "p_2"]);
});

test("status lists by group, then by process", () => {
  const mixed = [
    { group: "b", name: "a" },
    { group: "a", name: "z" },
    { group: "a", name: "b" },
  ];
  expect(mixed.sort(byName).map(namespec)).toEqual(["a:b", "a:z", "b:a"]);
});

test("a process in a group of its own name is written without the group", () => {
  expect(namespec({ group: "web", name: "web" })).toBe("web");
  expect(namespec({ group: "site", name: "web" })).toBe("site:web");
});

test.each<[string, string, string | undefined]>([
  ["web", "web", "web"],
  ["web:web", "web", "web"],
  ["site:web", "site", "web"],
  ["site:*", "site", undefined],
  ["site:", "site", undefined],
  ["site:a:b", "site", "a:b"],
])("%s is group %s and process %s", (text, group, process) => {
  expect(parseNamespec(text)).toEqual({ group, process });
});
