import { droverMethods } from "./methods/drover.ts";
import { supervisorMethods } from "./methods/supervisor.ts";
import { systemMethods } from "./methods/system.ts";
import type { OptionalKind, ParamKind, ResultKind } from "./values.ts";

export type { Role } from "./methods/row.ts";

/** Every method of the daemon. Both codecs, the typed client, argument checks and help come from it. */
export const methods = { ...supervisorMethods, ...droverMethods, ...systemMethods };

type Methods = typeof methods;
export type MethodName = keyof Methods;

type ValueOf<K> = K extends ParamKind<infer V> ? V : never;
export type Params<M extends MethodName> = {
  -readonly [P in keyof Methods[M]["params"]]: ValueOf<Methods[M]["params"][P]>;
};
/** As a caller may give them: those with a default may be left out. */
export type GivenParams<M extends MethodName> = {
  [P in keyof Params<M> as IsOptional<M, P> extends true ? never : P]: Params<M>[P];
} & {
  [P in keyof Params<M> as IsOptional<M, P> extends true ? P : never]?: Params<M>[P];
};

type IsOptional<M extends MethodName, P extends keyof Params<M>> =
  Methods[M]["params"][P] extends OptionalKind<unknown> ? true : false;

export type Result<M extends MethodName> =
  Methods[M]["result"] extends ResultKind<infer V> ? V : never;

/** What the daemon implements, and what a client offers. */
export type Handlers = {
  [M in Exclude<MethodName, "system.multicall">]: (
    params: Params<M>,
  ) => Result<M> | Promise<Result<M>>;
};
