import { expect, test } from "vitest";
import { referencePage } from "../../src/config/reference.ts";

test("docs/configuration.md is what the tables say; `npm run docs` writes it anew", async () => {
  await expect(referencePage()).toMatchFileSnapshot("../../docs/configuration.md");
});
