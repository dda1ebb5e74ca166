import fc from "fast-check";
import { expect, test } from "vitest";
import { Queue } from "../../src/events/queue.ts";

const step = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant("push" as const), many: fc.nat(3_000) }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant("shift" as const), many: fc.nat(3_000) }), weight: 2 },
  fc.record({ do: fc.constant("unshift" as const), many: fc.nat(3) }),
);

test("a queue is an array, whatever is done to it", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const [queue, array] = [new Queue<number>(), [] as number[]];
      let next = 0;
      for (const { do: what, many } of steps) {
        for (let n = 0; n < many; n++) {
          if (what === "shift") expect(queue.shift()).toBe(array.shift());
          else {
            queue[what](next);
            array[what](next++);
          }
        }
        expect(queue.length).toBe(array.length);
      }
      while (array.length > 0) expect(queue.shift()).toBe(array.shift());
      expect(queue.shift()).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});
