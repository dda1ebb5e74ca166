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
  refused(
    "an inet server for all hosts without a password",
    `${conf(program())}[inet_http_server]\nport=%(ENV_PORT)s\n`,
    { differs: "design.md section 9: refused unless allow_anonymous=true", late: true },
  ),
];
