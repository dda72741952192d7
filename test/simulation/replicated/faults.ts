/** What happens to a replicated cluster while clients are at work: nodes come and go, and of each kind of fault something. */
import type { Prng } from "#torus/base/prng.js";
import type { World } from "#torus/host/sim/world.js";
import type { Chronicle } from "../cluster/chronicle.js";
import type { Fleet } from "../cluster/fleet.js";
import type { Fault } from "./kinds.js";

const NODES_MAX = 7;
/** Nobody is asked to leave if fewer would stay. */
const NODES_MIN = 3;
const FREEZE_MS_MAX = 4000;
const SYNC_DELAY_MS_MAX = 300;
const SLOW_WAY_MS_MAX = 400;
/** So slow a node still is a living one. */
const DELAY_MS_MAX = 40;
const CLOCK_STEP_MS_MAX = 2000;
const DRIFTS_PPM = [-20_000, -500, 500, 20_000];
/** A change of owners takes about a second, and is to be disturbed at any point of it. */
const CHANGE_MS = 1500;
const PEACE_CHANCE = 0.3;
/** What is deleted is collected half a minute after somebody has gone, who may come back while that is so. */
const ABSENCE_MS_MIN = 10_000;
const ABSENCE_MS_MAX = 60_000;

export interface FaultsOptions {
  readonly world: World;
  readonly fleet: Fleet;
  readonly prng: Prng;
  readonly chronicle: Chronicle;
  readonly faults: readonly Fault[];
}

export class Faults {
  readonly #options: FaultsOptions;
  readonly #world: World;
  readonly #fleet: Fleet;
  readonly #prng: Prng;
  readonly #chronicle: Chronicle;
  readonly #frozen = new Set<string>();
  #isAnyAway = false;
  #isMended = false;

  constructor(options: FaultsOptions) {
    this.#options = options;
    this.#world = options.world;
    this.#fleet = options.fleet;
    this.#prng = options.prng;
    this.#chronicle = options.chronicle;
  }

  /** One thing happens, or nothing. */
  step(): void {
    const { faults } = this.#options;
    const isPeaceful = faults.length === 0 || this.#prng.chance(PEACE_CHANCE);
    if (!isPeaceful) {
      this.#fail();
      return;
    }
    this.#change();
    if (faults.length > 0 && this.#prng.chance(0.5)) {
      this.#later(CHANGE_MS, () => {
        if (!this.#isMended) this.#fail();
      });
    }
  }

  /** All that is broken works again; clocks stay where they were set. */
  mend(): void {
    const world = this.#world;
    const fleet = this.#fleet;
    this.#isMended = true;
    world.heal();
    world.disturbDatagrams({ loss: 0, duplication: 0, straggling: 0 });
    for (const name of [...this.#frozen]) this.#thaw(name);
    for (const name of fleet.staying) {
      const host = world.host(name);
      host.disk.faults.syncDelayMs = 0;
      host.clock.drift(0);
    }
    for (const name of fleet.down) fleet.start(name);
  }

  // ---- Nodes come and go ----

  #change(): void {
    const fleet = this.#fleet;
    const canLeave = fleet.staying.filter((name) => fleet.serving.includes(name) && !this.#frozen.has(name));
    this.#weighted([
      [2, () => fleet.staying.length < NODES_MAX && fleet.add()],
      [
        1,
        () =>
          fleet.staying.length > NODES_MIN && canLeave.length > 0 && fleet.leave(this.#prng.pick(canLeave)),
      ],
      [1, () => {}],
    ]);
  }

  // ---- Faults ----

  #fail(): void {
    const failures: Readonly<Record<Fault, () => void>> = {
      delay: () => this.#delay(),
      network: () => this.#disturbNetwork(),
      process: () => this.#disturbProcess(),
      clock: () => this.#disturbClock(),
      disk: () => this.#loseDisk(),
      absence: () => this.#beAway(),
    };
    failures[this.#prng.pick(this.#options.faults)]();
  }

  #delay(): void {
    const { alive } = this.#fleet;
    if (alive.length < 2) return;
    this.#weighted([
      [3, () => this.#slowWay(DELAY_MS_MAX)],
      [1, () => this.#heal()],
      [1, () => this.#breakStreams()],
      [1, () => this.#delaySyncs(this.#prng.pick(alive))],
    ]);
  }

  #disturbNetwork(): void {
    if (this.#fleet.alive.length < 2) return;
    this.#weighted([
      [4, () => this.#partition()],
      [3, () => this.#heal()],
      [1, () => this.#breakStreams()],
      [1, () => this.#slowWay(SLOW_WAY_MS_MAX)],
      [1, () => this.#disturbDatagrams()],
    ]);
  }

  #partition(): void {
    const prng = this.#prng;
    const names = [...this.#fleet.alive];
    prng.shuffle(names);
    if (prng.chance(0.5)) this.#world.heal();
    const [first, second, ...others] = names as [string, string, ...string[]];
    const sides = (all: readonly string[]) => {
      const size = 1 + prng.below(all.length - 1);
      return [all.slice(0, size), all.slice(size)] as const;
    };
    const both = (one: readonly string[], other: readonly string[]) => this.#cut(one, other, "and back");
    this.#weighted([
      [1, () => both([first], [second, ...others])],
      [1, () => both([first], [second])],
      [1, () => this.#cut([first], [second], "only")],
      [2, () => both(...sides(names))],
      [1, () => this.#cut(...sides(names), "only")],
      // Both sides still reach the first one, which lies between them.
      [1, () => others.length > 0 && both(...sides([second, ...others]))],
    ]);
  }

  #heal(): void {
    this.#chronicle.note("all ways are mended");
    this.#world.heal();
  }

  #cut(some: readonly string[], others: readonly string[], how: "and back" | "only"): void {
    this.#chronicle.note(`the way from ${some} to ${others} is cut, ${how}`);
    if (how === "only") this.#world.cut(some, others);
    else this.#world.partition(some, others);
  }

  #breakStreams(): void {
    const { alive } = this.#fleet;
    const [one, other] = [this.#prng.pick(alive), this.#prng.pick(alive)];
    this.#chronicle.note(`streams between ${one} and ${other} break`);
    this.#world.resetStreams(one, other);
  }

  #slowWay(mostMs: number): void {
    const { alive } = this.#fleet;
    const [one, other] = [this.#prng.pick(alive), this.#prng.pick(alive)];
    const delayMs = this.#prng.below(mostMs);
    this.#chronicle.note(`messages from ${one} to ${other} take ${delayMs} ms longer`);
    this.#world.slow([one], [other], delayMs);
  }

  #disturbDatagrams(): void {
    const prng = this.#prng;
    const faults = {
      loss: prng.pick([0, 0.05, 0.3]),
      duplication: prng.pick([0, 0.1]),
      straggling: prng.pick([0, 0.1]),
      straggleMs: 500,
    };
    this.#chronicle.note(`datagrams: ${JSON.stringify(faults)}`);
    this.#world.disturbDatagrams(faults);
  }

  #disturbProcess(): void {
    const { alive, down } = this.#fleet;
    this.#weighted([
      [2, () => alive.length > 0 && this.#crash(this.#prng.pick(alive))],
      [2, () => down.length > 0 && this.#fleet.start(this.#prng.pick(down))],
      [2, () => alive.length > 0 && this.#freeze(this.#prng.pick(alive))],
      [1, () => alive.length > 0 && this.#delaySyncs(this.#prng.pick(alive))],
    ]);
  }

  #delaySyncs(name: string): void {
    const ms = this.#prng.below(SYNC_DELAY_MS_MAX);
    this.#chronicle.note(`the disk of ${name} takes ${ms} ms longer to sync`);
    this.#world.host(name).disk.faults.syncDelayMs = ms;
  }

  #crash(name: string): void {
    this.#frozen.delete(name);
    this.#fleet.crash(name, this.#prng.chance(0.5));
  }

  #freeze(name: string): void {
    if (this.#frozen.has(name)) return;
    const ms = this.#prng.below(FREEZE_MS_MAX);
    this.#chronicle.note(`${name} stands still for ${ms} ms`);
    this.#frozen.add(name);
    this.#world.freeze(name);
    this.#later(ms, () => this.#thaw(name));
  }

  #thaw(name: string): void {
    if (!this.#frozen.delete(name)) return;
    this.#chronicle.note(`${name} goes on`);
    this.#world.thaw(name);
  }

  #disturbClock(): void {
    const prng = this.#prng;
    const { alive } = this.#fleet;
    if (alive.length === 0) return;
    const name = prng.pick(alive);
    const { clock } = this.#world.host(name);
    if (prng.chance(0.5)) {
      const ms = prng.below(2 * CLOCK_STEP_MS_MAX) - CLOCK_STEP_MS_MAX;
      this.#chronicle.note(`the clock of ${name} is set by ${ms} ms`);
      clock.step(ms);
    } else {
      const ppm = prng.pick(DRIFTS_PPM);
      this.#chronicle.note(`the clock of ${name} gains ${ppm} millionths`);
      clock.drift(ppm);
    }
  }

  /** For so long that the others go on without it. */
  #beAway(): void {
    const prng = this.#prng;
    const { alive } = this.#fleet;
    if (this.#isAnyAway || alive.length < NODES_MIN) return;
    const name = prng.pick(alive);
    this.#isAnyAway = true;
    if (prng.chance(0.5)) this.#crash(name);
    else {
      this.#cut(
        [name],
        alive.filter((other) => other !== name),
        "and back",
      );
    }
    const ms = ABSENCE_MS_MIN + prng.below(ABSENCE_MS_MAX - ABSENCE_MS_MIN);
    this.#world.host("saboteur").timers.after(ms, () => {
      this.#isAnyAway = false;
      if (this.#isMended) return;
      this.#heal();
      if (this.#fleet.down.includes(name)) this.#fleet.start(name);
    });
  }

  /** One at a time: the others have to have what it had, and to have taken it out of the cluster, before another is lost. */
  #loseDisk(): void {
    const fleet = this.#fleet;
    const { staying } = fleet;
    if (fleet.hasLost || !fleet.isSettled || staying.length < NODES_MIN) return;
    const name = this.#prng.pick(staying);
    this.#frozen.delete(name);
    fleet.wipe(name);
  }

  /** One of the acts, more often the greater its weight is. */
  #weighted(acts: readonly (readonly [weight: number, act: () => unknown])[]): void {
    this.#prng.pick(acts.flatMap(([weight, act]) => new Array<() => unknown>(weight).fill(act)))();
  }

  #later(withinMs: number, act: () => void): void {
    this.#world.host("saboteur").timers.after(this.#prng.float() * withinMs, act);
  }
}
