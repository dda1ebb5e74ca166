import type { SupervisordValues } from "../config/options/supervisord.ts";
import { limitOf, type Resource, setLimit } from "../os/limits.ts";
import { StartError } from "./errors.ts";

interface Minimum {
  resource: Resource;
  option: "minfds" | "minprocs";
  /** In supervisord's words. */
  needed: string;
}

const minimums: readonly Minimum[] = [
  { resource: "nofile", option: "minfds", needed: "file descriptors" },
  { resource: "nproc", option: "minprocs", needed: "processes" },
];

/**
 * Raises the limits of the daemon to what it must be allowed to have. Node has raised the soft limit
 * of open files to the hard one already, so most often there is nothing to do.
 * @returns what was raised, as lines for the log
 * @throws StartError when the machine does not allow as much
 */
export function ensureLimits(
  supervisord: Pick<SupervisordValues, "minfds" | "minprocs">,
): string[] {
  return minimums.flatMap(({ resource, option, needed }) => {
    const wanted = supervisord[option];
    const { soft, hard } = limitOf(resource);
    if (soft >= wanted) return [];
    if (setLimit(resource, { soft: wanted, hard: Math.max(hard, wanted) })) {
      return `Increased RLIMIT_${resource.toUpperCase()} limit to ${wanted}`;
    }
    throw new StartError(
      `Error: [supervisord] ${option}=${wanted}: this machine allows ${hard} ${needed}; ` +
        `raise that limit (LimitNOFILE= and LimitNPROC= of a systemd unit), or lower ${option}`,
      2,
    );
  });
}
