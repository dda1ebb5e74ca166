import fc from "fast-check";
import { expect, test } from "vitest";
import { NameColors } from "../../src/ctl/namecolors.ts";
import { chunked } from "../support/chunks.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is those that are looked for
const plain = (text: string) => text.replaceAll(/\x1b\[\d+m/g, "");

test("each name has its colour, and the text none", () => {
  const colors = new NameColors();
  expect(colors.push(Buffer.from("a | x | y\nb:c | \na | z")).toString()).toBe(
    "\x1b[36ma |\x1b[0m x | y\n\x1b[33mb:c |\x1b[0m \n",
  );
  expect(colors.end().toString()).toBe("\x1b[36ma |\x1b[0m z");
});

test("beside the colours nothing changes, however the text is cut", () => {
  const words = fc.constantFrom("a", "bc", " | ", "\n", "é", " ");
  const text = fc.array(words).map((parts) => Buffer.from(parts.join("")));
  fc.assert(
    fc.property(chunked(text), (chunks) => {
      const colors = new NameColors();
      const out = [...chunks.map((chunk) => colors.push(chunk)), colors.end()];
      expect(plain(Buffer.concat(out).toString())).toBe(Buffer.concat(chunks).toString());
    }),
  );
});
