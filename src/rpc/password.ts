/** A password as a configuration holds it. */
export type Password =
  | { kind: "text"; text: string }
  /** In hex, as supervisord has it. */
  | { kind: "sha1"; digest: string }
  | ({ kind: "scrypt" } & ScryptHash);

export interface ScryptHash {
  /** The logarithm of N. */
  ln: number;
  r: number;
  p: number;
  salt: Buffer;
  hash: Buffer;
}

/** A hash that takes more is refused: whoever tries to log in has the daemon compute one. */
export const MOST_MEMORY = 64 * 2 ** 20;
const MOST_PASSES = 16;

/** What `{SHA}` and `$scrypt$` are followed by. */
const sha = /^\{SHA\}([0-9a-f]{40})$/;
const scrypt =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{8,172})\$([A-Za-z0-9+/]{22,86})$/;

/**
 * Text, `{SHA}` and the hex digits of its SHA-1, or `$scrypt$ln=14,r=8,p=5$SALT$HASH`, which is the
 * form of Python's passlib.
 * @returns undefined when no password can match it
 */
export function readPassword(text: string): Password | undefined {
  if (text.startsWith("{SHA}")) {
    const digest = sha.exec(text)?.[1];
    return digest === undefined ? undefined : { kind: "sha1", digest };
  }
  if (!text.startsWith("$scrypt$")) return { kind: "text", text };
  const [, ln, r, p, salt = "", hash = ""] = scrypt.exec(text) ?? [];
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const isSound = cost.ln >= 1 && cost.r >= 1 && cost.p >= 1 && cost.p <= MOST_PASSES;
  if (!isSound || 128 * cost.r * 2 ** cost.ln > MOST_MEMORY) return undefined;
  const [saltBytes, hashBytes] = [Buffer.from(salt, "base64"), Buffer.from(hash, "base64")];
  return { kind: "scrypt", ...cost, salt: saltBytes, hash: hashBytes };
}

/** The other way round. */
export function formatHash({ ln, r, p, salt, hash }: ScryptHash): string {
  const text = (bytes: Buffer) => bytes.toString("base64").replace(/=+$/, "");
  return `$scrypt$ln=${ln},r=${r},p=${p}$${text(salt)}$${text(hash)}`;
}
