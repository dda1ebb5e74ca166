import { expect, test } from "vitest";
import { eventsPage } from "../../src/events/reference.ts";

test("docs/events.md is what the table says; `npm run docs` writes it anew", async () => {
  await expect(eventsPage()).toMatchFileSnapshot("../../docs/events.md");
});
