import { rules } from "./lint/lint.ts";
import { namesOf, type Scope } from "./names.ts";
import type { SectionKind } from "./section.ts";
import { sectionKinds } from "./sections.ts";
import { commonOptions, type OptionRow, required } from "./table.ts";

/** `docs/configuration.md`: every section and option, from the tables that read them. */
export function referencePage(): string {
  const common = Object.entries(commonOptions).map(([name, row]) =>
    describeOption(name, row, "env"),
  );
  const parts = [
    intro,
    ...sectionKinds.flatMap(describeSection),
    "## In every section",
    ...tableOf(common),
    ...describeRules(),
  ];
  return `${parts.join("\n\n")}\n`;
}

const intro = `# Configuration

This page is made from the tables that droverd reads configurations with. \`droverd --echo-config\`
prints the same as a file to start from; \`droverd check\` says what is wrong with one, and what will
hurt.

Values are written as in supervisord: \`option=value\` or \`option: value\`; lines that are indented
deeper continue a value; \`;\` and \`#\` after white space begin a comment. \`%(name)s\` is expanded as
Python does it (\`%(process_num)02d\`), and a percent sign is written \`%%\`; in what is read as
percents, such as \`backoff_jitter=25%\`, one is enough. \`%(ENV_X)s\` is the variable X of droverd's
environment or of \`[supervisord] environment=\`, everywhere; which other names an option knows stands
at its section or with the option.

*live*: on a reread it changes without a restart. Options marked *drover* are not supervisord's.
Options that two sections have in common are listed once.`;

function describeSection(kind: SectionKind): string[] {
  const rows = Object.entries(kind.options)
    .filter(([name]) => !isListedElsewhere(kind, name))
    .map(([name, row]) => describeOption(name, row, kind.names));
  const notes = [kind.doc, kind.origin && "*drover*"];
  return [
    `## [${kind.title}]`,
    notes.filter(Boolean).join(" "),
    `Names: ${listNames(namesOf(kind.names))}.`,
    ...tableOf(rows),
  ];
}

const tableOf = (rows: readonly string[]): string[] =>
  rows.length > 0
    ? [["| option | value | default | what it is |", "|---|---|---|---|", ...rows].join("\n")]
    : [];

/** The sections of programs share the options that are listed with `[program:x]`. */
const program = sectionKinds.find(({ title }) => title === "program:x");

function isListedElsewhere(kind: SectionKind, name: string): boolean {
  if (Object.hasOwn(commonOptions, name)) return true;
  const isProgram = /^(?:program-default$|fcgi-program:|eventlistener:)/.test(kind.title);
  return isProgram && program !== undefined && Object.hasOwn(program.options, name);
}

const listNames = (names: readonly string[]): string =>
  [...names, "ENV_*"].map((name) => `\`${name}\``).join(", ");

function describeOption(name: string, row: OptionRow, names: Scope): string {
  const notes = [
    row.doc,
    row.default === required && "Required.",
    row.example && `For example \`${row.example}\`.`,
    row.names && row.names !== names && `Names: ${listNames(namesOf(row.names))}.`,
    row.twice && "Expanded twice, as in supervisord: a percent sign is `%%%%`.",
    row.flag !== undefined && `Flag: ${row.flag && `\`-${row.flag}\`, `}\`--${name}\`.`,
    row.change === "live" && "*live*",
    row.origin && "*drover*",
  ];
  const usual = typeof row.default === "string" && row.default !== "" ? `\`${row.default}\`` : "";
  const cells = [`\`${name}\``, row.kind.expected, usual, notes.filter(Boolean).join(" ")];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function describeRules(): string[] {
  const rows = rules.map(({ id, doc }) => `| \`${id}\` | ${doc} |`);
  return [
    "## What `droverd check` warns of",
    "It validates the configuration without starting anything, and names what is allowed and will " +
      "hurt one day: where it stands, why it hurts, and what to write instead. It exits with 0 when " +
      "there are no errors, with 1 for warnings under `--strict`, and with 2 for errors; `--json` " +
      "prints one object with `programs`, `processes`, `errors`, `warnings` and `problems`.",
    ["| rule | what it finds |", "|---|---|", ...rows].join("\n"),
  ];
}
