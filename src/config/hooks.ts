import { eventNames } from "../hooks/template.ts";
import type { HookConfig } from "./config.ts";
import { named } from "./groups.ts";
import type { Known } from "./names.ts";
import { problemIn, type RawSection } from "./raw.ts";
import { sections as kinds } from "./sections.ts";
import { type Reading, readOptions, type Table, type Values } from "./table.ts";

type Read = Values<typeof kinds.hook.options>;

/** Options that only one of `run=` and `post=` has a use for. */
const ofRun = ["user", "directory", "environment"];
const ofPost = ["retries", "secret", "secret_file"];

/** A doubled percent sign, or a name and what follows it up to its end. */
const placeholder = /%%|%\((\w+)\)([^a-zA-Z]*[hlL]?[a-zA-Z])/g;

/** The hooks, in the order of the file. */
export function readHooks(
  sections: ReadonlyMap<string, RawSection>,
  known: Known,
  reading: Reading,
): HookConfig[] {
  const { options, names } = kinds.hook;
  return [...named("hook:", sections, reading.problems)].map(([name, section]) => {
    const values = readOptions(options, { section, known, names }, reading);
    check(section, values, reading);
    return { name, section, ...values };
  });
}

function check(section: RawSection, values: Read, { problems }: Reading): void {
  const has = (option: string) => section.values.has(option);
  const refuse = (option: string | undefined, message: string) =>
    problems.push(problemIn(section, option, message));
  if (has("run") === has("post")) {
    refuse(has("run") ? "post" : undefined, "expected either run= or post=");
    return;
  }
  if (values.programs.length === 0)
    refuse(
      "programs",
      "expected patterns of names such as mail*, got none: without them leave it out",
    );
  if (values.expand) checkForms(section, refuse);
  const [word, useless] = has("run") ? ["run", ofPost] : ["post", ofRun];
  const table: Table = kinds.hook.options;
  for (const option of useless) {
    const text = section.values.get(option)?.text;
    if (text !== undefined && text !== table[option]?.default)
      refuse(option, `a hook with ${word}= has no use for it`);
  }
  if (values.secret === "")
    refuse("secret", "expected a secret, got none: without one leave it out");
  if (has("secret") && has("secret_file"))
    refuse("secret_file", "expected one secret, and secret= is set");
}

/** What is only known of an event is put in as it is: there is nothing yet to pad, cut or quote. */
function checkForms(section: RawSection, refuse: (option: string, message: string) => void): void {
  for (const [given, name, form] of section.values.get("run")?.text.matchAll(placeholder) ?? []) {
    if (name === undefined || form === "s" || !eventNames.includes(name)) continue;
    refuse("run", `${given}: expected %(${name})s, as it is not known before there is an event`);
  }
}
