import fc from "fast-check";
import type { Policy, StopStep } from "../../src/process/policy.ts";

/** What a program has that sets nothing: supervisord's defaults. */
export const plainPolicy: Policy = {
  startsecs: 1,
  startretries: 3,
  autorestart: "unexpected",
  exitcodes: [0],
  stopsignal: "SIGTERM",
  stopwaitsecs: 10,
  stopasgroup: false,
  killasgroup: false,
  stopsequence: undefined,
  stopcommand: undefined,
  stoptree: false,
  backoff: "linear",
  backoff_min: 1_000,
  backoff_max: undefined,
  backoff_jitter: 0,
  backoff_reset_after: undefined,
  restart_delay: 0,
  restart_limit: undefined,
  max_lifetime: undefined,
  quietsignal: undefined,
  quiet_timeout: 60_000,
  quiet_ready: undefined,
  unhealthy_signal: undefined,
  unhealthy_wait: 5_000,
};

/** From 0 to 1: a part of something, or a random number. */
export const parts = fc.oneof(
  fc.constantFrom(0, 0.5, 1),
  fc.double({ min: 0, max: 1, noNaN: true }),
);

/** What a backoff may be: whatever its longest wait is, it is not below the shortest. */
export const backoffs = fc
  .record({
    backoff: fc.constantFrom("linear" as const, "exponential" as const, "fixed" as const),
    backoff_min: fc.oneof(fc.constantFrom(1, 1_000), fc.integer({ min: 1, max: 100_000 })),
    above: fc.option(fc.nat(100_000), { nil: undefined }),
    backoff_jitter: parts,
  })
  .map(({ above, ...backoff }) => ({
    ...backoff,
    backoff_max: above === undefined ? undefined : backoff.backoff_min + above,
  }));

const stopSteps: fc.Arbitrary<StopStep> = fc.record({
  signal: fc.constantFrom("SIGTERM" as const, "SIGINT" as const, "SIGKILL" as const),
  waitMs: fc.constantFrom(0, 500, 5_000),
});

const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined, freq: 2 });

/** Any policy that a configuration may ask for, with waits that are short. */
export const policies: fc.Arbitrary<Policy> = fc
  .record({
    own: fc.record({
      startsecs: fc.nat(2),
      startretries: fc.oneof(fc.integer({ min: -1, max: 3 }), fc.constant(Infinity)),
      autorestart: fc.constantFrom(true, false, "unexpected" as const),
      exitcodes: fc.subarray([0, 1]),
      stopsignal: fc.constantFrom("SIGTERM" as const, "SIGINT" as const, "SIGKILL" as const),
      stopwaitsecs: fc.nat(2),
      stopasgroup: fc.boolean(),
      killasgroup: fc.boolean(),
      stopsequence: optional(fc.array(stopSteps, { maxLength: 3 })),
      stopcommand: optional(fc.constant("ctl stop")),
      stoptree: fc.boolean(),
      backoff_reset_after: optional(fc.constantFrom(1, 3_000, 60_000)),
      restart_delay: fc.constantFrom(0, 0, 50, 4_000),
      restart_limit: optional(
        fc.record({ count: fc.nat(3), windowMs: fc.constantFrom(1, 10_000, 600_000) }),
      ),
      quietsignal: optional(fc.constant("SIGUSR2" as const)),
      quiet_timeout: fc.constantFrom(1, 3_000),
      quiet_ready: optional(
        fc.constantFrom({ by: "time", ms: 500 } as const, { by: "status" } as const),
      ),
      unhealthy_signal: optional(fc.constant("SIGQUIT" as const)),
      unhealthy_wait: fc.constantFrom(1, 500),
      max_lifetime: optional(fc.record({ ms: fc.constantFrom(1, 5_000, 100_000), jitter: parts })),
    }),
    backoff: backoffs,
  })
  .map(({ own, backoff }) => ({ ...own, ...backoff }));
