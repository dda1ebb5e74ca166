import { expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { sampleConfig } from "../../src/config/sample.ts";
import { inMemory, machine } from "../support/configuration.ts";

const root = "/srv/app/c.conf";
const load = (text: string) => loadConfig(root, inMemory({ [root]: text }), machine);

/** What counts: values, without where they stand. */
function valuesOf({ supervisord, servers, groups, hooks }: Config) {
  return JSON.parse(
    JSON.stringify({ supervisord, servers, groups, hooks }, (key, value) =>
      key === "section" ? undefined : value,
    ),
  );
}

test("as it stands it is the default configuration", () => {
  expect(valuesOf(load(sampleConfig()))).toEqual(valuesOf(load("[supervisord]")));
  expect(load(sampleConfig()).warnings).toEqual([]);
});

test("uncommented, every option has its default, and only what is required is set", () => {
  const uncommented = sampleConfig().replaceAll(/^;(?=[[\w-])/gm, "");
  const required = [
    "[supervisord]\n[unix_http_server]\nfile=/run/drover/drover.sock",
    "[inet_http_server]\nport=127.0.0.1:9001\n[include]\nfiles=conf.d/*.ini",
    "[group:my-group]\n[program:my-program]\ncommand=/usr/bin/php worker.php",
    "[eventlistener:my-eventlistener]\ncommand=/usr/bin/php worker.php\nevents=PROCESS_STATE_FATAL, TICK_60",
    "[hook:my-hook]\non=PROCESS_STATE_FATAL, PROCESS_STATE_EXITED:unexpected\nrun=/usr/local/bin/page %(process)s",
    "[fcgi-program:my-fcgi-program]\ncommand=/usr/bin/php worker.php\nsocket=unix:///run/php/app.sock",
  ];
  const bare = valuesOf(load(required.join("\n")));
  // The sample writes a listener's priority out, as for every program, and it counts for the group.
  for (const group of bare.groups) if (group.pool) group.priority = 999;
  bare.groups.sort((a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1));
  expect(valuesOf(load(uncommented))).toEqual(bare);
});
