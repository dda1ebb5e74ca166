import { type FaultName, faultCode, faultNames, SUCCESS } from "../faults.ts";
import { markdownTable } from "../markdown.ts";
import { type MethodName, methods } from "./methods.ts";
import { type Field, type Shape, shapes } from "./shapes.ts";
import type { ParamKind, ResultKind } from "./values.ts";

/** `docs/rpc.md`: every method, from the table that answers them. */
export function rpcPage(): string {
  const names = (Object.keys(methods) as MethodName[]).toSorted();
  const parts = [
    intro,
    ...names.map(describeMethod),
    "## Structs",
    ...Object.entries(shapes).flatMap(([title, shape]) => describeShape(title, shape)),
    "## Faults",
    markdownTable(
      ["fault", "code"],
      [...faultNames.map(describeFault), ["SUCCESS (a status)", SUCCESS]],
    ),
  ];
  return `${parts.join("\n\n")}\n`;
}

const intro = `# The interface

This page is made from the tables that droverd answers with. \`rpc.discover\` gives the same to programs,
as an OpenRPC document, and \`system.methodHelp\` to people.

Every control server (\`[unix_http_server]\`, \`[inet_http_server]\`) speaks HTTP:

| path | what it is |
|---|---|
| \`POST /RPC2\` | XML-RPC, as supervisord has it: its clients work unchanged |
| \`POST /rpc\` | JSON-RPC 2.0 with the same methods, batches included; parameters in their order or by name |
| \`GET /logs/NAME[/NAME...]\` | lines of logs, as text or as newline-delimited JSON; README has the parameters |
| \`GET /events\` | events as they happen, as newline-delimited JSON; [events.md](events.md) has the parameters |
| \`GET /logtail/NAME[/stdout|/stderr]\` | a log as it grows, as supervisord has it |
| \`GET /mainlogtail\` | the daemon's own log as it grows |

\`\`\`sh
curl --unix-socket run/drover.sock http://localhost/rpc \\
  -d '{"jsonrpc":"2.0","id":1,"method":"supervisor.getProcessInfo","params":{"name":"web"}}'
\`\`\`

A fault over JSON-RPC has its name in \`error.data.fault\`; its code is that of the table at the end, but
-32601 for UNKNOWN_METHOD and -32602 for INCORRECT_PARAMETERS, as JSON-RPC wants it. What only drover has
is marked *drover*: it comes over JSON-RPC only. A method needs a role where \`operators=\` or
\`read_only_gids=\` give out roles; each role includes those before it: read, operate, admin.

A \`name\` is \`process\`, \`group:process\`, or \`group:*\` where a method takes whole groups.

## Methods`;

function describeMethod(name: MethodName): string {
  const row = methods[name];
  const aliases: readonly string[] = "aliases" in row ? row.aliases : [];
  const params = Object.entries<ParamKind<unknown>>(row.params);
  const lines = [
    `### ${name}`,
    [
      row.doc,
      aliases.length > 0 && `Also ${aliases.map((alias) => `\`${alias}\``).join(", ")}.`,
      `Role: ${row.role}.`,
      name.startsWith("supervisor.") || name.startsWith("system.") ? "" : "*drover*",
    ]
      .filter(Boolean)
      .join(" "),
    ...(params.length > 0
      ? [markdownTable(["parameter", "type", "default", "what it is"], params.map(describeParam))]
      : []),
    [describeResult(row.result), describeFaults(row.faults)].filter(Boolean).join(" "),
  ];
  return lines.join("\n\n");
}

const describeParam = ([name, kind]: readonly [string, ParamKind<unknown>]): string[] => [
  `\`${name}\``,
  kind.type,
  kind.default === undefined ? "" : `\`${JSON.stringify(kind.default)}\``,
  kind.doc,
];

function describeResult({ type, doc, shape }: ResultKind<unknown>): string {
  const title = Object.entries(shapes).find(([, known]) => known === shape)?.[0];
  const of =
    title === undefined ? "" : type === "array" ? ` of ${linkTo(title)}` : `: ${linkTo(title)}`;
  const what = doc === "" ? "" : ` (${doc})`;
  return `Answers ${type}${of}${what}.`;
}

const linkTo = (title: string): string => `[${title}](#${title.toLowerCase()})`;

const describeFaults = (faults: readonly FaultName[]): string =>
  faults.length === 0 ? "" : `Faults: ${faults.join(", ")}.`;

const describeFault = (name: FaultName): [string, number] => [name, faultCode(name)];

function describeShape(title: string, shape: Shape): string[] {
  return [`### ${title}`, markdownTable(["key", "type", "what it is"], rowsOf(shape, ""))];
}

function rowsOf(shape: Shape, prefix: string): string[][] {
  return Object.entries(shape).flatMap(([key, field]) => [
    [`\`${prefix}${key}\``, [field.type].flat().join(" or "), notesOf(field)],
    ...(field.shape
      ? rowsOf(field.shape, `${prefix}${key}${field.type === "array" ? "[]" : ""}.`)
      : []),
  ]);
}

const notesOf = ({ doc, ours, optional }: Field): string =>
  [doc, optional && "(not always there)", ours && "*drover*"].filter(Boolean).join(" ");
