/**
 * Whether a command of a client that said READONLY is executed on this node's own copies, though another node executes for the slots of
 * its keys: only what reads, and only if the copies have all that the client was shown or told that it wrote. A copy that has it in a
 * moment is waited for; else the command goes where it always goes.
 */
import { slotOf } from "../base/key-hash.js";
import type { ReplicaRead } from "../cluster/replica-reads.js";
import { HELD, HERE } from "../cluster/slot-routes.js";
import { keyPositions } from "../commands/command-facts.js";
import type { SessionCall } from "../commands/session.js";
import type { Client } from "./client.js";
import { BLOCKING, type Entry, MAY_REPLICATE, USES_KEYS, WATCHES, WRITE } from "./command-index.js";
import type { NodeState } from "./node-state.js";
import { QuorumQuestion } from "./quorum-guard.js";
import { NO_SLOT, type Router } from "./router.js";

/** A copy is behind by a message's way, or it is behind by more than another node is away. */
const WAIT_MS_MAX = 20;
/** What waits for changes waits where they are made. */
const KINDS = USES_KEYS | WRITE | MAY_REPLICATE | WATCHES | BLOCKING;

/** `wait`: it is to be offered again. */
export type Admission = "here" | "wait" | "elsewhere";

export interface ReplicaGuardOptions {
  readonly call: SessionCall;
  readonly node: NodeState;
  readonly router: Router;
}

export class ReplicaGuard {
  readonly #call: SessionCall;
  readonly #node: NodeState;
  readonly #router: Router;

  constructor({ call, node, router }: ReplicaGuardOptions) {
    this.#call = call;
    this.#node = node;
    this.#router = router;
  }

  /** Judges the command at hand, which this node does not execute, or not alone, for its client. */
  admit(client: Client, entry: Entry): Admission {
    if (!isRead(entry) || !mayStay(client)) return "elsewhere";
    const call = this.#call;
    const { replicaReads } = this.#node;
    const seen = client.marks!;
    let awaited: ReplicaRead | undefined;
    for (const { at } of keyPositions(entry.command, call)) {
      const slot = slotOf(call.bytes, call.start(at), call.end(at));
      const route = this.#router.of(slot);
      if (route === HERE) continue;
      if (route === HELD) return "elsewhere";
      const read = { slot, route, seen };
      const readability = replicaReads.judge(read);
      if (readability === "elsewhere") return "elsewhere";
      if (readability === "soon") awaited = read;
    }
    if (awaited === undefined) return "here";
    if (client.question === null) this.#ask(client, awaited);
    return client.question!.outcome === undefined ? "wait" : "elsewhere";
  }

  #ask(client: Client, read: ReplicaRead): void {
    const question = new QuorumQuestion();
    client.question = question;
    void this.#node.replicaReads.wait(read, WAIT_MS_MAX).then(() => {
      question.outcome = "confirmed";
      client.answered(question);
    });
  }
}

function isRead({ bits, firstKey }: Entry): boolean {
  return firstKey !== 0 && (bits & KINDS) === USES_KEYS;
}

/** What is on its way to another node may be a write; and what a client watches elsewhere it reads there, or could be shown less. */
function mayStay(client: Client): boolean {
  return client.consistency === "one" && client.watchedSlot === NO_SLOT && !client.elsewhere.isBusy;
}
