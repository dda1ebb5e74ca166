import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { openDatagramSocket } from "../../src/os/datagram.ts";
import { openInbox } from "../../src/os/inbox.ts";
import { eventually, tempDir } from "../support/daemon.ts";

function open(name = "inbox") {
  const file = path.join(tempDir(), name);
  const received: string[] = [];
  const inbox = openInbox(file, undefined, (text) => received.push(text));
  const sender = openDatagramSocket(file);
  if (!inbox || !sender) throw new Error("koffi is not there");
  const send = (text: string) => sender.send(Buffer.from(text));
  return { file, inbox, received, send };
}

test("what is sent comes in its order, without anybody asking for it", async () => {
  const { file, inbox, received, send } = open();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(send("READY=1\nSTATUS=å")).toBeUndefined();
  expect(send("")).toBeUndefined();
  expect(received).toEqual([]);
  await eventually("both are there", () => received.length === 2);
  expect(received).toEqual(["READY=1\nSTATUS=å", ""]);
  inbox.close();
  expect(existsSync(file)).toBe(false);
  expect(send("too late")).toBe("ENOENT");
});

test("of many inboxes each has its own, and a flood in one leaves none of them out", async () => {
  const all = Array.from({ length: 100 }, () => open());
  const count = 50;
  let sent = 0;
  const flood = setInterval(() => {
    // The kernel holds a few for each, and says when that is all.
    while (sent < 2_000 && all[0]?.send(`flood ${sent}`) === undefined) sent++;
  }, 1);
  for (let at = 0; at < count; at++) {
    for (const [number, { send }] of all.entries()) {
      if (number === 0) continue;
      await eventually("there is room", () => send(`${number}.${at}`) === undefined, 20_000, 1);
    }
  }
  await eventually("all are there", () =>
    all.every(({ received }, number) => received.length === (number === 0 ? 2_000 : count)),
  );
  clearInterval(flood);
  expect(all[7]?.received).toEqual(Array.from({ length: count }, (_, at) => `7.${at}`));
  expect(all[0]?.received).toEqual(Array.from({ length: 2_000 }, (_, at) => `flood ${at}`));
  for (const { inbox } of all) inbox.close();
});

test("what has come by the time that it is closed is received before that, and nothing after it", () => {
  const { inbox, received, send } = open();
  // No turn of the loop comes between.
  for (const text of ["STATUS=done", "STOPPING=1"]) expect(send(text)).toBeUndefined();
  inbox.close();
  expect(received).toEqual(["STATUS=done", "STOPPING=1"]);
});

test("an inbox that another one has left is taken over, and a path that is too long is refused", () => {
  const first = open();
  const received: string[] = [];
  const second = openInbox(first.file, undefined, (text) => received.push(text));
  first.send("to the second");
  second?.close();
  expect([received, first.received]).toEqual([["to the second"], []]);
  first.inbox.close();
  expect(() => open("x".repeat(120))).toThrow("ENAMETOOLONG: bind");
});

test("a longer datagram is cut", () => {
  const { inbox, received, send } = open();
  send("x".repeat(10_000));
  inbox.close();
  expect(received).toEqual(["x".repeat(4_096)]);
});
