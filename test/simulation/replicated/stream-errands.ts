/** What a client asks of streams and their groups that others use, too. Of some only is wanted that all nodes have the same in the end. */
import type { Prng } from "#torus/base/prng.js";
import type { Argument } from "../../support/request.js";
import type { Step } from "../cluster/script.js";
import type { Connection } from "./connection.js";
import type { Ledger } from "./ledger.js";

export interface StreamErrandsOptions {
  readonly prng: Prng;
  readonly ledger: Ledger;
}

const GROUPS = ["g", "h"] as const;
const CONSUMERS = ["alice", "bob", "carol"] as const;
const FIELDS = ["a", "b"] as const;
const COUNT_MAX = 5;
const LENGTH_MAX = 30;

export class StreamErrands {
  readonly #options: StreamErrandsOptions;

  constructor(options: StreamErrandsOptions) {
    this.#options = options;
  }

  draw(connection: Connection): Step {
    const { prng, ledger } = this.#options;
    const isScratch = prng.chance(0.6);
    const key = prng.pick(isScratch ? ledger.scratchStreams : ledger.streams);
    const group = prng.pick(GROUPS);
    const args = isScratch && prng.chance(0.6) ? this.#change(key) : this.#useGroup(key, group);
    return connection.steps([args], () => {}, failures(key, group));
  }

  #change(key: string): readonly Argument[] {
    const { prng } = this.#options;
    const length = prng.below(LENGTH_MAX);
    switch (prng.below(10)) {
      case 0:
        return ["XTRIM", key, "MAXLEN", length];
      case 1:
        return ["XADD", key, "MAXLEN", "~", length, "*", prng.pick(FIELDS), "x".repeat(prng.below(700))];
      case 2:
        return ["XSETID", key, "99999999999999-0"];
      case 3:
        return prng.chance(0.3) ? ["DEL", key] : ["PEXPIRE", key, 1 + prng.below(3000)];
      default:
        return ["XADD", key, "*", prng.pick(FIELDS), length, prng.pick(FIELDS), length];
    }
  }

  #useGroup(key: string, group: string): readonly Argument[] {
    const { prng, ledger } = this.#options;
    const consumer = prng.pick(CONSUMERS);
    const ids = ledger.leaves.flatMap((leaf) => (leaf.place.key === key && leaf.id ? [leaf.id] : []));
    const id = ids.length === 0 ? "1-1" : prng.pick(ids);
    switch (prng.below(12)) {
      case 0:
      case 1:
        return ["XGROUP", "CREATE", key, group, prng.pick(["0", "$"]), "MKSTREAM"];
      case 2:
        return prng.chance(0.3) ? ["XGROUP", "DESTROY", key, group] : ["XGROUP", "SETID", key, group, "0"];
      case 3:
        return ["XGROUP", "DELCONSUMER", key, group, consumer];
      case 4:
      case 5:
        return ["XACK", key, group, id, "2-2"];
      case 6:
        return ["XCLAIM", key, group, consumer, 0, id, "FORCE"];
      case 7:
        return ["XAUTOCLAIM", key, group, consumer, 0, 0, "COUNT", COUNT_MAX];
      default:
        return this.#readGroup(key, group, consumer);
    }
  }

  #readGroup(key: string, group: string, consumer: string): readonly Argument[] {
    const { prng } = this.#options;
    const from = prng.pick([">", ">", ">", "0"]);
    const count = 1 + prng.below(COUNT_MAX);
    return ["XREADGROUP", "GROUP", group, consumer, "COUNT", count, "STREAMS", key, from];
  }
}

/** The stream or the group is not there, or there already, or ids have gone beyond what was to be set. */
function failures(key: string, group: string): readonly string[] {
  return [
    "BUSYGROUP Consumer Group name already exists",
    `NOGROUP No such key '${key}' or consumer group '${group}'`,
    `NOGROUP No such key '${key}' or consumer group '${group}' in XREADGROUP with GROUP option`,
    `NOGROUP No such consumer group '${group}' for key name '${key}'`,
    "ERR no such key",
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.",
    "ERR The ID specified in XSETID is smaller than the target stream top item",
  ];
}
