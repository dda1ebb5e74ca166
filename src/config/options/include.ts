import { text } from "../kinds/words.ts";
import { option, required } from "../table.ts";

export const includeOptions = {
  files: option({
    kind: text,
    default: required,
    names: "host",
    example: "conf.d/*.ini",
    doc: "File patterns, separated by white space and relative to this file.",
  }),
};
