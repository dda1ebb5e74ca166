import { setFlagsFromString } from "node:v8";

/**
 * Reading a large configuration would make V8 grow its young generation to 2 x 16 MB and keep it, and
 * a fork pays for the memory of who forks. With a factor of 1 it stays at its first size.
 */
const KEEP_YOUNG_GENERATION_SMALL = "--semi-space-growth-factor=1";

/**
 * After a burst of work V8 collects three times in the rest that follows; the second and the third
 * find nothing, and cost as much as an idle daemon otherwise uses in hours.
 */
const COLLECT_ONCE_AT_REST = "--memory-reducer-single-gc";

/** How much of a function runs before V8 optimizes it: its default, and next to never. */
const OPTIMIZE_SOON = "--interrupt-budget=67584";
const OPTIMIZE_LATE = "--interrupt-budget=4000000";

/** Sets V8 up for a small and lasting process. Before anything else. */
export function prepareHeap(): void {
  setFlagsFromString(KEEP_YOUNG_GENERATION_SMALL);
  setFlagsFromString(COLLECT_ONCE_AT_REST);
}

/**
 * For a burst of work in which everything is done some hundred times: the thread that optimizes it takes
 * time from the children, and is ready when the burst is over.
 * @returns how to end that
 */
export function postponeOptimizing(): () => void {
  setFlagsFromString(OPTIMIZE_LATE);
  return () => setFlagsFromString(OPTIMIZE_SOON);
}
