import { describe, expect, test } from "vitest";
import { hashPassword, Login } from "../../src/rpc/auth.ts";

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
])("%s: let in: %s", async (_, expected, header) => {
  expect(await new Login(plain).admit(header)).toBe(expected ? "ada" : undefined);
});

test.each<[string, boolean, string]>([
  ["the password", true, basic("ada:secret")],
  ["another password", false, basic("ada:Secret")],
  ["the digest in place of the password", false, basic(`ada:{SHA}${digest}`)],
  ["the bare digest", false, basic(`ada:${digest}`)],
  ["another name", false, basic("bob:secret")],
])("against a {SHA} password: %s: let in: %s", async (_, expected, header) => {
  expect(await new Login(hashed).admit(header)).toBe(expected ? "ada" : undefined);
});

describe("against a scrypt password", () => {
  /** By Python: hashlib.scrypt(b"s3cret", salt=b"saltsaltsaltsalt", n=2**4, r=8, p=1, dklen=32). */
  const foreign =
    "$scrypt$ln=4,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$RD8XTYCJQRSnQzf+ChFATkgL3IAjN/Tg/Rrp+ZYMULI";

  test("what hashPassword makes lets in its password only, however often it is asked", async () => {
    const password = await hashPassword("p:w ü");
    expect(password).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$/);
    expect(await hashPassword("p:w ü")).not.toBe(password);
    const login = new Login({ username: "ada", password });
    const given = ["p:w", "p:w ü", "p:w ü ", "p:w ü", "", password];
    const admitted = await Promise.all(given.map((text) => login.admit(basic(`ada:${text}`))));
    expect(admitted).toEqual([undefined, "ada", undefined, "ada", undefined, undefined]);
    expect(await login.admit(basic("bob:p:w ü"))).toBe(undefined);
    expect(await login.admit(basic("ada:p:w ü"))).toBe("ada");
    for (let again = 0; again < 2; again++) {
      expect(await login.admit(basic("ada:p:w"))).toBe(undefined);
    }
  });

  test("one that others have made", async () => {
    const login = new Login({ username: "ada", password: foreign });
    expect(await login.admit(basic("ada:s3cret"))).toBe("ada");
    expect(await login.admit(basic("ada:s3cre"))).toBe(undefined);
  });

  test.each([
    [
      "too much memory",
      "$scrypt$ln=20,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
    [
      "too many passes",
      "$scrypt$ln=4,r=8,p=99$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ],
    ["no hash", "$scrypt$ln=4,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$"],
    ["no cost", "$scrypt$secret"],
    ["a digest in capitals", `{SHA}${digest.toUpperCase()}`],
  ])("%s: nothing matches, not even the text itself", async (_, password) => {
    const login = new Login({ username: "ada", password });
    expect(await login.admit(basic(`ada:${password}`))).toBe(undefined);
    expect(await login.admit(basic("ada:"))).toBe(undefined);
  });
});
