import { text } from "./kinds/words.ts";
import type { Scope } from "./names.ts";
import { hookOptions } from "./options/hooks.ts";
import {
  fcgiOptions,
  groupOptions,
  listenerOptions,
  processOptions,
  programOptions,
} from "./options/programs.ts";
import { ctlOptions, inetServerOptions, unixServerOptions } from "./options/servers.ts";
import { supervisordOptions } from "./options/supervisord.ts";
import { commonOptions, option, required, type Table } from "./table.ts";

/** One kind of section: how it is headed, and the options that may stand in it. */
export interface SectionKind<T extends Table = Table> {
  /** As one would write it, without brackets; `:x` stands for a name. */
  title: string;
  /** Every section whose name begins so is one. */
  several?: true;
  options: T;
  /** The names its options may expand, where their rows name no others. */
  names: Scope;
  doc: string;
  origin?: "drover";
}

const section = <T extends Table>(row: SectionKind<T>): SectionKind<T & typeof commonOptions> => ({
  ...row,
  options: { ...row.options, ...commonOptions },
});

const includeOptions = {
  files: option({
    kind: text,
    default: required,
    names: "host",
    example: "conf.d/*.ini",
    doc: "File patterns, separated by white space and relative to this file.",
  }),
};

const everyProgram = { ...programOptions, ...processOptions };

/** Every section that drover reads, and so every option there is. */
export const sections = {
  supervisord: section({
    title: "supervisord",
    options: supervisordOptions,
    names: "here",
    doc: "The daemon. This section must be there, and may be empty.",
  }),
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
  include: section({
    title: "include",
    options: includeOptions,
    names: "host",
    doc: "Further files; read from the first file only.",
  }),
  programDefault: section({
    title: "program-default",
    options: everyProgram,
    names: "program",
    origin: "drover",
    doc: "Values for every [program:x] and [fcgi-program:x] that does not set them itself.",
  }),
  program: section({
    title: "program:x",
    options: everyProgram,
    names: "program",
    doc: "A program to keep running.",
  }),
  group: section({
    title: "group:x",
    options: groupOptions,
    names: "here",
    doc: "Programs under one name; they have no group of their own then.",
  }),
  listener: section({
    title: "eventlistener:x",
    options: { ...everyProgram, ...listenerOptions },
    names: "program",
    doc: "A program that is told of events on its stdin. It has the options of a program too; its priority as a group is -1 when not set.",
  }),
  hook: section({
    title: "hook:x",
    options: hookOptions,
    names: "here",
    origin: "drover",
    doc: "Something to run, or to post, when something happens; see docs/events.md. Hooks are taken over by `update`.",
  }),
  fcgi: section({
    title: "fcgi-program:x",
    options: { ...everyProgram, ...fcgiOptions },
    names: "program",
    doc: "A program whose processes share a listening socket. It has the options of a program too.",
  }),
} as const;

/** Sections for supervisord's Python plug-ins; no option of theirs is drover's. */
export const pluginSection = /^(?:rpcinterface|ctlplugin):/;

export const sectionKinds: readonly SectionKind[] = Object.values(sections);

const byTitle = new Map(sectionKinds.map((kind) => [kind.title, kind]));

/** What kind of section has this name; undefined when drover has no such section. */
export function kindOf(name: string): SectionKind | undefined {
  const colon = name.indexOf(":");
  return (
    byTitle.get(colon < 0 ? name : `${name.slice(0, colon)}:x`) ??
    sectionKinds.find(({ several, title }) => several && name.startsWith(title))
  );
}
