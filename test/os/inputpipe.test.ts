import { closeSync, constants, openSync, readdirSync, readSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { makeFifos } from "../../src/os/channels.ts";
import { InputPipe } from "../../src/os/inputpipe.ts";
import { eventually } from "../support/daemon.ts";
import { temporaryFolder } from "../support/temporary.ts";

const MOST = 200_000;

function pipe() {
  const fifo = path.join(temporaryFolder(), "stdin");
  makeFifos([fifo]);
  const lost: [number, string][] = [];
  const input = new InputPipe(fifo, MOST, (bytes, why) => void lost.push([bytes, why]));
  onTestFinished(() => input.end());
  return { fifo, input, lost };
}

/** As a child has it: its own reader and writer. */
function reader(fifo: string) {
  const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  let open = true;
  const close = () => {
    if (open) closeSync(fd);
    open = false;
  };
  onTestFinished(close);
  const take = (most = 65_536) => {
    const bytes = Buffer.alloc(most);
    try {
      return bytes.subarray(0, readSync(fd, bytes, 0, most, null));
    } catch {
      return Buffer.alloc(0); // nothing there now
    }
  };
  return { take, close };
}

const descriptors = () => readdirSync("/proc/self/fd").length;

test("messages come in their order and whole, however they are cut and however slow the reader", async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 3_000, max: 70_000 }), async (lengths, atOnce) => {
      const { fifo, input, lost } = pipe();
      const child = reader(fifo);
      const before = descriptors();
      const accepted: Buffer[] = [];
      for (const [at, length] of lengths.entries()) {
        const message = Buffer.alloc(length, `${at} `);
        const sent = input.send(message);
        expect(["sent", "full"]).toContain(sent);
        if (sent === "sent") accepted.push(message);
      }
      const wanted = Buffer.concat(accepted);
      let got = Buffer.alloc(0);
      await eventually(
        "everything",
        () => {
          got = Buffer.concat([got, child.take(atOnce)]);
          return got.length >= wanted.length;
        },
        20_000,
        0,
      );
      expect(got.equals(wanted)).toBe(true);
      // Nothing stays open that nobody needs.
      await eventually("the end is closed", () => descriptors() === before);
      expect(lost).toEqual([]);
      child.close();
    }),
    { numRuns: 20 },
  );
});

test("what would be too much is refused as a whole, and room comes back", async () => {
  const { fifo, input } = pipe();
  const child = reader(fifo);
  expect(input.send(Buffer.alloc(MOST + 1))).toBe("full");
  expect(child.take()).toHaveLength(0);
  expect(input.send(Buffer.alloc(MOST, "a"))).toBe("sent");
  // 64 KB are in the pipe, the rest waits.
  expect(input.send(Buffer.alloc(MOST, "b"))).toBe("full");
  expect(input.send(Buffer.alloc(1_000, "c"))).toBe("sent");
  let got = 0;
  await eventually("all of it", () => {
    got += child.take().length;
    return got === MOST + 1_000;
  });
});

test("nobody reads: nothing is taken", () => {
  const { fifo, input } = pipe();
  expect(input.send(Buffer.from("x"))).toBe("closed");
  const child = reader(fifo);
  child.close();
  expect(input.send(Buffer.from("x"))).toBe("closed");
});

test("what a reader has left is not for the next one, and is told", () => {
  const { fifo, input, lost } = pipe();
  const first = reader(fifo);
  const holder = reader(fifo); // a grandchild, say
  input.send(Buffer.alloc(100_000, "old"));
  input.end();
  expect(lost).toEqual([[100_000 - 65_536, "its reader has ended"]]);
  input.discard();
  first.close();
  const second = reader(fifo);
  expect(second.take()).toHaveLength(0);
  input.send(Buffer.from("new"));
  expect(second.take().toString()).toBe("new");
  holder.close();
});
