/** What programs import from `drover`: a client of a running droverd. */

export {
  type ClientOptions,
  connect,
  type DroverClient,
  type EventsQuery,
  type LogsQuery,
} from "./client/client.ts";
export type { EventRecord } from "./events/json.ts";
export { Fault, type FaultName } from "./faults.ts";
export { ServerError } from "./rpc/client.ts";
export type * from "./rpc/results.ts";
