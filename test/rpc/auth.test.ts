import { expect, test } from "vitest";
import { isAuthorized } from "../../src/rpc/auth.ts";

const plain = { username: "ada", password: "p:w ü" };
/** SHA-1 of "secret". */
const digest = "e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4";
const hashed = { username: "ada", password: `{SHA}${digest}` };
const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

test.each<[string, boolean, string | undefined]>([
  ["the name and the password", true, basic("ada:p:w ü")],
  ["the scheme in other letters", true, basic("ada:p:w ü").replace("Basic", "bAsIC")],
  ["no header", false, undefined],
  ["an empty header", false, ""],
  ["a wrong password", false, basic("ada:p:w")],
  ["a longer password", false, basic("ada:p:w ü ")],
  ["an empty password", false, basic("ada:")],
  ["a wrong name", false, basic("Ada:p:w ü")],
  ["no colon", false, basic("ada")],
  ["another scheme", false, basic("ada:p:w ü").replace("Basic", "Bearer")],
  ["no base64", false, "Basic ???"],
  ["no scheme", false, Buffer.from("ada:p:w ü").toString("base64")],
])("%s: let in: %s", (_, expected, header) => {
  expect(isAuthorized(header, plain)).toBe(expected);
});

test.each<[string, boolean, string]>([
  ["the password", true, basic("ada:secret")],
  ["another password", false, basic("ada:Secret")],
  ["the digest in place of the password", false, basic(`ada:{SHA}${digest}`)],
  ["the bare digest", false, basic(`ada:${digest}`)],
  ["another name", false, basic("bob:secret")],
])("against a {SHA} password: %s: let in: %s", (_, expected, header) => {
  expect(isAuthorized(header, hashed)).toBe(expected);
});
