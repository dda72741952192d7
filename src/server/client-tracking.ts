/** What one client has asked for by CLIENT TRACKING, and how it is told of keys that have changed. */
import { brokenRedirection, Invalidation } from "../tracking/invalidation.js";
import type { Tracker, TrackingMode, TrackingState, Writer } from "../tracking/tracker.js";
import type { Client } from "./client.js";

const EVERYTHING = new Invalidation(null);

export class ClientTracking implements Tracker, TrackingState {
  isCaching = false;
  isBroken = false;
  /** Null when it has ended: who is still entered with keys is told of none. */
  #client: Client | null;
  #mode: TrackingMode;
  readonly #find: (id: number) => Client | undefined;

  constructor(client: Client, mode: TrackingMode, find: (id: number) => Client | undefined) {
    this.#client = client;
    this.#mode = mode;
    this.#find = find;
  }

  get redirect(): number {
    return this.#mode.redirect;
  }

  get broadcasts(): boolean {
    return this.#mode.broadcasts;
  }

  get prefixes(): readonly string[] {
    return this.#mode.prefixes;
  }

  get optIn(): boolean {
    return this.#mode.optIn;
  }

  get optOut(): boolean {
    return this.#mode.optOut;
  }

  get noLoop(): boolean {
    return this.#mode.noLoop;
  }

  /** Whether what the command at hand reads is to be tracked. */
  get remembers(): boolean {
    const { broadcasts, optIn, optOut } = this.#mode;
    if (broadcasts) return false;
    return optIn ? this.isCaching : !(optOut && this.isCaching);
  }

  /** Is asked for once more, in another way: prefixes add up. */
  change(mode: TrackingMode): void {
    const prefixes = mode.broadcasts ? [...new Set([...this.#mode.prefixes, ...mode.prefixes])] : [];
    this.#mode = { ...mode, prefixes };
    this.isBroken = false;
  }

  end(): void {
    this.#client = null;
  }

  /** A command of the client was executed. What CLIENT CACHING said is about one, or about a transaction. */
  executed(isAboutClients: boolean): void {
    if (this.#client?.transaction === null && !isAboutClients) this.isCaching = false;
  }

  changed(key: string, writer: Writer | null): void {
    const client = this.#client;
    if (client === null || this.#mode.broadcasts || this.isOwn(writer)) return;
    this.tell(new Invalidation([key]));
  }

  lost(): void {
    this.tell(EVERYTHING);
  }

  /** Whether it does not want to hear of what this one changes. */
  isOwn(writer: Writer | null): boolean {
    return this.#mode.noLoop && writer !== null && writer === this.#client;
  }

  /** Tells the client, or the other one in its place, behind the replies to all that the client has asked for so far. */
  tell(invalidation: Invalidation): void {
    const client = this.#client;
    if (client === null) return;
    const { redirect } = this.#mode;
    if (redirect === 0) {
      if (client.resp === 3) client.hear(invalidation.form(3));
      return;
    }
    client.output.afterReplies(() => this.#tellOther(client, invalidation));
  }

  #tellOther(client: Client, invalidation: Invalidation): void {
    const { redirect } = this.#mode;
    const other = this.#find(redirect);
    if (other === undefined) {
      this.isBroken = true;
      if (client.resp === 3) client.hear(brokenRedirection(redirect));
    } else if (other.resp === 3 || other.isSubscriber) {
      other.hear(invalidation.form(other.resp, client.resp));
    }
  }
}
