import { owner } from "../kinds/accounts.ts";
import { inetAddress } from "../kinds/network.ts";
import { octal } from "../kinds/numbers.ts";
import { anyPath } from "../kinds/paths.ts";
import { boolean, text } from "../kinds/words.ts";
import { option, required, type Values } from "../table.ts";

const credentials = {
  username: option({
    kind: text,
    default: undefined,
    example: "ops",
    doc: "Name that clients must give; needs a password too.",
  }),
  password: option({
    kind: text,
    default: undefined,
    example: "{SHA}82ab876d1387bfafe46cc1c8a2ef074eae50cb1d",
    secret: true,
    doc: "Password that clients must give, as text or as {SHA} and 40 hex digits.",
  }),
};

export const unixServerOptions = {
  file: option({
    kind: anyPath,
    default: required,
    names: "here",
    example: "/run/drover/drover.sock",
    doc: "Path of the control socket.",
  }),
  chmod: option({ kind: octal, default: "0700", doc: "Mode of the control socket." }),
  chown: option({
    kind: owner,
    default: undefined,
    example: "root:ops",
    doc: "Owner of the control socket, as user[:group].",
  }),
  ...credentials,
};

export const inetServerOptions = {
  port: option({
    kind: inetAddress,
    default: required,
    example: "127.0.0.1:9001",
    doc: "Address to listen on: port, host:port, or *:port for every address.",
  }),
  ...credentials,
  allow_anonymous: option({
    kind: boolean,
    default: "no",
    origin: "drover",
    doc:
      "Answer without a password on other addresses than loopback. Who reaches the port " +
      "can run commands as the daemon's user.",
  }),
};

export const ctlOptions = {
  serverurl: option({
    kind: text,
    default: undefined,
    names: "here",
    example: "unix:///run/drover/drover.sock",
    doc: "Server to talk to: unix:///path/to/socket or http://host:port.",
  }),
  username: option({
    kind: text,
    default: undefined,
    example: "ops",
    doc: "Name to log in with.",
  }),
  password: option({
    kind: text,
    default: undefined,
    example: "secret",
    secret: true,
    doc: "Password to log in with.",
  }),
  prompt: option({ kind: text, default: "supervisor", doc: "Prompt of the interactive shell." }),
  history_file: option({
    kind: anyPath,
    default: undefined,
    names: "here",
    example: "~/.drover_history",
    later: true,
    doc: "File in which the interactive shell keeps its history.",
  }),
};

export type UnixServerValues = Values<typeof unixServerOptions>;
export type InetServerValues = Values<typeof inetServerOptions>;
export type CtlValues = Values<typeof ctlOptions>;
