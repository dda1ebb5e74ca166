import { describe, expect, test } from "vitest";
import { eventLine, headOf } from "../../src/events/json.ts";
import { Recent } from "../../src/events/recent.ts";

const group = (name: string) => ["PROCESS_GROUP_ADDED", { group: name }] as const;

test("events have numbers, and the latest thousand are remembered", () => {
  const recent = new Recent(5);
  expect([recent.first, recent.next]).toEqual([5, 5]);
  let told = 0;
  const end = recent.onAdd(() => told++);
  for (let n = 0; n < 1_500; n++) recent.add(0, ...group(`g${n}`));
  expect(told).toBe(1_500);
  end();
  recent.add(0, ...group("last"));
  expect(told).toBe(1_500);
  expect([recent.first, recent.next]).toEqual([506, 1_506]);
  expect(recent.get(505)).toBeUndefined();
  expect(recent.get(506)?.line().toString()).toContain('"group":"g501"');
  expect(recent.get(1_505)?.line().toString()).toContain('"group":"last"');
  expect(recent.get(1_506)).toBeUndefined();
});

test("numbers are given out once, and nothing of before is taken for what comes", () => {
  const recent = new Recent(20);
  recent.goOnWith(10);
  recent.add(0, ...group("a"));
  recent.goOnWith(4);
  expect(recent.next).toBe(11);
  recent.goOnWith(1_010);
  expect([recent.first, recent.next, recent.get(1_010)]).toEqual([1_010, 1_010, undefined]);
});

test("the bytes of a message are those that there were", () => {
  const recent = new Recent(1);
  const data = Buffer.from("one");
  const said = { process: "a", group: "g", pid: 2, data };
  const kept = recent.add(0, "PROCESS_COMMUNICATION_STDOUT", said);
  data.write("two");
  expect(JSON.parse(kept.line().toString())).toEqual({
    ...{ number: 1, time: "1970-01-01T00:00:00.000Z", type: "PROCESS_COMMUNICATION_STDOUT" },
    ...{ process: "a", group: "g", pid: 2, data: "one" },
  });
});

describe("a line", () => {
  test.each<[object, object]>([
    [{ data: Buffer.from([0xff, 0x0a]) }, { data_base64: "/wo=" }],
    [{ data: 'a "quoted"\nline' }, { data: 'a "quoted"\nline' }],
    [
      { type: "greeting", data: "x" },
      { subject: "greeting", data: "x" },
    ],
    [{ error: undefined }, {}],
  ])("of %o", (data, expected) => {
    const line = eventLine(7, 1_000, "REMOTE_COMMUNICATION", data);
    expect(line.indexOf(10)).toBe(line.length - 1);
    const known = { number: 7, time: "1970-01-01T00:00:01.000Z", type: "REMOTE_COMMUNICATION" };
    expect(JSON.parse(line.toString())).toEqual({ ...known, ...expected });
    expect(headOf(line)).toEqual({ number: 7, type: "REMOTE_COMMUNICATION" });
  });

  test("that is none has no number", () => {
    expect(headOf(eventLine(undefined, 0, "TICK_5", { when: 5 }))).toBeUndefined();
    expect(headOf(Buffer.from("[drover: 17 bytes were lost here]\n"))).toBeUndefined();
  });
});
