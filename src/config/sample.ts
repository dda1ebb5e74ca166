import type { SectionKind } from "./section.ts";
import { sectionKinds } from "./sections.ts";
import { type OptionRow, required } from "./table.ts";

const WIDTH = 96;

/**
 * A configuration to start from: every section and option, each with what it does and its default.
 * All of it is commented out, so that as it stands it is the default configuration.
 */
export function sampleConfig(): string {
  const intro = [
    ...comment(
      "A configuration for droverd with every option there is. What is commented out with ;",
    ),
    ...comment("and no space is the default, as it would be written."),
  ];
  return `${[intro, ...sectionKinds.map(describeSection)].map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function describeSection(kind: SectionKind): string[] {
  const header = `[${kind.title.replace(/^(.*):x$/, "$1:my-$1")}]`;
  return [
    ...comment(kind.doc),
    kind.title === "supervisord" ? header : `;${header}`,
    ...Object.entries(kind.options).flatMap(([name, row]) => describeOption(name, row)),
  ];
}

function describeOption(name: string, row: OptionRow): string[] {
  const { example = "" } = row;
  const usual = row.orAnother ? required : row.default;
  if (usual === undefined) return comment(`${row.doc} For example: ${name}=${example}`);
  return [...comment(row.doc), `;${name}=${usual === required ? example : String(usual)}`];
}

/** Text as comment lines of a width that an editor shows. */
function comment(text: string): string[] {
  const lines: string[] = [];
  let line = ";";
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = ";";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
