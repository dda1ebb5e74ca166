import { isIP } from "node:net";

/**
 * Whether a request is for us by the name that its client has called: a page in a browser may have
 * had its own name lead to this machine, and would then be taken for a client of ours. No page can
 * do so with an address, `localhost` or a name of our own.
 * @param host the Host header; a client that sends none is no browser
 * @param names of this server, in small letters; `*`: any
 */
export function isOurs(host: string | undefined, names: readonly string[]): boolean {
  if (host === undefined || names.includes("*")) return true;
  const [, bracketed, plain = ""] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host.trim()) ?? [];
  if (bracketed !== undefined) return isIP(bracketed) !== 0;
  const name = plain.toLowerCase().replace(/\.$/, "");
  return isIP(name) !== 0 || name === "localhost" || names.includes(name);
}

/** Headers by which a browser tells on a page. */
interface Tells {
  origin?: string | undefined;
  "sec-fetch-site"?: string | string[] | undefined;
}

/** Whether a page in a browser has made the request; `same-origin` and `none` are the user's own. */
export const isFromPage = (headers: Tells): boolean =>
  headers.origin !== undefined ||
  ["cross-site", "same-site"].includes(String(headers["sec-fetch-site"] ?? ""));
