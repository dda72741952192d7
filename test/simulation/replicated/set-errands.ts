/**
 * What a client asks of sets and sorted sets that others use, too: some from which whatever comes is popped, some whose members are moved from one to the
 * other, and some of which is only wanted that all nodes have the same in the end.
 */
import type { Prng } from "#torus/base/prng.js";
import { type Reply, textOf } from "../../support/reply.js";
import type { Argument } from "../../support/request.js";
import { contentOf, type Step, textsOf } from "../cluster/script.js";
import { type Connection, KEPT } from "./connection.js";
import type { Outcome } from "./leaf.js";
import type { Ledger } from "./ledger.js";
import type { MovedMembers } from "./moved-members.js";
import type { Queue } from "./queue.js";

export interface SetErrandsOptions {
  readonly name: string;
  readonly prng: Prng;
  readonly ledger: Ledger;
  readonly nowMs: () => number;
}

const ADDED_MAX = 3;
const TTL_MS_MAX = 3000;
const SCORE_MAX = 5;
/** Integers, so that some sets are of nothing else, and words. Members are few, so that they are found. */
const MEMBERS = ["1", "2", "70000", "a", "b", "c", "x".repeat(100)] as const;
const COMBINING = ["SINTERSTORE", "SUNIONSTORE", "SDIFFSTORE"] as const;
const SCORED_COMBINING = ["ZINTERSTORE", "ZUNIONSTORE", "ZDIFFSTORE"] as const;
const POPPING = ["ZPOPMIN", "ZPOPMAX"] as const;
const ENDS = ["MIN", "MAX"] as const;
/** The key is not there, or is the same as the other. */
const MISSES = ["ERR no such key", "ERR source and destination objects are the same"];

export class SetErrands {
  readonly #options: SetErrandsOptions;
  #number = 0;

  constructor(options: SetErrandsOptions) {
    this.#options = options;
  }

  draw(connection: Connection): Step {
    const { prng, ledger, nowMs } = this.#options;
    switch (prng.below(8)) {
      case 0:
      case 1:
        return this.#add(connection, prng.pick(ledger.poppedSets));
      case 2:
        return this.#pop(connection, prng.pick(ledger.poppedSets));
      case 3:
        return this.#addMovable(connection, prng.pick(ledger.movedMembers));
      case 4:
        return this.#move(connection, prng.pick(ledger.movedMembers));
      default: {
        const args = prng.chance(0.5) ? this.#drawScratch() : this.#drawScored();
        // What gets a deadline is there at one node and not at the next if it passes while they are asked.
        return connection.steps([args], () => ledger.deadlineAt(nowMs() + TTL_MS_MAX), MISSES);
      }
    }
  }

  // ---- Popped ----

  #add(connection: Connection, set: Queue): Step {
    const { prng } = this.#options;
    const members = Array.from({ length: 1 + prng.below(ADDED_MAX) }, () => this.#newMember());
    for (const member of members) set.pushing(member);
    const settle = (outcome: Outcome) => {
      for (const member of members) set.pushed(member, outcome);
    };
    return connection.step(["SADD", set.key, ...members], (reply) => {
      settle(connection.outcomeOf(reply, String(members.length)));
      connection.note(reply, undefined, () => settle(KEPT));
    });
  }

  #pop(connection: Connection, set: Queue): Step {
    const count = this.#options.prng.pick([undefined, undefined, 2, 5]);
    const args = ["SPOP", set.key, ...(count === undefined ? [] : [count])];
    return connection.step(args, (reply) => {
      const outcome = connection.outcomeOf(reply);
      if (outcome.fate === "refused") return;
      if (!connection.isAnswer(reply)) {
        set.doubted(count ?? 1);
        return;
      }
      const popped = membersOf(reply);
      for (const member of popped) set.popped(member, outcome);
      connection.note(reply, undefined, () => {
        for (const member of popped) set.popped(member, KEPT);
      });
    });
  }

  // ---- Moved ----

  #addMovable(connection: Connection, sets: MovedMembers): Step {
    const member = this.#newMember();
    sets.adding(member);
    return connection.step(["SADD", sets.from, member], (reply) => {
      sets.added(member, connection.outcomeOf(reply, "1"));
      connection.note(reply, undefined, () => sets.added(member, KEPT));
    });
  }

  #move(connection: Connection, sets: MovedMembers): Step {
    const { movable } = sets;
    if (movable.length === 0) return this.#addMovable(connection, sets);
    const member = this.#options.prng.pick(movable);
    sets.moving(member);
    return connection.step(["SMOVE", sets.from, sets.to, member], (reply) => {
      const outcome = connection.outcomeOf(reply);
      if (reply !== undefined && textOf(reply) === "0") {
        sets.missed(member, connection);
        return;
      }
      sets.moved(member, outcome);
      connection.note(reply, undefined, () => sets.moved(member, KEPT));
    });
  }

  // ---- Of which nobody keeps a book ----

  #drawScratch(): readonly Argument[] {
    const { prng, ledger } = this.#options;
    const [key, other] = [prng.pick(ledger.scratchSets), prng.pick(ledger.scratchSets)];
    const [member, second] = [prng.pick(MEMBERS), prng.pick(MEMBERS)];
    switch (prng.below(12)) {
      case 0:
      case 1:
      case 2:
        return ["SADD", key, member, second];
      case 3:
        return ["SREM", key, member, second];
      case 4:
        return ["SPOP", key, ...prng.pick([[], [1], [3]])];
      case 5:
      case 6:
        return ["SMOVE", key, other, member];
      case 7:
        return [prng.pick(COMBINING), key, other, prng.pick(ledger.scratchSets)];
      case 8:
        return ["SADD", key, ...Array.from({ length: 600 }, (_, i) => i)];
      case 9:
        return ["COPY", key, other, "REPLACE"];
      case 10:
        return ["PEXPIRE", key, 1 + prng.below(TTL_MS_MAX)];
      default:
        return prng.chance(0.5) ? ["DEL", key] : ["RENAME", key, other];
    }
  }

  #drawScored(): readonly Argument[] {
    const { prng, ledger } = this.#options;
    const [key, other] = [prng.pick(ledger.scratchSortedSets), prng.pick(ledger.scratchSortedSets)];
    const [member, second] = [prng.pick(MEMBERS), prng.pick(MEMBERS)];
    const [score, least] = [prng.below(SCORE_MAX), prng.below(SCORE_MAX)];
    switch (prng.below(15)) {
      case 0:
      case 1:
      case 2:
        return ["ZADD", key, score, member, least, second];
      case 3:
        return ["ZINCRBY", key, score, member];
      case 4:
        return ["ZREM", key, member, second];
      case 5:
        return [prng.pick(POPPING), key, ...prng.pick([[], [2]])];
      case 6:
        return ["ZMPOP", 2, key, other, prng.pick(ENDS), "COUNT", 2];
      case 7:
        return ["ZREMRANGEBYRANK", key, prng.below(3), -1 - prng.below(3)];
      case 8:
        return ["ZREMRANGEBYSCORE", key, least, score];
      case 9:
        return ["ZREMRANGEBYLEX", key, `[${member}`, `[${second}`];
      case 10:
        return ["ZRANGESTORE", key, other, 0, prng.below(4)];
      case 11:
        return [prng.pick(SCORED_COMBINING), key, 2, other, prng.pick(ledger.scratchSortedSets)];
      case 12:
        return ["ZADD", key, ...Array.from({ length: 400 }, (_, i) => [i % SCORE_MAX, i]).flat()];
      case 13:
        return ["PEXPIRE", key, 1 + prng.below(TTL_MS_MAX)];
      default:
        return prng.chance(0.5) ? ["DEL", key] : ["RENAME", key, other];
    }
  }

  #newMember(): string {
    return `${this.#options.name}.${++this.#number}`;
  }
}

/** What was popped: one member, or an array of them, or none. */
function membersOf(reply: Reply): readonly string[] {
  if (reply.kind === "array") return textsOf(reply);
  const member = contentOf(reply);
  return member === undefined ? [] : [member];
}
