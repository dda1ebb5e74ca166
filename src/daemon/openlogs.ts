import type { SupervisordValues } from "../config/options/supervisord.ts";
import type { Bus } from "../events/bus.ts";
import type { Recent } from "../events/recent.ts";
import { systemClock } from "../os/clock.ts";
import { native } from "../os/native.ts";
import { StartError } from "./errors.ts";
import { Journal } from "./journal.ts";
import { createLog, type Log } from "./log.ts";
import { careOf, noCare } from "./logcare.ts";
import { LogNews, logReports, watchedDisks } from "./logreports.ts";
import type { DaemonOptions } from "./open.ts";
import type { Sink } from "./sink.ts";
import { Sinks } from "./sinks.ts";
import { Syslog } from "./syslog.ts";

/** What has been opened so far, to be given back in reverse. */
export type Undo = (() => void)[];

/** The daemon's own log, and all that logs are written through. @throws StartError */
export function openLog(
  { config: { supervisord }, echo }: DaemonOptions,
  { rundir, events, undo }: { rundir: string; events: Bus; undo: Undo },
) {
  const news = new LogNews((...line) => log(...line), events);
  const reports = logReports(news);
  const sinks = new Sinks(reports, watchedDisks(rundir, news));
  undo.push(() => sinks.close());
  const syslog = new Syslog(
    { path: supervisord.syslog_socket, ident: supervisord.syslog_ident },
    systemClock,
    reports,
  );
  const { logfile, loglevel: level, log_format: format } = supervisord;
  const mainLog = logfile.to === "file" ? logfile.path : undefined;
  const stdout = sinks.open({ path: "/dev/stdout", maxBytes: 0, backups: 0 });
  const used = new Set(echo ? [stdout] : []);
  if (mainLog !== undefined) {
    const { logfile_maxbytes: maxBytes, logfile_backups: backups } = supervisord;
    const care = careOf(supervisord);
    used.add(sinks.open({ path: mainLog, maxBytes, backups, care }));
  }
  for (const sink of used) acquire(sink, undo);
  undo.push(() => syslog.close());
  if (mainLog === undefined && !native()) {
    const message = "logfile=syslog needs the optional package koffi, which is not installed";
    throw new StartError(`Error: ${message}`, 1);
  }
  const toSyslog = mainLog === undefined ? (line: string) => syslog.send(line) : undefined;
  const log: Log = createLog({ level, format, sinks: [...used], syslog: toSyslog });
  return { log, sinks, syslog, mainLog };
}

/** @throws StartError */
function acquire(sink: Sink, undo: Undo): void {
  try {
    sink.acquire();
  } catch (error) {
    throw new StartError(`Error: cannot open the log ${sink.spec.path}: ${error}`, 1);
  }
  undo.push(
    () => sink.release(),
    // After a start that fails nobody waits for whoever reads it.
    () => sink.giveUp(),
  );
}

interface JournalPlaces {
  sinks: Sinks;
  recent: Recent;
  undo: Undo;
}

/** Opens the events' journal, whose numbers the next events go on with. @throws StartError */
export async function openJournal(
  values: SupervisordValues,
  { sinks, recent, undo }: JournalPlaces,
): Promise<Journal | undefined> {
  const { event_log: path, event_log_maxbytes: maxBytes, event_log_backups: backups } = values;
  if (path === undefined) return undefined;
  // It is rotated by its size alone: what is compressed could not be searched.
  const { mode, owner } = careOf(values);
  const sink = sinks.open({ path, maxBytes, backups, care: { ...noCare, mode, owner } });
  acquire(sink, undo);
  const journal = new Journal(sink);
  const last = (await sinks.answers(path)) ? journal.begin() : undefined;
  if (last !== undefined) recent.goOnWith(last + 1);
  return journal;
}
