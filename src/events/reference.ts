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
stopped), \`error\` (why it could not be started, or was given up), \`exit\` (how its child has ended: code,
signal, cause in words, the last lines that it wrote), \`data\` (\`data_base64\` where it is no UTF-8),
\`subject\` (the type of a REMOTE_COMMUNICATION), \`when\`, and of logs \`logfile\`, \`errno\`, \`waits\`,
\`lost_bytes\`, \`took_ms\`.

Every event has a \`number\`, one more than the one before, but for those below \`PROCESS_LOG\` and \`TICK\`,
which come only to those who ask for them while they happen. The header \`Drover-Newest-Event\` says the
number of the newest event when the stream began. Whoever comes back with \`after=\` and the last number
seen goes on there, with nothing twice. droverd remembers the latest 1,000. With
\`[supervisord] event_log=\` it writes them down as well, the numbers go on over restarts of droverd, and
streams go back as far as the journal does (\`event_log_maxbytes=\`, \`event_log_backups=\`).

Events that are not to be had any more are told of: \`{"type":"GAP","after":5,"before":9}\` stands where
those with numbers between 5 and 9 would. \`{"type":"MISSED","events":3}\` says the same of events without
numbers that came faster than they were read. droverd waits for a slow reader and keeps little for it.

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
