import type { HookConfig } from "./config.ts";
import type { Known } from "./names.ts";
import { problemIn, type RawSection } from "./raw.ts";
import { kindOf, sections as kinds } from "./sections.ts";
import { type Reading, readOptions, type Table } from "./table.ts";

/** Options that only one of `run=` and `post=` has a use for. */
const ofRun = ["user", "directory", "environment"];
const ofPost = ["retries", "secret", "secret_file"];

/** The hooks, in the order of the file. */
export function readHooks(
  sections: ReadonlyMap<string, RawSection>,
  known: Known,
  reading: Reading,
): HookConfig[] {
  const { options, names } = kinds.hook;
  return [...sections.values()].flatMap((section) => {
    if (kindOf(section.name) !== kinds.hook) return [];
    const values = readOptions(options, { section, known, names }, reading);
    check(section, reading);
    return [{ name: section.name.slice("hook:".length), section, ...values }];
  });
}

function check(section: RawSection, { problems }: Reading): void {
  const has = (option: string) => section.values.has(option);
  const refuse = (option: string | undefined, message: string) =>
    problems.push(problemIn(section, option, message));
  if (has("run") === has("post")) {
    refuse(has("run") ? "post" : undefined, "expected either run= or post=");
    return;
  }
  const [word, useless] = has("run") ? ["run", ofPost] : ["post", ofRun];
  const table: Table = kinds.hook.options;
  for (const option of useless) {
    const text = section.values.get(option)?.text;
    if (text !== undefined && text !== table[option]?.default)
      refuse(option, `a hook with ${word}= has no use for it`);
  }
  if (has("secret") && has("secret_file"))
    refuse("secret_file", "expected one secret, and secret= is set");
}
