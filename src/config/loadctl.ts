import type { CtlConfig } from "./config.ts";
import type { Facts } from "./facts.ts";
import { remembering } from "./facts.ts";
import { readSources } from "./files.ts";
import type { Known } from "./names.ts";
import { refuseErrors } from "./problems.ts";
import { emptySection } from "./raw.ts";
import type { Reader } from "./reader.ts";
import { readRundir } from "./rundir.ts";
import { kindOf, sections as kinds, type SectionKind } from "./sections.ts";
import { readServers } from "./servers.ts";
import { type Reading, readOptions } from "./table.ts";

const wanted: ReadonlySet<SectionKind | undefined> = new Set([
  kinds.ctl,
  kinds.supervisord,
  kinds.unixServer,
  kinds.inetServer,
]);

/**
 * Reads what a control program needs: `[supervisorctl]` and where the daemon's sockets are. Other
 * sections may be wrong, and included files are not read, as in supervisorctl.
 * @throws ConfigError
 */
export function loadCtlConfig(source: string, reader: Reader, machine: Facts): CtlConfig {
  const facts = remembering(machine);
  const { sections, problems } = readSources(source, reader, facts, {
    includes: false,
    isWanted: (name) => name === "DEFAULT" || wanted.has(kindOf(name)),
  });
  refuseErrors(problems);
  const known: Known = { env: facts.env, values: {}, hereEverywhere: false, cwd: facts.cwd };
  const reading: Reading = { facts, problems };
  const section = sections.get("supervisorctl") ?? emptySection("supervisorctl", source);
  const { options, names } = kinds.ctl;
  const ctl = readOptions(options, { section, known, names }, reading);
  const servers = readServers(sections, known, reading);
  refuseErrors(problems);
  const main = sections.get("supervisord") ?? emptySection("supervisord", source);
  return { ctl, servers, rundir: readRundir(main, known, facts) };
}
