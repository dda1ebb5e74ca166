import { connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually, startDaemon } from "../support/daemon.ts";
import { available, startSupervisord } from "../support/peers.ts";

const LOGIN = "[unix_http_server:b]\nfile=%(here)s/b.sock\nusername=ops\npassword=secret\n";
const PROGRAMS = `${LOGIN}
[program:cat]
command=sh -c 'echo hello; exec cat'
startsecs=0
stdout_logfile=%(here)s/cat.log
stderr_logfile=NONE
[program:never]
command=cat
autostart=false
stdout_logfile=%(here)s/never.log
[group:g]
programs=never
`;

const call = (name: string, params = "") =>
  `<?xml version="1.0"?><methodCall><methodName>${name}</methodName>${params}</methodCall>`;
const info = (value: string) =>
  call("supervisor.getProcessInfo", `<params><param><value>${value}</value></param></params>`);
const post = (body: string | Buffer, path = "/RPC2", more = "") =>
  Buffer.concat([
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n`,
    ),
    Buffer.from(body),
  ]);
const get = (path: string, more = "", method = "GET") =>
  Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`);
const login = (text: string) => `Authorization: Basic ${btoa(text)}\r\n`;
const state = call("supervisor.getState");

/** Requests that both answer alike: with what status. */
const alike: Record<string, [status: number, request: Buffer]> = {
  "a call": [200, post(state)],
  "without a Host": [200, post(state)],
  "with one that nobody has": [200, post(state, "/RPC2", "Host: /a/b.sock:80\r\n")],
  "another path that begins so": [200, post(state, "/RPC2/x?y=z")],
  "a path in percents": [200, post(state, "/%52PC2")],
  "a path with two slashes": [400, post(state, "//RPC2")],
  "no XML": [400, post("hello")],
  "no method": [400, post("<methodCall/>")],
  "an empty method": [400, post(call(""))],
  "a method in blanks": [200, post(call(" supervisor.getState "))],
  "blanks as a method": [200, post(call(" "))],
  "an unknown method": [200, post(call("supervisor.nope"))],
  "a method of a method": [200, post(call("supervisor.getState.x"))],
  "a hidden method": [200, post(call("supervisor._update"))],
  "no namespace": [200, post(call("getState"))],
  "a number that is none": [400, post(info("<int>x</int>"))],
  "a date that is none": [400, post(info("<dateTime.iso8601>x</dateTime.iso8601>"))],
  "base64 that is empty": [200, post(info("<base64>!!</base64>"))],
  base64: [200, post(info("<base64>Y2F0cw==</base64>"))],
  "an array without data": [400, post(info("<array/>"))],
  "a member without a name": [
    400,
    post(info("<struct><member><value>a</value></member></struct>")),
  ],
  "text without a type": [200, post(info("c&lt;t\u00e9"))],
  "a type that there is not": [200, post(info("<i8>5</i8>"))],
  "another encoding than is said": [
    200,
    post(info("\u00e9").replace("?>", ' encoding="ISO-8859-1"?>')),
  ],
  attributes: [200, post(state.replace("<methodName", "<methodName a='1'"))],
  "a call and more": [400, post(`${state}garbage`)],
  "a call after a comment and a second declaration": [400, post(`<!-- c -->${state}`)],
  "a GET": [400, get("/RPC2")],
  "a PUT": [400, get("/RPC2", "", "PUT")],
  "no length": [411, Buffer.from("POST /RPC2 HTTP/1.1\r\n\r\n")],
  "a body in chunks": [
    411,
    Buffer.from(
      `POST /RPC2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${state.length.toString(16)}\r\n${state}\r\n0\r\n\r\n`,
    ),
  ],
  "HTTP/1.0": [200, Buffer.from(post(state).toString().replace("HTTP/1.1", "HTTP/1.0"))],
  "a call that closes": [200, post(state, "/RPC2", "Connection: close\r\n")],
  nothing: [404, get("/none")],
  "no path": [404, get("/%zz")],
  "a POST to nothing": [400, post("x", "/none")],
  "a DELETE of nothing": [400, get("/none", "", "DELETE")],
  "a log": [200, get("/logtail/cat")],
  "a log by its stream": [200, get("/logtail/cat/stdout")],
  "a log by its group": [200, get("/logtail/cat:cat")],
  "a log in percents": [200, get("/logtail/cat%3Acat%2Fstdout")],
  "a log and a query": [200, get("/logtail/cat?x=1")],
  "another path to a log": [200, get("/logtails/cat")],
  "the log of no name": [404, get("/logtail/")],
  "a log of nobody": [404, get("/logtail/nosuch")],
  "a log of no name that can be": [404, get("/logtail/%zz")],
  "a log that is NONE": [404, get("/logtail/cat/stderr")],
  "a stream that there is not": [404, get("/logtail/cat/x")],
  "a stream and more": [404, get("/logtail/cat/stdout/x")],
  "a log of a group": [404, get("/logtail/cat:*")],
  "a log that is not there yet": [404, get("/logtail/g:never")],
  "a POST to a log": [400, post("x", "/logtail/cat")],
  "the main log": [200, get("/mainlogtail")],
  "another path to it": [200, get("/mainlogtail/x")],
  "a POST to it": [400, post("x", "/mainlogtail")],
};

const closed: typeof alike = {
  "no password": [401, post(state)],
  "no password, and nothing there": [401, get("/none")],
  "the right password": [200, post(state, "/RPC2", login("ops:secret"))],
  "the right password in other letters": [
    200,
    post(state, "/RPC2", login("ops:secret").replace("Basic", "bASIC")),
  ],
  "a wrong password": [401, post(state, "/RPC2", login("ops:Secret"))],
  "another scheme": [401, post(state, "/RPC2", login("ops:secret").replace("Basic", "Bearer"))],
};

/** Requests of which supervisord makes nothing good: what drover says. */
const better: typeof alike = {
  "a number for a name": [200, post(info("<int>1</int>"))],
  "nil for a name": [200, post(info("<nil/>"))],
  "an array for a name": [200, post(info("<array><data/></array>"))],
  "a date for a name": [200, post(info("<dateTime.iso8601>20260101T00:00:00</dateTime.iso8601>"))],
  "an entity of its own": [400, post(`<!DOCTYPE x [<!ENTITY a "b">]>${info("&a;")}`)],
  "bytes that are no UTF-8": [400, post(Buffer.from(info("\u00ff"), "latin1"))],
  "a call in another root": [400, post(state.replaceAll("methodCall", "x"))],
  "an empty body": [400, post("")],
  "a length below zero": [400, Buffer.from("POST /RPC2 HTTP/1.1\r\nContent-Length: -5\r\n\r\n")],
  "two lengths": [
    400,
    Buffer.from("POST /RPC2 HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
  ],
  "a length and chunks": [
    400,
    Buffer.from("POST /RPC2 HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na"),
  ],
  TLS: [400, Buffer.from("\u0016\u0003\u0001\u0000\r\n\r\n")],
  "no request": [400, Buffer.from("FOO\r\n\r\n")],
  "a head without end": [431, get("/none", `X: ${"a".repeat(20_000)}\r\n`)],
  "the log of nothing": [404, get("/logtail")],
  "a proxy's path": [200, post(state, "http://localhost/RPC2")],
  "a log by HTTP/1.0": [200, Buffer.from("GET /logtail/cat HTTP/1.0\r\n\r\n")],
  "a login without a colon": [401, post(state, "/RPC2", login("ops"))],
  "a login that is no base64": [401, post(state, "/RPC2", "Authorization: Basic ???\r\n")],
};

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Sends bytes as they are, and reads the first answer, of a stream its beginning. */
function say(socketPath: string, request: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath, () => socket.write(request));
    let text = "";
    const late = setTimeout(() => finish(), 15_000);
    const finish = () => {
      clearTimeout(late);
      socket.destroy();
      const answer = read(text);
      if (answer) resolve(answer);
      else reject(new Error(`no answer: ${JSON.stringify(text)}`));
    };
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => {
      text += chunk;
      const answer = read(text);
      const length = Number(answer?.headers["content-length"] ?? 6);
      if (answer && Buffer.byteLength(answer.body) >= length) finish();
    });
    socket.on("end", finish);
    socket.on("error", (error) => (text === "" ? reject(error) : finish()));
    onTestFinished(() => void socket.destroy());
  });
}

function read(text: string): Answer | undefined {
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const status = Number(/^HTTP\/\S+ (\d+) /.exec(first)?.[1]);
  if (!status || rest.length === 0) return undefined;
  const headers = lines.map((line) => line.split(": ", 2) as [string, string]);
  return {
    status,
    headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])),
    body: rest.join("\r\n\r\n"),
  };
}

/** What clients may rely on; of an error the page, less what drover adds, and of a log its kind. */
function essence({ status, headers, body }: Answer) {
  const names = ["content-type", "x-accel-buffering", "www-authenticate", "transfer-encoding"];
  const isLog = headers["content-type"]?.startsWith("text/plain");
  return {
    status,
    headers: names.map((name) => headers[name]),
    modified: /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(headers["last-modified"] ?? ""),
    body: isLog ? body !== "" : body.replace(/<!--.*?-->\r\n/, "").trimEnd(),
  };
}

async function answersOf(requests: typeof alike, socketPath: string) {
  const names = Object.keys(requests);
  const answers = await Promise.all(
    Object.values(requests).map(([, request]) => say(socketPath, request)),
  );
  return Object.fromEntries(names.map((name, at) => [name, answers[at] as Answer]));
}

const statusesIn = (requests: typeof alike) =>
  Object.fromEntries(Object.entries(requests).map(([name, [status]]) => [name, status]));
const statusesOf = (answers: Record<string, Answer>) =>
  Object.fromEntries(Object.entries(answers).map(([name, { status }]) => [name, status]));

describe("HTTP as supervisord has it", () => {
  test("or better, and the daemon goes on", async () => {
    const ours = await startDaemon(PROGRAMS);
    await eventually("the log", () => ours.file("cat.log") !== "");
    const logins = Object.fromEntries(
      Object.entries(better).filter(([name]) => name.includes("login")),
    );
    const open = Object.fromEntries(
      Object.entries(better).filter(([name]) => !name.includes("login")),
    );
    const answers = {
      ...(await answersOf(open, ours.socket)),
      ...(await answersOf(logins, `${ours.dir}/b.sock`)),
    };
    expect(statusesOf(answers)).toEqual(statusesIn({ ...open, ...logins }));
    const faults = Object.keys(answers).filter((name) => name.endsWith(" for a name"));
    expect(faults).toHaveLength(4);
    for (const name of faults) expect(answers[name]?.body).toContain("INCORRECT_PARAMETERS");
    expect((await ours.info("cat")).statename).toBe("RUNNING");
    expect(ours.log()).not.toMatch(/ CRIT (?!Supervisor is running as root|Server )/);
  });

  test.runIf(available("supervisord"))("beside the real one", async () => {
    const [ours, theirs] = await Promise.all([startDaemon(PROGRAMS), startSupervisord(PROGRAMS)]);
    await eventually("the log", () => ours.file("cat.log") !== "");
    for (const [requests, socket] of [
      [alike, "d.sock"],
      [closed, "b.sock"],
    ] as const) {
      const [own, real] = await Promise.all(
        [ours.dir, theirs.dir].map((dir) => answersOf(requests, `${dir}/${socket}`)),
      );
      if (!own || !real) throw new Error("two were asked");
      expect(statusesOf(real)).toEqual(statusesIn(requests));
      for (const name of Object.keys(requests)) {
        expect([name, essence(own[name] as Answer)]).toEqual([name, essence(real[name] as Answer)]);
      }
    }
  });
});
