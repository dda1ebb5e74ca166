import { expect, test } from "vitest";
import { native, withoutNative } from "../../src/os/native.ts";
import { describeChildren } from "../support/chain.ts";

withoutNative();

test("nothing here is started by koffi", () => {
  expect(native()).toBeUndefined();
});

describeChildren("that Node starts");
