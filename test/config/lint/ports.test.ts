import { describe, expect, test } from "vitest";
import { problemsOf, program, rulesFor } from "./found.ts";

const three = ["numprocs=3", "process_name=a%(process_num)d"];

describe("shared-port by copies", () => {
  test.each<[string, string]>([
    ["uvicorn app:app --port=8000", "uvicorn app:app --port=80%(process_num)02d"],
    ["uvicorn app:app --port 800%(numprocs)d", "uvicorn app:app --port 800%(process_num)d"],
    ["gunicorn app:app -b 0.0.0.0:8000", "gunicorn app:app -b 0.0.0.0:80%(process_num)02d"],
    ["gunicorn app:app --bind :8000", "gunicorn app:app --bind :80%(process_num)02d"],
    ["puma -b tcp://0.0.0.0:3000", "puma -b tcp://0.0.0.0:30%(process_num)02d"],
    ["daphne -p 8000 app:app", "daphne -p 80%(process_num)02d app:app"],
    ["java -jar a.jar --server.port=8080", "java -jar a.jar --server.port=80%(process_num)02d"],
    ["/opt/server --listen 127.0.0.1:9000", "/opt/server --listen 127.0.0.1:90%(process_num)02d"],
  ])("%s: %s", (command, instead) => {
    const body = program(command, ...three);
    expect(rulesFor(body)).toEqual(["shared-port command"]);
    expect(problemsOf(body)[0]?.instead).toBe(`command=${instead}`);
    expect(rulesFor(program(command))).toEqual([]);
  });

  test.each([
    ["uvicorn app:app --port=80%(process_num)02d"],
    ["gunicorn app:app --bind unix:/run/app%(process_num)d.sock"],
    ["gunicorn app:app -b 0.0.0.0:8000 --reuse-port"],
    ["uvicorn app:app --fd 0 --port 8000"],
    ["/opt/worker --redis-port=6379 --db-port=5432"],
    ["/opt/worker --port=6379"],
    ["/opt/worker --host=queue.internal --port=7000"],
    ["/opt/worker --host=db --port=7000"],
    ["rq worker --port 7000"],
    ["celery -A shop worker --port=7000"],
    ["ssh -p 2222 host"],
    ["mysql --port=3307"],
    ["/opt/worker -p 4"],
    ["/opt/server --port=0"],
    ["/opt/server --listen unix"],
  ])("not for %s", (command) => {
    expect(rulesFor(program(command, ...three))).toEqual([]);
  });

  test.each<[string, string, string[]]>([
    ["node server.js", "PORT=3000", ["shared-port environment"]],
    ["node server.js", "HTTP_PORT=3000", ["shared-port environment"]],
    ["node server.js", "PORT=30%(process_num)02d", []],
    ["node server.js", "REDIS_PORT=6379,DB_PORT=5432", []],
    ["rq worker", "PORT=3000", []],
  ])("%s with environment=%s", (command, environment, expected) => {
    expect(rulesFor(program(command, ...three, `environment=${environment}`))).toEqual(expected);
  });
});

describe("shared-port by programs", () => {
  const two = (first: string, second: string) =>
    `[program:b]\ncommand=${first}\n[program:a]\ncommand=${second}\n`;

  test("is told of the later one, with a port that is free", () => {
    const third = "[program:c]\ncommand=/opt/c --port=8001\n";
    const problems = problemsOf(two("/opt/b --port=8000", "/opt/a --port=8000") + third);
    expect(problems.map(({ section, rule }) => [section, rule])).toEqual([
      ["program:a", "shared-port"],
    ]);
    expect(problems[0]?.instead).toBe("command=/opt/a --port=8002");
  });

  test("a computed port is not written anew", () => {
    const second = "/opt/a --port=80%(process_num)02d";
    expect(problemsOf(two("/opt/b --port=8000", second))[0]?.instead).toBe(
      "a port of its own, such as 8001",
    );
  });

  test.each<[string, string, number]>([
    ["gunicorn app -b 127.0.0.1:8000", "uvicorn app --port 8000", 1],
    ["/opt/a --listen 0.0.0.0:80", "/opt/b --listen 127.0.0.1:80", 1],
    ["/opt/a --listen 127.0.0.1:80", "/opt/b --listen 127.0.0.2:80", 0],
    ["/opt/a --port 8000", "/opt/b --port 8001", 0],
    ["redis-server --port 6379", "/opt/worker --port 6379", 0],
    ["redis-server --port 6379", "redis-server --port 6379", 1],
  ])("%s and %s", (first, second, count) => {
    expect(rulesFor(two(first, second))).toHaveLength(count);
  });

  test("not when one of them is started by hand", () => {
    const body = `${two("/opt/a --port=80", "/opt/b --port=80")}autostart=false\n`;
    expect(rulesFor(body)).toEqual([]);
  });

  test("not for variables, which are copied from program to program", () => {
    const body = `${two("node server.js", "node jobs.js")}environment=PORT=3000\n`;
    expect(rulesFor(body.replace("server.js", "server.js\nenvironment=PORT=3000"))).toEqual([]);
  });
});

test("a computed port above 65535", () => {
  const body = program("/opt/a --port=6553%(process_num)d", ...three, "numprocs_start=5");
  expect(rulesFor(body)).toEqual(["port-too-high command"]);
  expect(problemsOf(body)[0]?.message).toContain("a6 is to listen on port 65536");
  expect(rulesFor(body.replace("start=5", "start=2"))).toEqual([]);
});

describe("shared-socket", () => {
  const two = (first: string, second: string) =>
    `[fcgi-program:a]\ncommand=x\nsocket=${first}\n[fcgi-program:b]\ncommand=x\nsocket=${second}\n`;

  test.each<[string, string, string | undefined]>([
    ["unix:///run/app.sock", "unix:///run/app.sock", "socket=unix:///run/%(program_name)s.sock"],
    ["tcp://localhost:9000", "tcp://LOCALHOST:9000", "socket=tcp://localhost:9001"],
    ["unix:///run/%(program_name)s", "unix:///run/%(program_name)s", undefined],
    ["tcp://127.0.0.1:9000", "tcp://127.0.0.2:9000", undefined],
  ])("%s and %s", (first, second, instead) => {
    const problems = problemsOf(two(first, second));
    expect(problems.map((problem) => problem.instead)).toEqual(instead ? [instead] : []);
    expect(rulesFor(two(first, second))).toEqual(instead ? ["shared-socket socket"] : []);
  });

  test("not when one of them is started by hand, and not in several groups", () => {
    const same = two("unix:///s", "unix:///s");
    expect(rulesFor(`${same}autostart=false\n`)).toEqual([]);
    const one = "[fcgi-program:a]\ncommand=x\nsocket=unix:///s\n";
    expect(rulesFor(`${one}[group:g]\nprograms=a\n[group:h]\nprograms=a\n`)).toEqual([]);
  });
});
