import { lookup } from "node:dns/promises";
import { isIPv4 } from "node:net";
import { errnoOf } from "./errno.ts";

const UNKNOWN = "[Errno -2] Name or service not known";
const UNANSWERED = "[Errno -3] Temporary failure in name resolution";

/** IPv4 addresses of hosts, for those who cannot wait for an answer when they need one. */
export class Hosts {
  readonly #addresses = new Map<string, string>();
  /** Why there is no address. */
  readonly #faults = new Map<string, string>();
  readonly #asking = new Map<string, Promise<void>>();

  /** @throws Error worded as Python would, when no answer has come yet or none names an address */
  addressOf(host: string): string {
    const address = isIPv4(host) ? host : this.#addresses.get(host);
    if (address === undefined) throw new Error(this.#faults.get(host) ?? UNANSWERED);
    return address;
  }

  /** Asks for an address, once at a time; what is known stays when there is none. Never rejects. */
  async ask(host: string): Promise<void> {
    if (isIPv4(host)) return;
    const asking = this.#asking.get(host) ?? this.#ask(host);
    this.#asking.set(host, asking);
    await asking;
  }

  async #ask(host: string): Promise<void> {
    try {
      const { address } = await lookup(host, { family: 4 });
      this.#addresses.set(host, address);
    } catch (error) {
      this.#faults.set(host, errnoOf(error) === "EAI_AGAIN" ? UNANSWERED : UNKNOWN);
    } finally {
      this.#asking.delete(host);
    }
  }
}
