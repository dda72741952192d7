/** What one client has asked for by CLIENT TRACKING, and how it is told of keys that have changed. */
import { brokenRedirection, Invalidation } from "../tracking/invalidation.js";
import type { Tracker, TrackingMode, TrackingState, Writer } from "../tracking/tracker.js";
import type { Client } from "./client.js";

const EVERYTHING = new Invalidation(null);
const NOTHING_ASKED: TrackingMode = {
  redirect: 0,
  broadcasts: false,
  prefixes: [],
  optIn: false,
  optOut: false,
  noLoop: false,
};

export class ClientTracking implements Tracker, TrackingState {
  isCaching = false;
  isBroken = false;
  isGone = false;
  readonly #find: (id: number) => Client | undefined;
  /** Null when it is gone: nobody is told, and nothing of it is kept for that. */
  #client: Client | null;
  #isOn = false;
  #mode: TrackingMode = NOTHING_ASKED;
  /** Keys of the last command of the client that reads and may wait for them. */
  #awaited: readonly string[] = [];

  constructor(client: Client, find: (id: number) => Client | undefined) {
    this.#client = client;
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

  /** Is asked for; if it was before, and in another way, prefixes add up. */
  begin(mode: TrackingMode): void {
    this.#isOn = true;
    const prefixes = mode.broadcasts ? [...new Set([...this.#mode.prefixes, ...mode.prefixes])] : [];
    this.#mode = { ...mode, prefixes };
    this.isBroken = false;
  }

  /** Is told of nothing until it is asked for again. */
  pause(): void {
    this.#isOn = false;
    this.isCaching = false;
    this.#mode = NOTHING_ASKED;
  }

  end(): void {
    this.pause();
    this.#client = null;
    this.isGone = true;
  }

  /** A command of the client was executed. What CLIENT CACHING said is about one, or about a transaction. */
  executed(isAboutClients: boolean): void {
    if (this.#client?.transaction === null && !isAboutClients) this.isCaching = false;
  }

  /** The command at hand reads these keys, perhaps when it has waited for them. */
  awaits(keys: readonly string[]): void {
    this.#awaited = keys;
  }

  /**
   * It has waited. What was told meanwhile was told ahead of its reply, which may be of before or of after that: what is read so is not to be kept.
   */
  waited(): void {
    const keys = this.#awaited;
    this.#awaited = [];
    if (keys.length > 0) this.tell(new Invalidation(keys));
  }

  changed(key: string, writer: Writer | null): void {
    if (this.#mode.broadcasts || this.isOwn(writer)) return;
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
    if (client === null || !this.#isOn) return;
    const { redirect } = this.#mode;
    if (redirect === 0) {
      if (client.resp === 3) client.hear(invalidation.form(3));
      return;
    }
    client.output.afterReplies(() => this.#tellOther(client, redirect, invalidation));
  }

  #tellOther(client: Client, redirect: number, invalidation: Invalidation): void {
    const other = this.#find(redirect);
    if (other === undefined) {
      if (redirect === this.#mode.redirect) this.isBroken = true;
      if (client.resp === 3) client.hear(brokenRedirection(redirect));
    } else if (other.resp === 3 || other.isSubscriber) {
      other.hear(invalidation.form(other.resp, client.resp));
    }
  }
}
