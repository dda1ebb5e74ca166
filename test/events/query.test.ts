import { describe, expect, test } from "vitest";
import { readEventQuery } from "../../src/events/query.ts";

const read = (text: string) => readEventQuery(new URLSearchParams(text));

describe("a query of events", () => {
  test("asks for all that have numbers, from now on, when it says nothing", () => {
    const { types, after, follow } = read("");
    expect({ after, follow }).toEqual({ after: undefined, follow: true });
    expect(types).toContain("PROCESS_STATE_EXITED");
    expect(types).toContain("LOG_FAILING");
    expect(types).not.toContain("TICK_5");
    expect(types).not.toContain("PROCESS_LOG_STDOUT");
  });

  test.each<[string, string[]]>([
    ["types=TICK", ["TICK_5", "TICK_60", "TICK_3600"]],
    ["types=process_group_added,+TICK_5", ["PROCESS_GROUP_ADDED", "TICK_5"]],
    ["types=TICK_5&types=TICK_60", ["TICK_5", "TICK_60"]],
    ["types=SUPERVISOR_STATE_CHANGE,SUPERVISOR_STATE_CHANGE_RUNNING", [...stateChanges()]],
  ])("%s", (text, expected) => {
    expect([...read(text).types].toSorted()).toEqual(expected.toSorted());
  });

  test("has a number to go on after", () => {
    expect(read("after=17&follow=no")).toMatchObject({ after: 17, follow: false });
  });

  test.each<[string, string]>([
    ["types=PROCES_STATE", 'got "PROCES_STATE"; did you mean "PROCESS_STATE"?'],
    ["typs=TICK", 'typs: there are types, after, follow; did you mean "types"?'],
    ["after=-1", 'after: expected the number of an event, got "-1"'],
    ["after=99999999999999999", "after: expected the number of an event"],
    ["after=9999999999999999", "after: expected the number of an event"],
    ["follow=maybe", 'follow: expected yes or no, got "maybe"'],
  ])("%s is refused", (text, why) => {
    expect(() => read(text)).toThrow(why);
  });
});

function stateChanges(): string[] {
  return ["SUPERVISOR_STATE_CHANGE_RUNNING", "SUPERVISOR_STATE_CHANGE_STOPPING"];
}
