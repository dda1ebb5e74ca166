import { describe, expect, test } from "vitest";
import { problemsOf, program, rulesFor } from "./found.ts";

describe("readable-secrets", () => {
  const open = { mode: () => 0o644 };
  const found = (body: string) =>
    rulesFor(body, { ...open, mode: (p) => (p.endsWith(".conf") ? 0o644 : undefined) });

  test.each<[string]>([
    ['DB_PASSWORD="x1"'],
    ["SECRET_KEY_BASE=abc"],
    ["AWS_SECRET_ACCESS_KEY=abc"],
    ["STRIPE_API_KEY=abc"],
    ["GITHUB_TOKEN=abc"],
    ["APP_KEY=base64:abc"],
    ['DATABASE_URL="postgres://app:pw@db/app"'],
    ['SENTRY_DSN="https://key:pw@errors.example.org/1"'],
    ["DB_PASSWORD=%(program_name)s-x"],
  ])("environment=%s", (environment) => {
    expect(found(program("/bin/x", `environment=${environment}`))).toEqual([
      "readable-secrets environment",
    ]);
    expect(
      found(`[supervisord]\nenvironment=${environment.replace("program_name", "here")}\n`),
    ).toHaveLength(1);
  });

  test.each<[string]>([
    ["DB_PASSWORD=%(ENV_HOME)s"],
    ['DB_PASSWORD=""'],
    ["DB_PASSWORD_FILE=/run/secrets/db"],
    ["DB_PASSWORD=/run/secrets/db"],
    ["TOKEN_TTL=3600"],
    ["REQUIRE_TOKEN=true"],
    ["AWS_ACCESS_KEY_ID=abc"],
    ["CACHE_KEY=abc"],
    ["PWD=/srv"],
    ['SENTRY_DSN="https://key@errors.example.org/1"'],
    ["REDIS_URL=redis://localhost:6379/0"],
  ])("not for environment=%s", (environment) => {
    expect(found(program("/bin/x", `environment=${environment}`))).toEqual([]);
  });

  test.each<[string, string[]]>([
    ["password=opensesame", ["readable-secrets password"]],
    ["password={SHA}5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", []],
    ["password=%(ENV_HOME)s", []],
  ])("a server's %s", (line, expected) => {
    expect(found(`[unix_http_server]\nfile=/tmp/s\nusername=u\n${line}\n`)).toEqual(expected);
  });

  test("once for a file, naming the first and showing none", () => {
    const body = `${program("/bin/x", "environment=A_TOKEN=one1,B_SECRET=two2")}[supervisorctl]\npassword=three3\n`;
    const [problem, ...others] = problemsOf(body, open);
    expect(others).toEqual([]);
    expect(problem?.message).toBe(
      "everybody on this machine may read A_TOKEN and 2 more in this file",
    );
    expect(problem?.instead).toBe("chmod 0640 /srv/app/drover.conf");
    expect(JSON.stringify(problem)).not.toMatch(/one1|two2|three3/);
  });

  test("what programs inherit is told where it stands, once", () => {
    const programs = "[program:a]\ncommand=/bin/a\n[program:b]\ncommand=/bin/b\n";
    for (const [from, kind] of [
      ["program-default", "environment=DB_PASSWORD=abc"],
      ["DEFAULT", "environment=DB_PASSWORD=abc"],
    ]) {
      const problems = problemsOf(`[supervisord]\n${programs}[${from}]\n${kind}\n`, open);
      expect(problems).toMatchObject([
        {
          section: from,
          line: 7,
          option: "environment",
          message: "everybody on this machine may read DB_PASSWORD",
        },
      ]);
    }
  });

  test.each([[0o600], [0o640], [undefined]])("not with mode %s", (mode) => {
    const body = program("/bin/x", "environment=A_TOKEN=abc");
    expect(rulesFor(body, { mode: () => mode })).toEqual([]);
  });
});

describe("open-inet-server", () => {
  const server = (...lines: string[]) => ["[inet_http_server]", ...lines, ""].join("\n");
  const login = ["username=u", "password={SHA}5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"];
  test.each<[string[], string[]]>([
    [["port=127.0.0.1:9001"], ["open-inet-server port"]],
    [["port=localhost:9001"], ["open-inet-server port"]],
    [["port=0.0.0.0:9001", "allow_anonymous=true"], ["open-inet-server port"]],
    [["port=:9001", "allow_anonymous=true"], ["open-inet-server port"]],
    [["port=127.0.0.1:9001", "allow_anonymous=true"], []],
    [["port=127.0.0.1:9001", ...login], []],
    [["port=:9001", ...login], []],
    [["port=127.evil.example.com:9001", "allow_anonymous=true"], ["open-inet-server port"]],
    [["port=127.1.2.3:9001", "allow_anonymous=true"], []],
    [["port=127.0.0.1:9001", "username=", "password="], ["open-inet-server port"]],
    [["port=127.0.0.1:9001", "username=", "password=x"], ["password-off username"]],
  ])("%j", (lines, expected) => {
    expect(rulesFor(server(...lines))).toEqual(expected);
  });

  test("is worse on every address", () => {
    const [problem] = problemsOf(server("port=:9001", "allow_anonymous=true"));
    expect(problem?.message).toContain("everybody who reaches it");
    expect(problem?.instead).toContain("port=127.0.0.1:9001");
  });
});

describe("runs-as-root", () => {
  const root = { uid: 0 };
  const alarm = ["runs-as-root user"];
  test.each<[string, string[]]>([
    [program("/opt/worker"), alarm],
    [program("/opt/worker", "user=web"), []],
    [`[supervisord]\nuser=web\n${program("/opt/worker")}`, []],
    [program("nginx -g 'daemon off;'"), []],
    [program("gosu web /opt/worker"), []],
    [program("gunicorn app:app --user www-data"), []],
    ["", []],
  ])("%j", (body, expected) => {
    expect(rulesFor(body, root)).toEqual(expected);
    expect(rulesFor(body)).toEqual([]);
  });

  test("is told once, with the names", () => {
    const body = ["a", "b", "c", "d", "e", "f"].map((n) => `[program:${n}]\ncommand=/opt/${n}\n`);
    const [problem, ...others] = problemsOf(body.join(""), root);
    expect(others).toEqual([]);
    expect(problem?.message).toContain("a, b, c, d, e and 1 more run as root");
  });
});
