import { expect, test } from "vitest";
import { Hosts } from "../../src/os/hosts.ts";

test("an address in numbers is known without asking", () => {
  expect(new Hosts().addressOf("192.0.2.7")).toBe("192.0.2.7");
});

test("a name is known once it has been asked for", async () => {
  const hosts = new Hosts();
  expect(() => hosts.addressOf("localhost")).toThrow("Temporary failure in name resolution");
  await hosts.ask("localhost");
  expect(hosts.addressOf("localhost")).toBe("127.0.0.1");
  // As getaddrinfo(3) reads numbers.
  await hosts.ask("127.1");
  expect(hosts.addressOf("127.1")).toBe("127.0.0.1");
});

test("a name that is none is told in Python's words, and may be asked for again", async () => {
  const hosts = new Hosts();
  for (let time = 0; time < 2; time++) {
    await Promise.all([hosts.ask("no host"), hosts.ask("no host")]);
    expect(() => hosts.addressOf("no host")).toThrow("[Errno -2] Name or service not known");
  }
});
