import type { FleetProcess } from "../../src/rpc/results.ts";
import type { TestDaemon } from "./daemon.ts";

/** A process with what only drover tells. */
export async function processOf(daemon: TestDaemon, name: string): Promise<FleetProcess> {
  const all = await daemon.client.call("drover.getAllProcesses", { usage: false });
  const found = all.find((process) => process.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
}
