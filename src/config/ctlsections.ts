import { rundirOptions } from "./options/rundir.ts";
import { ctlOptions, inetServerOptions, unixServerOptions } from "./options/servers.ts";
import { section, tellApart } from "./section.ts";

/** The sections that are for control programs, too: these load no other options than those here. */
export const ctlSections = {
  unixServer: section({
    title: "unix_http_server",
    several: true,
    options: unixServerOptions,
    names: "env",
    doc: "A control socket; several sections whose names begin so are several sockets. Without any there is drover.sock in the run folder.",
  }),
  inetServer: section({
    title: "inet_http_server",
    several: true,
    options: inetServerOptions,
    names: "env",
    doc: "A control server on a TCP port; several sections whose names begin so are several servers.",
  }),
  ctl: section({
    title: "supervisorctl",
    options: ctlOptions,
    names: "env",
    doc: "For droverctl: where the daemon is.",
  }),
} as const;

/** Of `[supervisord]` they need where its run folder is. */
export const rundirSection = section({
  title: "supervisord",
  options: rundirOptions,
  names: "here",
  doc: "Where the daemon is.",
});

export const ctlKindOf = tellApart([...Object.values(ctlSections), rundirSection]);
