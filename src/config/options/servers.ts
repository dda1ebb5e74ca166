import { accounts, groups, owner } from "../kinds/accounts.ts";
import { inetAddress } from "../kinds/network.ts";
import { bytesFrom, duration, integerFrom, octal } from "../kinds/numbers.ts";
import { anyPath } from "../kinds/paths.ts";
import { boolean, names, text } from "../kinds/words.ts";
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
    doc:
      "Password that clients must give: as text, as {SHA} and 40 hex digits, or, which is better, as " +
      "`droverd hash-password` prints it ($scrypt$...).",
  }),
};

const limits = {
  max_connections: option({
    kind: integerFrom(1, 1_000_000),
    default: "2000",
    origin: "drover",
    doc:
      "Most connections at once, and at most a quarter of the files that the daemon may open. When " +
      "another comes, the one closes on which nothing has been asked for the longest time.",
  }),
  idle_timeout: option({
    kind: duration,
    default: "30m",
    origin: "drover",
    doc: "A connection on which nothing has been asked for so long is closed.",
  }),
  request_timeout: option({
    kind: duration,
    default: "30s",
    origin: "drover",
    doc: "A client has so long to send a request from its first byte to its last.",
  }),
  header_maxbytes: option({
    kind: bytesFrom(1_024, 2 ** 20),
    default: "16KB",
    origin: "drover",
    doc: "Most bytes of a request before its body; more are answered with status 431.",
  }),
  body_maxbytes: option({
    kind: bytesFrom(1_024, 2 ** 28),
    default: "4MB",
    origin: "drover",
    doc: "Most bytes of a request's body; more are answered with status 413.",
  }),
  stream_buffer_maxbytes: option({
    kind: bytesFrom(1_024, 2 ** 28),
    default: "64KB",
    origin: "drover",
    doc:
      "Most bytes that wait in the daemon for one reader of a stream. Of logs no more are read until " +
      "the reader has taken them.",
  }),
  max_calls: option({
    kind: integerFrom(1, 1_000_000),
    default: "1000",
    origin: "drover",
    doc: "Most calls in one system.multicall, and in one batch of JSON-RPC.",
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
  operators: option({
    kind: accounts,
    default: undefined,
    origin: "drover",
    example: "deploy, @ops",
    doc:
      "Users, and members of @groups, that may start, stop, signal and scale processes, write to them " +
      "and clear their logs, and look at everything; they may not reload or shut down the daemon. " +
      "With this or read_only_gids= nobody else is let in but root and the daemon's own user, who may " +
      "do everything. Needs the optional package koffi, and a chmod= that lets them connect.",
  }),
  read_only_gids: option({
    kind: groups,
    default: undefined,
    origin: "drover",
    example: "adm, monitoring",
    doc:
      "Groups, by name or id, whose members may look at the status and the logs and do nothing else, " +
      "unless operators= names them too.",
  }),
  ...limits,
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
  allowed_hosts: option({
    kind: names,
    default: undefined,
    origin: "drover",
    example: "queue1.example.com",
    doc:
      "Names by which clients may call this server, beside addresses, localhost, the machine's own " +
      "name and that of port=; * is any. Without it any will do where a password is asked for, and " +
      "no other where none is: a page in a browser could have its own name lead here.",
  }),
  ...limits,
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
    doc: "File in which the interactive shell keeps its history; ~/.local/state/drover/history when not set.",
  }),
};

export type UnixServerValues = Values<typeof unixServerOptions>;
export type InetServerValues = Values<typeof inetServerOptions>;
export type CtlValues = Values<typeof ctlOptions>;
