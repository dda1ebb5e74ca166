import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Case } from "../support/cases.ts";
import { tempDir } from "../support/daemon.ts";
import { type Outcome, outcomeOf } from "../support/differential.ts";
import { available } from "../support/peers.ts";
import { type Verdicts, verdictsOf } from "../support/verdicts.ts";
import { dialect } from "./differential/dialect.ts";
import { differences } from "./differential/differences.ts";
import { environments } from "./differential/environment.ts";
import { expansion } from "./differential/expansion.ts";
import { groups } from "./differential/groups.ts";
import { includes } from "./differential/includes.ts";
import { programs } from "./differential/programs.ts";
import { sections } from "./differential/sections.ts";
import { values } from "./differential/values.ts";

const subjects = {
  dialect,
  includes,
  expansion,
  values,
  environments,
  sections,
  programs,
  groups,
  differences,
};
const all = Object.values(subjects).flat();

const ready = available("supervisord");
const asRoot = process.getuid?.() === 0;

/**
 * A pair of daemons costs a second of CPU, so that most of the configurations of which only the
 * verdict counts are only read, by the code of both. Of those every thirtieth gets daemons as well, and
 * with DIFFERENTIAL=all every one.
 */
const SAMPLE = process.env.DIFFERENTIAL === "all" ? 1 : 30;
const readIsEnough = ({ verdict, compare, late }: Case): boolean =>
  !late && (verdict === "refused" || compare === "verdict");
const onlyRead = all.filter(readIsEnough);
const sampled = new Set(onlyRead.filter((_, at) => at % SAMPLE === 0));
const withDaemons = (given: Case): boolean => !readIsEnough(given) || sampled.has(given);

/** Both at once, each in a folder of its own. */
async function both(given: Case, dir: string): Promise<Record<"theirs" | "ours", Outcome>> {
  chmodSync(dir, 0o755); // some children are of another user
  const [theirs, ours] = await Promise.all(
    (["supervisord", "droverd"] as const).map((name) => {
      // Names of one length: some formats count characters.
      const own = path.join(dir, name === "droverd" ? "d" : "s");
      mkdirSync(own);
      return outcomeOf(name, given, own);
    }),
  );
  if (!theirs || !ours) throw new Error("two were started");
  // What only one server can tell is not compared.
  if (!theirs.options || !ours.options) {
    delete theirs.options;
    delete ours.options;
  }
  return { theirs, ours };
}

for (const [subject, cases] of Object.entries(subjects)) {
  describe.runIf(ready).concurrent(`daemons beside supervisord: ${subject}`, () => {
    for (const given of cases.filter(withDaemons)) {
      test.skipIf(given.needsRoot && !asRoot)(given.name, async ({ onTestFinished }) => {
        const { theirs, ours } = await both(given, tempDir(onTestFinished));
        const said = [theirs.said, ours.said].join("\n");
        delete theirs.said;
        delete ours.said;
        if (given.differs === undefined) {
          expect(theirs.verdict, said).toBe(given.verdict);
          expect(ours, said).toEqual(theirs);
        } else {
          expect(ours, said).toMatchObject({ verdict: given.verdict, ...given.instead });
          // A difference that is none any more belongs among the other cases.
          expect(ours).not.toEqual(theirs);
        }
      });
    }
  });
}

describe.runIf(ready)("configurations as both read them", () => {
  const verdicts = new Map<Case, Verdicts>();

  let dir: string | undefined;

  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), "drover-verdicts-"));
    const found = verdictsOf(onlyRead, dir);
    for (const [at, given] of onlyRead.entries()) {
      const verdict = found[at];
      if (verdict) verdicts.set(given, verdict);
    }
  });

  afterAll(() => {
    if (dir !== undefined) rmSync(dir, { recursive: true });
  });

  for (const given of onlyRead) {
    test.skipIf(given.needsRoot && !asRoot)(given.name, () => {
      const { theirs, ours, said } = verdicts.get(given) ?? ({} as Partial<Verdicts>);
      if (given.differs === undefined) expect(theirs).toBe(given.verdict);
      else expect(theirs).not.toBe(given.verdict);
      expect(ours, said).toBe(given.verdict);
    });
  }
});

describe("the cases", () => {
  test("each has a name of its own", () => {
    const names = all.map(({ name }) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  test("what differs on purpose stands in one place", () => {
    const elsewhere = all.filter((given) => !differences.includes(given));
    expect(elsewhere.filter(({ differs }) => differs !== undefined)).toEqual([]);
    expect(differences.filter(({ differs }) => differs === undefined)).toEqual([]);
  });
});
