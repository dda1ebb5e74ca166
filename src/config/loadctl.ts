import type { CtlConfig } from "./config.ts";
import { ctlKindOf, ctlSections } from "./ctlsections.ts";
import type { Facts } from "./facts.ts";
import { remembering } from "./facts.ts";
import { readSources } from "./files.ts";
import type { Known } from "./names.ts";
import { refuseErrors } from "./problems.ts";
import { emptySection } from "./raw.ts";
import type { Reader } from "./reader.ts";
import { readRundir } from "./rundir.ts";
import { readServers } from "./servers.ts";
import { type Reading, readOptions } from "./table.ts";

/**
 * Reads what a control program needs: `[supervisorctl]` and where the daemon's sockets are. Other
 * sections may be wrong, and included files are not read, as in supervisorctl.
 * @throws ConfigError
 */
export function loadCtlConfig(source: string, reader: Reader, machine: Facts): CtlConfig {
  const facts = remembering(machine);
  const { sections, problems } = readSources(source, reader, facts, {
    kindOf: ctlKindOf,
    includes: false,
    isWanted: (name) => name === "DEFAULT" || ctlKindOf(name) !== undefined,
  });
  refuseErrors(problems);
  const known: Known = { env: facts.env, values: {}, hereEverywhere: false, cwd: facts.cwd };
  const reading: Reading = { facts, problems };
  const section = sections.get("supervisorctl") ?? emptySection("supervisorctl", source);
  const { options, names } = ctlSections.ctl;
  const ctl = readOptions(options, { section, known, names }, reading);
  const servers = readServers(sections, known, reading);
  refuseErrors(problems);
  const main = sections.get("supervisord") ?? emptySection("supervisord", source);
  return { ctl, servers, rundir: readRundir(main, known, facts) };
}
