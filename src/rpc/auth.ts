import { createHash, createHmac, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import {
  formatHash,
  MOST_MEMORY,
  type Password,
  readPassword,
  type ScryptHash,
} from "./password.ts";

export interface Credentials {
  username: string;
  /** As `readPassword` takes it. */
  password: string;
}

/** 16 MiB of memory and five passes: one of the settings that OWASP names. */
const COST = { ln: 14, r: 8, p: 5 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** A password as a configuration may hold it: it cannot be found out from that. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const made = { ...COST, salt, hash: Buffer.alloc(HASH_BYTES) };
  return formatHash({ ...made, hash: await derive(password, made) });
}

/** In a thread of Node's pool: it takes some tenths of a second. */
const derive = (password: string, { ln, r, p, salt, hash }: ScryptHash): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options = { N: 2 ** ln, r, p, maxmem: 2 * MOST_MEMORY };
    scrypt(password, salt, hash.length, options, (error, derived) =>
      error ? reject(error) : resolve(derived),
    );
  });

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
/** Compares without telling by its time how much was right. */
const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

type Matcher = (password: string) => boolean | Promise<boolean>;

/** Asks clients for a name and a password. */
export class Login {
  readonly #username: string;
  readonly #matches: Matcher;

  constructor({ username, password }: Credentials) {
    this.#username = username;
    this.#matches = matcherOf(readPassword(password));
  }

  /**
   * Whether an Authorization header carries the name and the password.
   * @returns the name; undefined: it does not
   */
  async admit(header: string | undefined): Promise<string | undefined> {
    const encoded = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(header ?? "")?.[1];
    if (encoded === undefined) return undefined;
    const given = Buffer.from(encoded, "base64").toString("utf8");
    const colon = given.indexOf(":");
    if (colon < 0) return undefined;
    const rightName = same(given.slice(0, colon), this.#username);
    const rightPassword = await this.#matches(given.slice(colon + 1));
    return rightName && rightPassword ? this.#username : undefined;
  }
}

function matcherOf(wanted: Password | undefined): Matcher {
  switch (wanted?.kind) {
    case "text":
      return (password) => same(password, wanted.text);
    case "sha1":
      return (password) => same(createHash("sha1").update(password).digest("hex"), wanted.digest);
    case "scrypt":
      return slowMatcher(wanted);
    case undefined:
      return () => false;
  }
}

/**
 * One at a time, so that many wrong passwords take the memory and the processor of one. The right
 * one is known again by a key that only this process has: a client sends it with every call.
 */
function slowMatcher(wanted: ScryptHash): Matcher {
  const key = randomBytes(HASH_BYTES);
  const mark = (password: string) => createHmac("sha256", key).update(password).digest();
  let right: Buffer | undefined;
  let latest: Promise<unknown> = Promise.resolve();
  return (password) => {
    const marked = mark(password);
    const isKnown = () => right !== undefined && timingSafeEqual(right, marked);
    if (isKnown()) return true;
    const found = latest.then(async () => {
      if (isKnown()) return true;
      const matches = timingSafeEqual(await derive(password, wanted), wanted.hash);
      if (matches) right = marked;
      return matches;
    });
    latest = found.catch(() => undefined);
    return found;
  };
}
