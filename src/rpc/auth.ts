import { createHash, timingSafeEqual } from "node:crypto";

export interface Credentials {
  username: string;
  /** As text, or as `{SHA}` and the hex digits of its SHA-1. */
  password: string;
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
/** Compares without telling by its time how much was right. */
const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

/** Whether an Authorization header carries these credentials. */
export function isAuthorized(header: string | undefined, wanted: Credentials): boolean {
  const encoded = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return false;
  const given = Buffer.from(encoded, "base64").toString("utf8");
  const colon = given.indexOf(":");
  if (colon < 0) return false;
  const password = given.slice(colon + 1);
  const hashed = wanted.password.startsWith("{SHA}")
    ? `{SHA}${createHash("sha1").update(password).digest("hex")}`
    : password;
  const rightName = same(given.slice(0, colon), wanted.username);
  return same(hashed, wanted.password) && rightName;
}
