/** All that this node hands over in a change of owners: one sender for each next owner, and what became of the slots. */
import type { Log } from "../host/log.js";
import type { Timers } from "../host/timers.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { NodeId } from "../membership/member.js";
import type { Peers } from "./peers.js";
import type { Progress } from "./placement-messages.js";
import { SlotSender } from "./slot-sender.js";
import { SlotSet } from "./slot-set.js";
import { SLOTS_SERVICE } from "./transfer-messages.js";

/** Sessions of one start of a node. */
const SESSIONS_MAX = 2 ** 20;

export interface HandingOverOptions {
  readonly keyspace: Keyspace;
  readonly host: { readonly timers: Timers; readonly log: Log };
  readonly peers: Peers;
  /** Counts the starts of this node. */
  readonly boot: number;
  /** Resolves when this node will remember that the slots were offered in a change of that name. */
  readonly offered: (change: string, slots: readonly number[]) => Promise<void>;
  /** Somebody else executes for the slots from now on, or nobody, or this node again. */
  readonly rerouted: (slots: readonly number[]) => void;
  /** All is copied, or all is handed over, to one of the next owners. */
  readonly progressed: () => void;
}

export class HandingOver {
  /** The next owner executes for these. */
  readonly handed = new SlotSet();
  /** Nobody may execute for these: this node has asked the next owner to, or is about to. */
  readonly held = new SlotSet();
  readonly #options: HandingOverOptions;
  readonly #senders = new Map<NodeId, SlotSender>();
  #sessions = 0;

  constructor(options: HandingOverOptions) {
    this.#options = options;
  }

  /** Of all senders together. */
  get slots(): number {
    return this.#sum(({ slotCount }) => slotCount);
  }

  get slotsDone(): number {
    return this.#sum(({ handedCount }) => handedCount);
  }

  get bytesSent(): number {
    return this.#sum(({ bytesSent }) => bytesSent);
  }

  get progress(): Omit<Progress, "isCertain"> {
    const senders = [...this.#senders.values()];
    return {
      isCopied: senders.every(({ isCopied, isDone }) => isCopied || isDone),
      isHandedOver: senders.every(({ isDone }) => isDone),
    };
  }

  /**
   * Begins to copy slots to their next owners, but for what that is under way already. Those that were `offered` in an earlier life
   * of this node are held until it is known whether they were taken.
   */
  begin(change: string, moves: ReadonlyMap<NodeId, readonly number[]>, offered: SlotSet): void {
    for (const [to, slots] of moves) {
      if (this.#senders.has(to)) continue;
      const uncertain = slots.filter((slot) => offered.has(slot));
      this.held.addAll(uncertain);
      const sender = this.#sender(change, to, slots, uncertain);
      this.#senders.set(to, sender);
      void sender.run();
    }
  }

  /** All agree that what is copied may be handed over. */
  allow(): void {
    for (const sender of this.#senders.values()) {
      sender.mayHandOver = true;
      sender.wake();
    }
  }

  /** The change is over, or was given up. */
  end(): void {
    for (const sender of this.#senders.values()) sender.close();
    this.#senders.clear();
    this.held.clear();
    this.handed.clear();
  }

  #sender(change: string, to: NodeId, slots: readonly number[], offered: readonly number[]): SlotSender {
    const { keyspace, host, peers, boot, rerouted, progressed } = this.#options;
    return new SlotSender({
      keyspace,
      timers: host.timers,
      change,
      slots,
      offered,
      newSession: () => boot * SESSIONS_MAX + ++this.#sessions,
      ask: async (body, timeoutMs) =>
        (await peers.linkTo(to)?.ask(SLOTS_SERVICE, body, timeoutMs)) ?? { kind: "unsent" },
      events: {
        held: (held) => {
          this.held.addAll(held);
          rerouted(held);
        },
        released: (released) => {
          this.held.deleteAll(released);
          rerouted(released);
        },
        handed: (handed) => {
          this.held.deleteAll(handed);
          this.handed.addAll(handed);
          rerouted(handed);
        },
        offered: (slots) => this.#options.offered(change, slots),
        progressed,
        troubled: (error) => host.log.error("slots cannot be handed over", { to, error: String(error) }),
      },
    });
  }

  #sum(count: (sender: SlotSender) => number): number {
    let sum = 0;
    for (const sender of this.#senders.values()) sum += count(sender);
    return sum;
  }
}
