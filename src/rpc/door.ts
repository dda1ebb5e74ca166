import type { IncomingMessage } from "node:http";
import { Fault } from "../faults.ts";
import type { Login } from "./auth.ts";
import {
  type Caller,
  describeCall,
  describeCaller,
  includesRole,
  type RoleRules,
  roleOf,
} from "./callers.ts";
import { isFromPage, isOurs } from "./hosts.ts";
import { HttpError } from "./httperror.ts";
import { type MethodName, methods, type Role } from "./methods.ts";

/** Calls that change something, and attempts that were refused. */
export interface Audit {
  /** @param text who has called what on what, on one line */
  done(text: string, call: { caller: Caller; method: string }): void;
  refused(text: string, caller: Caller): void;
}

export interface DoorSpec {
  /** undefined: no password is asked for. */
  login: Login | undefined;
  /** Names by which clients may call this server; undefined: any, as no browser can reach it. */
  hosts: readonly string[] | undefined;
  rules: RoleRules | undefined;
  /** In one request. */
  maxCalls: number;
  /** Without the name, which only the login knows. */
  callerOf(request: IncomingMessage): Caller;
  audit: Audit;
}

/** What the calls of one request have to pass. */
export interface Gate {
  /** Who makes them, as `uid 1000, pid 4711`. */
  caller: string;
  /**
   * Counts calls that come together, before the first of them is made.
   * @throws Fault INCORRECT_PARAMETERS when they are too many for one request
   */
  take(calls: number): void;
  /** Is told of every call before it is made. @throws Fault FAILED when it may not be made */
  check(method: MethodName, params: Readonly<Record<string, unknown>>): void;
}

/** Decides who comes in to one server, and what for. */
export class Door {
  readonly #spec: DoorSpec;

  constructor(spec: DoorSpec) {
    this.#spec = spec;
  }

  /**
   * Lets a request in, or does not.
   * @returns what its calls have to pass
   * @throws HttpError 401, 403
   */
  async enter(request: IncomingMessage): Promise<Gate> {
    const { login, hosts, rules, maxCalls, callerOf } = this.#spec;
    const caller = callerOf(request);
    const { host, authorization } = request.headers;
    if (hosts && !isOurs(host, hosts)) {
      this.#refuse(
        403,
        caller,
        `this server is not called ${JSON.stringify(host)}: see allowed_hosts=`,
      );
    }
    // No page in a browser has business here, whatever it was told to fetch.
    if (isFromPage(request.headers)) this.#refuse(403, caller, "not for pages in browsers");
    if (login) {
      const username = await login.admit(authorization);
      // A client that has yet to ask its user for the password is no attempt.
      if (username === undefined && authorization === undefined) throw needsLogin();
      if (username === undefined) this.#refuse(401, caller, "wrong username or password");
      if (caller.by === "inet") caller.username = username;
    }
    const role = roleOf(caller, rules);
    if (role === undefined) {
      this.#refuse(403, caller, `${describeCaller(caller)} has no role here: see operators=`);
    }
    let left = maxCalls;
    return {
      caller: describeCaller(caller),
      take(calls) {
        left -= calls;
        if (left >= 0) return;
        const why = `a request may hold ${maxCalls} calls, and this has more: see max_calls=`;
        throw new Fault("INCORRECT_PARAMETERS", why);
      },
      check: (method, params) => this.#check(method, params, { caller, role }),
    };
  }

  #check(
    method: MethodName,
    params: Readonly<Record<string, unknown>>,
    { caller, role }: { caller: Caller; role: Role },
  ): void {
    const { audit } = this.#spec;
    const { role: needed } = methods[method];
    const text = `${describeCaller(caller)}: ${describeCall(method, params)}`;
    if (!includesRole(role, needed)) {
      audit.refused(`${text}: the caller's role is ${role}, and this needs ${needed}`, caller);
      // A fault that every client of supervisord knows what to make of.
      const why = `${method} needs the role ${needed}, and ${describeCaller(caller)} has ${role}`;
      throw new Fault("FAILED", why);
    }
    if (needed !== "read") audit.done(text, { caller, method });
  }

  #refuse(status: 401 | 403, caller: Caller, why: string): never {
    this.#spec.audit.refused(`${describeCaller(caller)}: ${why}`, caller);
    throw status === 401 ? needsLogin() : new HttpError(status, why);
  }
}

const needsLogin = (): HttpError =>
  new HttpError(401, "this server needs a username and a password", {
    "WWW-Authenticate": 'Basic realm="default"',
    Connection: "close",
  });
