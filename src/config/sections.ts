import { ctlSections } from "./ctlsections.ts";
import { hookOptions } from "./options/hooks.ts";
import { includeOptions } from "./options/include.ts";
import {
  fcgiOptions,
  groupOptions,
  listenerOptions,
  processOptions,
  programOptions,
} from "./options/programs.ts";
import { supervisordOptions } from "./options/supervisord.ts";
import { type SectionKind, section, tellApart } from "./section.ts";

const everyProgram = { ...programOptions, ...processOptions };

const PROGRAM_DEFAULT = "program-default";

/** Every section that drover reads, and so every option there is. */
export const sections = {
  supervisord: section({
    title: "supervisord",
    options: supervisordOptions,
    names: "here",
    doc: "The daemon. This section must be there, and may be empty.",
  }),
  ...ctlSections,
  include: section({
    title: "include",
    options: includeOptions,
    names: "host",
    doc: "Further files; read from the first file only.",
  }),
  programDefault: section({
    title: PROGRAM_DEFAULT,
    options: everyProgram,
    names: "program",
    origin: "drover",
    doc: "Values for every [program:x] and [fcgi-program:x] that does not set them itself.",
  }),
  program: section({
    title: "program:x",
    defaults: PROGRAM_DEFAULT,
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
    defaults: PROGRAM_DEFAULT,
    options: { ...everyProgram, ...fcgiOptions },
    names: "program",
    doc: "A program whose processes share a listening socket. It has the options of a program too.",
  }),
} as const;

/** Sections for supervisord's Python plug-ins; no option of theirs is drover's. */
export const pluginSection = /^(?:rpcinterface|ctlplugin):/;

export const sectionKinds: readonly SectionKind[] = Object.values(sections);

/** What kind of section has this name; undefined when drover has no such section. */
export const kindOf = tellApart(sectionKinds);
