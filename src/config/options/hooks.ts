import { user } from "../kinds/accounts.ts";
import { hookCommand, hookEvents, webUrl } from "../kinds/hooks.ts";
import { duration, integerFrom } from "../kinds/numbers.ts";
import { existingDir, plainPath } from "../kinds/paths.ts";
import { someTime } from "../kinds/policies.ts";
import { keyValues, names, text } from "../kinds/words.ts";
import { option, required, type Values } from "../table.ts";

/** What runs, or is posted, when something happens. */
export const hookOptions = {
  on: option({
    kind: hookEvents,
    default: required,
    example: "PROCESS_STATE_FATAL, PROCESS_STATE_EXITED:unexpected",
    doc: "Event types that it is for; a type stands for all below it.",
  }),
  programs: option({
    kind: names,
    default: "*",
    example: "mail*, web:*",
    doc: "Patterns of names: only events of these processes or groups, and those that are of none.",
  }),
  run: option({
    kind: hookCommand,
    default: undefined,
    names: "hook",
    orAnother: true,
    example: "/usr/local/bin/page %(process)s",
    doc:
      "A command, run without a shell, with the event as a line of JSON on its stdin. It may name " +
      "%(event)s, %(process)s, %(group)s, %(pid)s, %(from_state)s, %(cause)s, %(time)s, %(number)s, " +
      "%(logfile)s and %(count)s of what has happened.",
  }),
  post: option({
    kind: webUrl,
    default: undefined,
    example: "https://example.com/hook",
    doc: "A URL to which the event is posted as JSON, in place of run=. A redirect is not followed.",
  }),
  timeout: option({
    kind: someTime,
    default: "30s",
    doc: "How long a command may run until it gets SIGTERM, and 5 s later SIGKILL; or how long one try to post may take.",
  }),
  concurrency: option({
    kind: integerFrom(1, 100),
    default: "1",
    doc: "How many run at once; with 1 events come in their order.",
  }),
  buffer_size: option({
    kind: integerFrom(1, 100_000),
    default: "100",
    doc: "How many runs wait while as many as concurrency= are on; then the oldest is dropped.",
  }),
  every: option({
    kind: duration,
    default: "0",
    example: "5m",
    doc: "Put all events of such a time into one run: a line each on stdin, or an array; 0: each has its own.",
  }),
  quiet: option({
    kind: duration,
    default: "0",
    example: "10m",
    doc: "Leave out the same event of the same process for such a time after it was told; the next says how many were (silenced).",
  }),
  retries: option({
    kind: integerFrom(0, 100),
    default: "5",
    doc: "With post=: how often it is tried again, after 1 s, 2 s, 4 s and so on up to a minute, when the server is away, busy (408, 429) or broken (5xx).",
  }),
  secret: option({
    kind: text,
    default: undefined,
    secret: true,
    doc: "With post=: signs the body; X-Drover-Signature is sha256= and its HMAC in hex.",
  }),
  secret_file: option({
    kind: plainPath,
    default: undefined,
    names: "host",
    example: "/etc/drover/hook.secret",
    doc: "A file with the secret, read at each post; the end of its line does not count.",
  }),
  user: option({
    kind: user,
    default: undefined,
    doc: "With run=: the user that it runs as; droverd's own when not set.",
    example: "nobody",
  }),
  directory: option({
    kind: existingDir,
    default: undefined,
    names: "host",
    doc: "With run=: its working directory; droverd's own when not set.",
    example: "/tmp",
  }),
  environment: option({
    kind: keyValues,
    default: "",
    names: "host",
    doc: "With run=: variables beside those of droverd.",
  }),
};

export type HookValues = Values<typeof hookOptions>;
