import type { SignalName } from "../../process/signals.ts";
import { suggest } from "../problems.ts";
import { kind, readOr } from "./kind.ts";
import { signal } from "./words.ts";

/** What is done when watched files have changed. */
export type WatchAction =
  | { act: "rollout" | "restart" | "none" }
  | { act: "signal"; signal: SignalName };

const actions = ["rollout", "restart", "none", "signal:HUP"];

const isPlain = (act: string): act is "rollout" | "restart" | "none" =>
  act === "rollout" || act === "restart" || act === "none";

export const watchAction = kind(
  "rollout, restart, none or signal:HUP",
  (given, facts, refuse): WatchAction => {
    const [act = "", name, ...more] = given.trim().split(":");
    if (act === "signal" && name !== undefined && more.length === 0) {
      return { act, signal: readOr(signal, name, facts, refuse) };
    }
    if (!isPlain(act) || name !== undefined) return refuse(suggest(given, actions));
    return { act };
  },
);
