import { expect, test } from "vitest";
import { Bus, type Notice } from "../../src/events/bus.ts";
import { envelopeOf, type Member, Pool, type Pooled } from "../../src/events/pool.ts";

class Listener implements Member {
  isFree = true;
  isThere = true;
  /** How many it takes ahead of its turn. */
  ahead = 0;
  readonly got: Pooled[] = [];

  get room(): number {
    return this.isFree ? 1 + this.ahead : this.ahead;
  }

  send(events: readonly Pooled[]): boolean {
    if (!this.isThere) return false;
    if (!this.isFree) this.ahead -= events.length;
    this.isFree = false;
    this.got.push(...events);
    return true;
  }

  get serials(): number[] {
    return this.got.map(({ notice }) => notice.serial);
  }
}

function pool(bufferSize: number, members: readonly Listener[]): { pool: Pool; said: string[] } {
  const said: string[] = [];
  const log = (_level: string, text: string) => said.push(text);
  return { pool: new Pool({ name: "p", bufferSize, members, log }), said };
}

const notice = (serial: number): Notice => ({ type: "TICK_5", serial, payload: Buffer.from("é") });

test("an event goes to the first listener that is free and there, and waits when none is", () => {
  const [gone, first, second] = [new Listener(), new Listener(), new Listener()];
  gone.isThere = false;
  const { pool: p } = pool(10, [gone, first, second]);
  for (const serial of [0, 1, 2]) p.accept(notice(serial));
  expect([gone, first, second].map(({ serials }) => serials)).toEqual([[], [0], [1]]);
  second.isFree = true;
  p.flush();
  expect(second.serials).toEqual([1, 2]);
});

test("a rejected event is sent before those that wait, with the serials that it had", () => {
  const listener = new Listener();
  const { pool: p } = pool(10, [listener]);
  for (const serial of [7, 8]) p.accept(notice(serial));
  const [rejected] = listener.got;
  if (!rejected) throw new Error("nothing was sent");
  p.reject(rejected);
  for (const _ of [1, 2]) {
    listener.isFree = true;
    p.flush();
  }
  expect(listener.got.map(({ poolserial }) => poolserial)).toEqual([0, 0, 1]);
  expect(listener.serials).toEqual([7, 7, 8]);
});

test("who takes events ahead gets them when nobody is free, and they come back in their order", () => {
  const [first, second] = [new Listener(), new Listener()];
  first.ahead = 2;
  const { pool: p } = pool(10, [first, second]);
  for (const serial of [0, 1, 2, 3, 4]) p.accept(notice(serial));
  expect([first, second].map(({ serials }) => serials)).toEqual([[0, 2, 3], [1]]);
  for (const event of first.got.toReversed()) p.reject(event);
  second.isFree = true;
  second.ahead = 9;
  p.flush();
  expect(second.serials).toEqual([1, 0, 2, 3, 4]);
});

test("where there is no room the oldest is dropped, counted and told", () => {
  const listener = new Listener();
  listener.isFree = false;
  const { pool: p, said } = pool(2, [listener]);
  for (const serial of [0, 1, 2]) p.accept(notice(serial));
  p.reject({ notice: notice(9), poolserial: 9 });
  expect(p.overflowed).toBe(2);
  expect(said).toEqual([
    "pool p event buffer overflowed, discarding event 0",
    "rebuffering event 9 for pool p (buf size=2, max=2)",
    "pool p event buffer overflowed, discarding event 1",
  ]);
});

test("the length of a payload is told in bytes", () => {
  expect(envelopeOf({ notice: notice(3), poolserial: 1 }, "supervisor", "p").toString()).toBe(
    "ver:3.0 server:supervisor serial:3 pool:p poolserial:1 eventname:TICK_5 len:2\né",
  );
});

test("an event comes once for each type it falls under, and costs no serial when nobody wants it", () => {
  const bus = new Bus();
  const got: [string, number, string][] = [];
  const note = ({ type, serial, payload }: Notice) => got.push([type, serial, `${payload}`]);
  const end = bus.subscribe(["PROCESS_STATE", "EVENT", "EVENT"], note);
  const data = { process: "a", group: "g", from: "RUNNING", pid: 1, expected: false } as const;
  bus.emit("PROCESS_STATE_EXITED", data);
  const text = "processname:a groupname:g from_state:RUNNING expected:0 pid:1";
  const exited: (typeof got)[number] = ["PROCESS_STATE_EXITED", 0, text];
  expect(got.splice(0)).toEqual([exited, exited]);
  end();
  expect(bus.isWanted("PROCESS_STATE_EXITED")).toBe(false);
  bus.emit("PROCESS_STATE_EXITED", data);
  bus.subscribe(["TICK"], note);
  bus.emit("TICK_5", { when: 5 });
  expect(got).toEqual([["TICK_5", 1, "when:5"]]);
});

test.each<[string, (bus: Bus) => void, string]>([
  ["group", (bus) => bus.emit("PROCESS_GROUP_ADDED", { group: "g" }), "groupname:g\n"],
  ["state", (bus) => bus.emit("SUPERVISOR_STATE_CHANGE_RUNNING", {}), ""],
  [
    "remote event",
    (bus) => bus.emit("REMOTE_COMMUNICATION", { type: "a:b", data: "x\ny" }),
    "type:a:b\nx\ny",
  ],
  [
    "output that is no text",
    (bus) => {
      const said = { process: "a", group: "g", pid: 2, data: Buffer.from([0xff]) };
      bus.emit("PROCESS_LOG_STDERR", said);
    },
    "processname:a groupname:g pid:2 channel:stderr\nUndecodable: b'\\xff'",
  ],
])("the payload of a %s", (_, emit, expected) => {
  const bus = new Bus();
  const payloads: string[] = [];
  bus.subscribe(["EVENT"], ({ payload }) => payloads.push(payload.toString()));
  emit(bus);
  expect(payloads).toEqual([expected]);
});
