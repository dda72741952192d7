/** Seeded runs of nodes that join and leave under writes, through faults: what the world does to them, and what clients ask of them. */
import { Prng } from "#torus/base/prng.js";
import { isMember } from "#torus/cluster/placement.js";
import { GROUPS, NAMES, Owners } from "./owners.js";

/** A text that is told in pieces, and a hash that is told a few fields at a time. */
const LONG = 70_000;
const MANY_FIELDS = 80;

/** A command that some client may send. */
function drawWrite(prng: Prng): readonly (string | number)[] {
  const group = GROUPS[prng.below(GROUPS.length)]!;
  const key = group[prng.below(group.length)]!;
  const other = group[prng.below(group.length)]!;
  const number = prng.below(1_000_000);
  switch (prng.below(16)) {
    case 0:
    case 1:
      return ["DEL", key];
    case 2:
      return ["PEXPIRE", key, 1 + prng.below(3000)];
    case 3:
      return ["RENAME", key, other];
    case 4:
      return ["MOVE", key, prng.below(2)];
    case 5:
      return ["SET", key, "x".repeat(LONG + prng.below(LONG))];
    case 6:
      return ["SETRANGE", key, prng.below(LONG), `patch ${number}`];
    case 7:
    case 8:
      return ["INCRBY", key, number];
    case 9:
    case 10:
      return ["HDEL", key, `field ${prng.below(MANY_FIELDS)}`, `field ${prng.below(5)}`];
    case 11:
    case 12:
      return ["HSET", key, `field ${prng.below(5)}`, number];
    case 13: {
      const fields = Array.from({ length: MANY_FIELDS }, (_, i) => [`field ${i}`, `${number} ${i}`]);
      return ["HSET", key, ...fields.flat()];
    }
    default:
      return ["SET", key, number];
  }
}

/** Nodes that join and leave under writes, through faults. Throws, naming the seed, if a promise is broken. */
export async function runOwners({ seed, faults = true }: { seed: number; faults?: boolean }): Promise<void> {
  const appendfsync = seed % 4 === 3 ? "everysec" : "always";
  const owners = new Owners(`owners ${seed}`, { appendfsync, hashMaxListpackEntries: "16" });
  try {
    await new Run(owners, new Prng(`owners' run ${seed}`), faults, seed % 4 !== 3).play();
  } catch (error) {
    throw new Error(`owners, seed ${seed}: ${(error as Error).stack}`);
  }
}

class Run {
  readonly #away = new Map<string, number>();
  readonly #gone = new Set<string>();
  #leaving: string | undefined;
  #healAtMs = Number.POSITIVE_INFINITY;

  constructor(
    private readonly owners: Owners,
    private readonly prng: Prng,
    private readonly faults: boolean,
    /** Writes are acknowledged when they last: then power may fail too. */
    private readonly losesPower: boolean,
  ) {}

  async play(): Promise<void> {
    const { owners, prng } = this;
    await owners.start("a", { founds: true });
    await owners.advance(50);
    for (let i = 0; i < 60; i++) this.#write();
    const steps = 20 + prng.below(40);
    for (let step = 0; step < steps; step++) {
      if (this.faults) this.#fail();
      await this.#change();
      for (let i = prng.below(4); i > 0; i--) this.#write();
      await owners.advance(prng.float() * 200);
      await this.#repair(false);
    }
    await this.#repair(true);
    await owners.settle();
    owners.judge();
    for (const name of [...owners.nodes.keys()]) owners.crash(name, this.losesPower);
    for (const name of NAMES) if (this.#isIn(name)) await owners.start(name);
    await owners.settle();
    owners.judge();
  }

  readonly #started = new Set(["a"]);

  #isIn(name: string): boolean {
    return this.#started.has(name) && !this.#gone.has(name);
  }

  #up(): string[] {
    return [...this.owners.nodes.keys()];
  }

  #draw<Item>(items: readonly Item[]): Item {
    return items[this.prng.below(items.length)]!;
  }

  #write(): void {
    const up = this.#up();
    if (up.length > 0) this.owners.write(this.#draw(up), this.prng.below(2), ...drawWrite(this.prng));
  }

  async #change(): Promise<void> {
    const { owners, prng } = this;
    const next = NAMES.find((name) => !this.#started.has(name));
    if (next !== undefined && prng.below(8) === 0) {
      this.#started.add(next);
      await owners.start(next);
    }
    if (prng.below(40) === 0) this.#leave();
    if (prng.below(60) === 0 && this.#away.size === 0) owners.flushAll();
  }

  #leave(): void {
    const { owners } = this;
    const members = this.#up().filter((name) => {
      const node = owners.nodes.get(name)!;
      return node.ownership.placement !== undefined && isMember(node.ownership.placement, node.id);
    });
    if (this.#leaving !== undefined || members.length < 3) return;
    const name = this.#draw(members);
    const node = owners.nodes.get(name)!;
    this.#leaving = name;
    void node.ownership.leave().then((refusal) => {
      this.#leaving = undefined;
      if (refusal !== undefined || owners.nodes.get(name) !== node) return;
      this.#gone.add(name);
      owners.crash(name, false);
    });
  }

  #fail(): void {
    const { owners, prng } = this;
    const up = this.#up();
    if (up.length === 0) return;
    switch (prng.below(24)) {
      case 0:
      case 1: {
        const name = this.#draw(up);
        if (this.#leaving === name) this.#leaving = undefined;
        owners.crash(name, this.losesPower && prng.below(2) === 0);
        this.#away.set(name, owners.world.nowMs + prng.below(2000));
        break;
      }
      case 2:
        if (this.#healAtMs !== Number.POSITIVE_INFINITY) break;
        owners.cutOff(this.#draw(up));
        this.#healAtMs = owners.world.nowMs + prng.below(8000);
        break;
      case 3:
      case 4:
        owners.world.resetStreams(this.#draw(up), this.#draw(NAMES));
        break;
      default:
    }
  }

  async #repair(all: boolean): Promise<void> {
    const { owners } = this;
    const { nowMs } = owners.world;
    if (all || nowMs >= this.#healAtMs) {
      this.#healAtMs = Number.POSITIVE_INFINITY;
      owners.heal();
    }
    for (const [name, atMs] of this.#away) {
      if (!all && nowMs < atMs) continue;
      this.#away.delete(name);
      await owners.start(name);
    }
  }
}
