import fc from "fast-check";
import { expect, test } from "vitest";
import { Harmless } from "../../src/ctl/harmless.ts";

const shown = (text: string, colors = true): string =>
  new Harmless(colors).push(Buffer.from(text)).toString();

test.each([
  ["plain text, tabs and lines", "a\tb\r\nc\n", "a\tb\r\nc\n"],
  ["a title", "\x1b]0;owned\x07x", "^[]0;owned^Gx"],
  ["a cleared screen", "\x1b[2Jx", "^[[2Jx"],
  ["a question to the terminal", "\x1b[6n", "^[[6n"],
  ["a line that begins anew", "secret\rpublic", "secret^Mpublic"],
  ["a colour, which ends with its line", "\x1b[31mred\nplain\n", "\x1b[31mred\x1b[0m\nplain\n"],
  ["a colour that is taken back", "\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n"],
  ["a control character of Unicode", "a\x9b2Jb", "a\\x9b2Jb"],
  ["letters of all kinds", "grüße 日本 🎉\n", "grüße 日本 🎉\n"],
  ["a deleted one", "a\x7fb\x08c", "a^?b^Hc"],
])("%s", (_, given, expected) => {
  expect(shown(given)).toBe(expected);
});

test("colours are taken out where they are not wanted", () => {
  expect(shown("\x1b[1;31mred\x1b[0m\n", false)).toBe("red\n");
});

const color = new RegExp(`${"\x1b"}\\[[\\d;:]*m`, "g");

test("nothing that a terminal acts on gets through but colours, wherever chunks are cut", () => {
  const nasty = fc.constantFrom(
    "\x1b[2J",
    "\x1b[31m",
    "\x9b",
    "\x1b]0;x\x07",
    "ü",
    "\r",
    "\n",
    "a",
  );
  const text = fc.array(fc.oneof(nasty, fc.string({ unit: "binary" }))).map((all) => all.join(""));
  fc.assert(
    fc.property(text, fc.array(fc.nat({ max: 60 })), (given, cuts) => {
      const bytes = Buffer.from(given);
      const harmless = new Harmless(true);
      const out: Buffer[] = [];
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        out.push(Buffer.from(harmless.push(bytes.subarray(at, at + cut))));
        at += cut;
      }
      // What is left beside colours; the end of a line may have been cut in two.
      const visible = Buffer.concat(out).toString().replaceAll(color, "");
      expect(visible.replaceAll(/\t|\r?\n|\r$/g, "")).not.toMatch(/\p{Cc}/u);
    }),
  );
});
