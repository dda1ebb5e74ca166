import { markdownTable } from "../markdown.ts";
import { describedTypes } from "./types.ts";

/** `docs/events.md`: every type of event, from the table that they are made with. */
export function eventsPage(): string {
  const types = describedTypes().map(({ type, parent, doc }) => [
    `\`${type}\``,
    parent === "" ? "" : `\`${parent}\``,
    doc,
  ]);
  const parts = [intro, markdownTable(["type", "below", "what has happened"], types), rest];
  return `${parts.join("\n\n")}\n`;
}

const intro = `# Events

What happens in a fleet is told as events: to listeners, as supervisord does it, and over HTTP. This page
is made from the table that droverd makes events with.

Who asks for a type has all that are below it. What is below \`EVENT\` is supervisord's, with supervisord's
text; what is below \`LOG\` is drover's own, and comes to a listener only where \`events=\` names it.`;

const rest = `## Listeners

An \`[eventlistener:x]\` is a program that reads events from its stdin and answers on its stdout, as with
supervisord: it says \`READY\`, is sent one event, and answers \`RESULT\`. Listeners that work with
supervisord work unchanged. \`len\` is the length of the text in bytes, and a listener gets no event of
another pool.

## GET /events

Events as newline-delimited JSON, from any control server:

\`\`\`sh
curl -N --unix-socket run/drover.sock 'http://localhost/events?types=PROCESS_STATE_EXITED,PROCESS_STATE_FATAL'
\`\`\`

| parameter | |
|---|---|
| \`types=\` | types with commas between them; all that have numbers when not given |
| \`after=\` | from the event after this number; 0: from the oldest that there is. From now on when not given |
| \`follow=no\` | end with the newest event that there is |

Each line has \`time\`, \`type\` and what is known of it: \`process\`, \`group\`, \`from\` (the state before),
\`pid\`, \`tries\`, \`expected\`, \`restarts\` (those that nobody asked for), \`reason\` (by whose wish it is
stopped), \`by\` (who has asked for a start or a stop: \`uid 1000, pid 4711\` on a Unix socket,
\`ops@10.1.2.3\` over TCP), \`error\` (why it could not be started, or was given up), \`exit\` (how its child has ended: code,
signal, cause in words, the last lines that it wrote), \`data\` (\`data_base64\` where it is no UTF-8),
\`subject\` (the type of a REMOTE_COMMUNICATION), \`when\`, and of logs \`logfile\`, \`errno\`, \`waits\`,
\`lost_bytes\`, \`took_ms\`, of rollouts \`done\`, \`total\` and \`last_lines\`, of watched files \`program\`, \`files\` (how many) and \`file\` (the first), and of hooks \`hook\`, \`events\` (how many it was about).

Every event has a \`number\`, one more than the one before, but for those below \`PROCESS_LOG\` and \`TICK\`,
which come only to those who ask for them while they happen. The header \`Drover-Newest-Event\` says the
number of the newest event when the stream began. Whoever comes back with \`after=\` and the last number
seen goes on there, with nothing twice. droverd remembers the latest 1,000. With
\`[supervisord] event_log=\` it writes them down as well, the numbers go on over restarts of droverd, and
streams go back as far as the journal does (\`event_log_maxbytes=\`, \`event_log_backups=\`).

Events that are not to be had any more are told of: \`{"type":"GAP","after":5,"before":9}\` stands where
those with numbers between 5 and 9 would. \`{"type":"MISSED","events":3}\` says the same of events without
numbers that came faster than they were read. droverd waits for a slow reader and keeps little for it.

## Hooks

A \`[hook:x]\` runs a command, or posts to a URL, when something happens:

\`\`\`ini
[hook:page]
on=PROCESS_STATE_FATAL, PROCESS_STATE_EXITED:unexpected
programs=mail*
run=/usr/local/bin/page "%(process)s: %(cause)s"
quiet=10m

[hook:report]
on=PROCESS_STATE, LOG
post=https://example.com/hooks/drover
secret_file=/etc/drover/hook.secret
every=5m
\`\`\`

\`run=\` is no shell's: its words are split first, and what \`%(...)s\` stands for is put into them then, so
that no name and no message can be a second argument or a command. On its stdin it has the event as a line
of JSON, the same as from \`GET /events\`; it need not read it. \`DROVER_HOOK\`, \`DROVER_EVENT\` and
\`SUPERVISOR_SERVER_URL\` are in its environment. What it says goes to droverd's log, up to 8 KB of it.
Longer than \`timeout=\` it does not run, and what it leaves in its process group ends with it.

\`post=\` sends the event as JSON with the headers \`X-Drover-Hook\`, \`X-Drover-Attempt\` and, with a
secret, \`X-Drover-Signature: sha256=\` and the hex HMAC-SHA256 of the body. An answer of 2xx is the end
of it. A server that is away, answers 408, 429 or 5xx, nonsense or nothing in time is asked again after 1, 2,
4 seconds and so on, or when its \`Retry-After\` says, \`retries=\` times; other answers are final, and
a redirect is not followed. \`secret_file=\` is a regular file, read anew for each try; where it cannot be read
or is empty the hook fails, and nothing goes out unsigned.

With \`every=5m\` all events of five minutes are one run, a line each on stdin, or one post of an array. With
\`quiet=10m\` the same event of the same process is told once in ten minutes; the next one that is told
has \`silenced\`, how many were not. As many as \`concurrency=\` run at once, the others wait; nothing
else ever waits for a hook, and where more wait than \`buffer_size=\` says the oldest goes.

A hook that fails is a line in droverd's log and an event \`HOOK_FAILED\`, events that it was not told of
are a \`HOOK_DROPPED\`. No hook is for these, so that none can set off itself; a listener can be.
\`droverctl update\` takes over hooks that are new, changed or gone; the \`update\` of
supervisord's own supervisorctl does not know them, and needs a \`reload\`. At its end droverd waits up to five
seconds for hooks that run.

## Messages of workers

What a process with \`stdout_capture_maxbytes=\` (or \`stderr_\`) writes between two tokens is one message: a
\`PROCESS_COMMUNICATION\` event with up to so many bytes, and no part of the log. It must be flushed.

\`\`\`sh
printf '%s' '<!--XSUPERVISOR:BEGIN-->job 17 done<!--XSUPERVISOR:END-->'
\`\`\`

\`\`\`php
<?php
echo "<!--XSUPERVISOR:BEGIN-->job 17 done<!--XSUPERVISOR:END-->";
flush();
\`\`\`

\`\`\`python
print("<!--XSUPERVISOR:BEGIN-->job 17 done<!--XSUPERVISOR:END-->", end="", flush=True)
\`\`\`

\`\`\`js
process.stdout.write("<!--XSUPERVISOR:BEGIN-->job 17 done<!--XSUPERVISOR:END-->");
\`\`\``;
