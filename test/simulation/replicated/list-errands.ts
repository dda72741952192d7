/** What a client asks of lists that others push to and pop from, too. */
import type { Prng } from "#torus/base/prng.js";
import { type Reply, textOf } from "../../support/reply.js";
import type { Argument } from "../../support/request.js";
import { contentOf, type Step, textsOf } from "../cluster/script.js";
import { type Connection, KEPT } from "./connection.js";
import type { Ledger } from "./ledger.js";
import type { Queue } from "./queue.js";

export interface ListErrandsOptions {
  readonly name: string;
  readonly prng: Prng;
  readonly ledger: Ledger;
  readonly nowMs: () => number;
}

const PUSHED_MAX = 3;
const TTL_MS_MAX = 3000;
/** What is done to lists that nobody keeps a book of. Elements are few, so that they are found. */
const ELEMENTS = ["a", "b", "7", "-1", "100000", "x".repeat(700)] as const;
const ENDS = ["LEFT", "RIGHT"] as const;
const INDEXES = [0, 1, 3, -1, -2] as const;
/** The list is not there, or not so long. */
const MISSES = ["ERR no such key", "ERR index out of range"];

export class ListErrands {
  readonly #options: ListErrandsOptions;
  #number = 0;

  constructor(options: ListErrandsOptions) {
    this.#options = options;
  }

  draw(connection: Connection): Step {
    const { prng, ledger, nowMs } = this.#options;
    switch (prng.below(6)) {
      case 0:
      case 1:
        return this.#push(connection, prng.pick(ledger.queues));
      case 2:
        return this.#pop(connection, prng.pick(ledger.queues));
      default:
        // A list that gets a deadline is there at one node and not at the next if it passes while they are asked.
        return connection.steps([this.#drawScratch()], () => ledger.deadlineAt(nowMs() + TTL_MS_MAX), MISSES);
    }
  }

  #push(connection: Connection, queue: Queue): Step {
    const { prng, name } = this.#options;
    const count = 1 + prng.below(PUSHED_MAX);
    const elements = Array.from({ length: count }, () => `${name}.${++this.#number}`);
    for (const element of elements) queue.pushing(element);
    const settle = (outcome: Parameters<Queue["pushed"]>[1]) => {
      for (const element of elements) queue.pushed(element, outcome);
    };
    return connection.step([prng.pick(["LPUSH", "RPUSH"]), queue.key, ...elements], (reply) => {
      settle(connection.outcomeOf(reply));
      connection.note(reply, undefined, () => settle(KEPT));
    });
  }

  #pop(connection: Connection, queue: Queue): Step {
    const { prng } = this.#options;
    const count = prng.pick([undefined, undefined, 2, 5]);
    const args = [prng.pick(["LPOP", "RPOP"]), queue.key, ...(count === undefined ? [] : [count])];
    return connection.step(args, (reply) => {
      const outcome = connection.outcomeOf(reply);
      if (outcome.fate === "refused") return;
      if (!connection.isAnswer(reply)) {
        queue.doubted(count ?? 1);
        return;
      }
      const popped = elementsOf(reply);
      for (const element of popped) queue.popped(element, outcome);
      connection.note(reply, undefined, () => {
        for (const element of popped) queue.popped(element, KEPT);
      });
    });
  }

  #drawScratch(): readonly Argument[] {
    const { prng, ledger } = this.#options;
    const key = prng.pick(ledger.scratch);
    const element = prng.pick(ELEMENTS);
    const index = prng.pick(INDEXES);
    switch (prng.below(16)) {
      case 0:
      case 1:
        return ["RPUSH", key, element, prng.pick(ELEMENTS)];
      case 2:
      case 3:
        return ["LPUSH", key, element, prng.pick(ELEMENTS), element];
      case 4:
      case 5:
        return ["LINSERT", key, prng.pick(["BEFORE", "AFTER"]), element, prng.pick(ELEMENTS)];
      case 6:
        return ["LSET", key, index, element];
      case 7:
        return ["LREM", key, index, element];
      case 8:
        return ["LTRIM", key, prng.below(2), -1 - prng.below(2)];
      case 9:
        return [prng.pick(["LPOP", "RPOP"]), key];
      case 10:
        return ["LMOVE", key, prng.pick(ledger.scratch), prng.pick(ENDS), prng.pick(ENDS)];
      case 11:
        return ["RPUSH", key, ...Array.from({ length: 300 }, (_, i) => i)];
      case 12:
        return ["LMPOP", 2, key, prng.pick(ledger.scratch), prng.pick(ENDS), "COUNT", 2];
      case 13:
        return ["RPOPLPUSH", key, prng.pick(ledger.scratch)];
      case 14:
        return ["PEXPIRE", key, 1 + prng.below(TTL_MS_MAX)];
      default:
        return prng.chance(0.5) ? ["DEL", key] : ["RENAME", key, prng.pick(ledger.scratch)];
    }
  }
}

/** What was popped: one element, or an array of them, or none. */
function elementsOf(reply: Reply): readonly string[] {
  if (reply.kind === "array") return textsOf(reply);
  const element = contentOf(reply);
  return element === undefined ? [] : [textOf(reply)!];
}
