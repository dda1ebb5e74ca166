const head = "<?xml version='1.0'?>\n<methodResponse>\n";

export const formatResponse = (result: unknown): string =>
  `${head}<params>\n<param>\n<value>${formatValue(result)}</value>\n</param>\n</params>\n</methodResponse>\n`;

export const formatFault = (code: number, message: string): string =>
  `${head}<fault>\n<value>${formatValue({ faultCode: code, faultString: message })}</value>\n</fault>\n</methodResponse>\n`;

/** Plain concatenation and few calls: this is where the time of a large answer goes. */
function formatValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `<string>${escapeText(value)}</string>`;
    case "number":
      return Number.isSafeInteger(value) ? `<int>${value}</int>` : `<double>${value}</double>`;
    case "boolean":
      return value ? "<boolean>1</boolean>" : "<boolean>0</boolean>";
  }
  if (typeof value !== "object" || value === null) throw new TypeError(`no XML-RPC type: ${value}`);
  let inner = "";
  if (Array.isArray(value)) {
    for (const item of value) inner += `<value>${formatValue(item)}</value>\n`;
    return `<array><data>\n${inner}</data></array>`;
  }
  const struct = value as Record<string, unknown>;
  for (const key of Object.keys(struct)) {
    inner += `${memberHead(key)}${formatValue(struct[key])}</value>\n</member>\n`;
  }
  return `<struct>\n${inner}</struct>`;
}

/** The keys of structs are few, and the same again and again. */
const heads = new Map<string, string>();
const MOST_HEADS = 1_000;

function memberHead(key: string): string {
  const known = heads.get(key);
  if (known !== undefined) return known;
  const made = `<member>\n<name>${escapeText(key)}</name>\n<value>`;
  if (heads.size < MOST_HEADS) heads.set(key, made);
  return made;
}

/**
 * What cannot stand in XML as it is: three characters that mean something, carriage returns, which
 * parsers turn into newlines, and what XML 1.0 cannot carry at all, as in logs with colours.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const special = /[&<>\u0000-\u0008\u000b-\u001f\ufffe\uffff]/g;
const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };

/** Almost every string of an answer passes as it is. */
const plain = /^[\w /.:,-]*$/;

const escapeText = (raw: string): string =>
  plain.test(raw)
    ? raw
    : raw.toWellFormed().replaceAll(special, (character) => escapes[character] ?? "\ufffd");
