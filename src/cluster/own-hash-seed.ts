/** What this node hashes keys with: its own seed at first, then that of the cluster that it joined. */
import { Prng } from "../base/prng.js";
import type { DataDirectory } from "../durability/data-directory.js";
import { formatHashSeed, parseHashSeed } from "../durability/hash-seed.js";
import type { NodeFacts } from "../durability/node-file.js";
import type { Keyspace } from "../keyspace/keyspace.js";

export interface OwnHashSeedOptions {
  readonly keyspace: Keyspace;
  readonly facts: NodeFacts;
  /** Undefined for a node that keeps nothing. */
  readonly directory: Pick<DataDirectory, "update"> | undefined;
}

export class OwnHashSeed {
  /** As in a placement. */
  text: string;
  readonly #options: OwnHashSeedOptions;

  constructor(options: OwnHashSeedOptions) {
    this.#options = options;
    this.text = formatHashSeed(options.facts.hashSeed);
  }

  /** Hashes by another one from now on; the keyspace must be empty, and stay so meanwhile. Resolves when the next life will, too. */
  async adopt(text: string): Promise<void> {
    const { keyspace, directory } = this.#options;
    const hashSeed = parseHashSeed(text);
    await directory?.update({ hashSeed });
    const words = Prng.fromState(hashSeed);
    keyspace.reseed(() => words.uint32());
    this.text = text;
  }
}
