/** What happens to a cluster while clients are at work: nodes come and go, and whatever its kind of run says may break does. */
import type { Prng } from "#torus/base/prng.js";
import type { World } from "#torus/host/sim/world.js";
import type { Chronicle } from "./chronicle.js";
import type { Kind } from "./cluster-run.js";
import type { Fleet } from "./fleet.js";

const NODES_MAX = 5;
const STALL_MS_MAX = 3000;
const CHANGE_MS = 1500;

export interface DisturbanceOptions {
  readonly world: World;
  readonly fleet: Fleet;
  readonly prng: Prng;
  readonly chronicle: Chronicle;
  readonly kind: Kind;
}

export class Disturbance {
  readonly #world: World;
  readonly #fleet: Fleet;
  readonly #prng: Prng;
  readonly #chronicle: Chronicle;
  readonly #kind: Kind;
  #isMended = false;

  constructor({ world, fleet, prng, chronicle, kind }: DisturbanceOptions) {
    this.#world = world;
    this.#fleet = fleet;
    this.#prng = prng;
    this.#chronicle = chronicle;
    this.#kind = kind;
  }

  /** One thing happens, or nothing. */
  step(): void {
    const isPeaceful = this.#kind === "calm" || this.#prng.chance(0.4);
    if (isPeaceful) {
      this.#change();
      // A change of owners takes about a second, and is to be disturbed at any point of it.
      if (this.#kind !== "calm" && this.#prng.chance(0.5)) this.#later(() => this.#disturb());
    } else {
      this.#disturb();
    }
  }

  #disturb(): void {
    if (this.#kind === "network") this.#disturbNetwork();
    else if (this.#kind === "crashes") this.#crash();
    else if (this.#prng.chance(0.5)) this.#disturbNetwork();
    else this.#crash();
  }

  /** All that is broken works again. */
  mend(): void {
    const world = this.#world;
    this.#isMended = true;
    world.heal();
    world.disturbDatagrams({ loss: 0, duplication: 0, straggling: 0 });
    for (const name of this.#fleet.staying) world.host(name).disk.faults.syncDelayMs = 0;
    for (const name of this.#fleet.down) this.#fleet.start(name);
  }

  /** A node joins or leaves. Several may at once: changes of owners wait for each other. */
  #change(): void {
    const fleet = this.#fleet;
    const { staying } = fleet;
    const canLeave = staying.filter((name) => fleet.serving.includes(name));
    switch (this.#prng.below(4)) {
      case 0:
      case 1:
        if (staying.length < NODES_MAX) fleet.add();
        return;
      case 2:
        if (canLeave.length > 1) fleet.leave(this.#prng.pick(canLeave));
        return;
      default:
    }
  }

  #later(act: () => void): void {
    this.#world.host("saboteur").timers.after(this.#prng.float() * CHANGE_MS, () => {
      if (!this.#isMended) act();
    });
  }

  #disturbNetwork(): void {
    const world = this.#world;
    const prng = this.#prng;
    const { serving } = this.#fleet;
    if (serving.length === 0) return;
    const [one, other] = [prng.pick(serving), prng.pick(serving)];
    switch (prng.below(7)) {
      case 0:
      case 1: {
        const [some, others] = this.#parts();
        const isBothWays = prng.chance(0.5);
        this.#chronicle.note(`the way from ${some} ${isBothWays ? "and back " : ""}to ${others} is cut`);
        if (isBothWays) world.partition(some, others);
        else world.cut(some, others);
        return;
      }
      case 2:
      case 3:
        this.#chronicle.note("all ways are mended");
        world.heal();
        return;
      case 4:
        this.#chronicle.note(`streams between ${one} and ${other} break`);
        world.resetStreams(one, other);
        return;
      case 5: {
        const ms = prng.below(STALL_MS_MAX);
        this.#chronicle.note(`${one} stands still for ${ms} ms`);
        world.host(one).clock.jump(ms);
        return;
      }
      default: {
        const faults = {
          loss: prng.pick([0, 0.05, 0.3]),
          duplication: prng.pick([0, 0.1]),
          straggling: prng.pick([0, 0.1]),
          straggleMs: 500,
        };
        this.#chronicle.note(`datagrams: ${JSON.stringify(faults)}`);
        world.disturbDatagrams(faults);
      }
    }
  }

  #crash(): void {
    const world = this.#world;
    const prng = this.#prng;
    const fleet = this.#fleet;
    switch (prng.below(4)) {
      case 0:
      case 1: {
        const { alive } = fleet;
        if (alive.length > 0) fleet.crash(prng.pick(alive), prng.chance(0.5));
        return;
      }
      case 2:
        if (fleet.down.length > 0) fleet.start(prng.pick(fleet.down));
        return;
      default: {
        if (fleet.serving.length === 0) return;
        const name = prng.pick(fleet.serving);
        const ms = prng.below(300);
        this.#chronicle.note(`the disk of ${name} takes ${ms} ms longer to sync`);
        world.host(name).disk.faults.syncDelayMs = ms;
      }
    }
  }

  #parts(): [string[], string[]] {
    const names = [...this.#fleet.serving];
    this.#prng.shuffle(names);
    const size = 1 + this.#prng.below(names.length);
    return [names.slice(0, size), names.slice(size)];
  }
}
