import { type Case, conf, program, refused, runs } from "../../support/cases.ts";

const posix = "4.4 reads environment= by POSIX rules, 4.2.5 does not (config.md section 5)";

const environment = (text: string, env: Record<string, string>): Case =>
  runs(`4.4: ${JSON.stringify(text)}`, conf(program(`environment=${text}`)), {
    differs: posix,
    instead: { reports: [{ env }] },
  });

const main = (text: string, env: Record<string, string>): Case =>
  runs(`4.4: [supervisord] ${JSON.stringify(text)}`, conf(program(), `environment=${text}`), {
    differs: "4.2.5 expands this twice, at first with fewer names (config.md section 4)",
    instead: { reports: [{ env }] },
  });

/** Where drover is not to do what Debian's supervisord 4.2.5 does. Keep this short. */
export const differences: readonly Case[] = [
  environment('A="a"b', { A: "ab" }),
  environment('A="a\\"b"', { A: 'a"b' }),
  environment("A='it'\\''s'", { A: "it's" }),
  environment('A="a\\\\b"', { A: "a\\b" }),
  environment("A='\"'", { A: '"' }),
  main('A="%(host_node_name).0sx"', { A: "x" }),
  main('A="50%%"', { A: "50%" }),
  main('A="50%%%%"', { A: "50%%" }),
  refused("digits of other scripts", conf(program("priority=٣")), {
    differs: "numbers are written with 0 to 9",
  }),
  runs(
    "an rpcinterface that cannot be imported",
    `${conf(program())}[rpcinterface:x]\nsupervisor.rpcinterface_factory=no.such:thing\n`,
    { differs: "drover cannot load Python, and warns", compare: "verdict" },
  ),
  runs(
    "a result_handler that cannot be imported",
    `${conf(program())}[eventlistener:x]\ncommand=x\nevents=TICK_5\nresult_handler=no.such:thing\n`,
    { differs: "drover cannot load Python, and warns", compare: "verdict" },
  ),
  refused(
    "an inet server for all hosts without a password",
    `${conf(program())}[inet_http_server]\nport=%(ENV_PORT)s\n`,
    { differs: "design.md section 9: refused unless allow_anonymous=true", late: true },
  ),
];
