/** Clusters of members and nothing else in simulated worlds: what they cost, how fast they know of a death, and that they find each other. */
import { Prng } from "#torus/base/prng.js";
import type { World } from "#torus/host/sim/world.js";
import { equalDigests } from "#torus/membership/table-hash.js";
import { CLUSTER_ID, formedCluster, idOfNumber, SimMember } from "../support/sim-member.js";
import { worldOf } from "../support/world.js";

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

export interface HealthyRun {
  readonly falseDeaths: number;
  readonly suspicions: number;
  /** Of datagrams, sent by one member. */
  readonly bytesPerSecond: number;
}

/** A cluster in which nothing fails but the network, a little. */
export async function runHealthy({
  seed,
  members,
  minutes,
  loss,
}: {
  seed: number;
  members: number;
  minutes: number;
  loss: number;
}): Promise<HealthyRun> {
  const world = worldOf(seed);
  world.disturbDatagrams({ loss, duplication: 0.01, straggling: 0.01, straggleMs: 100 });
  const all = await formedCluster(world, members);
  await world.advance(minutes * MINUTE_MS);
  return {
    falseDeaths: all.flatMap(({ heard }) => heard.filter((line) => line.startsWith("dead"))).length,
    suspicions: all.reduce((sum, { gossiper }) => sum + gossiper.protocolCounters.suspicions, 0),
    bytesPerSecond: world.datagramTraffic.bytes / members / minutes / 60,
  };
}

export interface DeathsRun {
  /** From the crash until the last member believes it, for each. */
  readonly knownByAllMs: readonly number[];
  readonly falseDeaths: number;
  /** Of datagrams, sent by one member: while nothing happens, and from a crash until all know. */
  readonly idleBytesPerSecond: number;
  readonly busyBytesPerSecond: number;
}

/** One member after the other crashes. */
export async function runDeaths({
  seed,
  members,
  deaths,
  loss,
}: {
  seed: number;
  members: number;
  deaths: number;
  loss: number;
}): Promise<DeathsRun> {
  const world = worldOf(seed);
  world.disturbDatagrams({ loss });
  const living = new Set(await formedCluster(world, members));
  await world.advance(10 * SECOND_MS);
  const idle = await bytesPerSecond(world, members, () => world.advance(10 * SECOND_MS));
  const knownByAllMs: number[] = [];
  const busy: number[] = [];
  for (const victim of [...living].slice(0, deaths)) {
    living.delete(victim);
    world.crash(victim.host.name);
    const startMs = world.nowMs;
    const areAllAware = () => [...living].every((member) => member.viewOf(victim.number) === "dead");
    busy.push(
      await bytesPerSecond(world, members, async () => {
        while (!areAllAware() && world.nowMs - startMs < MINUTE_MS) await world.advance(50);
      }),
    );
    knownByAllMs.push(world.nowMs - startMs);
    await world.advance(5 * SECOND_MS);
  }
  const isFalse = (line: string) => line.startsWith("dead") && Number(line.split(" ")[1]) > deaths;
  return {
    knownByAllMs,
    falseDeaths: [...living].flatMap(({ heard }) => heard.filter(isFalse)).length,
    idleBytesPerSecond: idle,
    busyBytesPerSecond: Math.max(...busy),
  };
}

async function bytesPerSecond(world: World, members: number, pass: () => Promise<void>): Promise<number> {
  const [bytes, startMs] = [world.datagramTraffic.bytes, world.nowMs];
  await pass();
  return (world.datagramTraffic.bytes - bytes) / members / ((world.nowMs - startMs) / SECOND_MS);
}

/** How long a cluster may take to agree once the last fault is mended. */
const AGREEMENT_MS = 2 * MINUTE_MS;

/**
 * A few members, some minutes of crashes, restarts under other addresses, leaves, cut ways, stalls, origins that clash and datagrams
 * that get lost; then peace, in which all that run must come to believe the same: that all of them are alive, and the others dead.
 * Throws, with the seed, if they do not.
 */
export async function runTurmoil({ seed }: { seed: number }): Promise<void> {
  const world = worldOf(`turmoil ${seed}`);
  const prng = new Prng(`turmoil ${seed}`);
  const count = 3 + prng.below(7);
  const turmoil = new Turmoil(world, prng, await formedCluster(world, count));
  world.disturbDatagrams({
    loss: prng.pick([0, 0.01, 0.1]),
    duplication: prng.pick([0, 0.1]),
    straggling: prng.pick([0, 0.1]),
    straggleMs: prng.pick([50, 3000]),
  });
  for (let faults = 5 + prng.below(20); faults > 0; faults--) {
    await turmoil.fault();
    await world.advance(prng.below(prng.pick([500, 5000, 30_000])));
  }
  world.heal();
  world.disturbDatagrams({ loss: 0.01, straggling: 0 });
  const untilMs = world.nowMs + AGREEMENT_MS;
  while (!turmoil.isSettled && world.nowMs < untilMs) await world.advance(SECOND_MS);
  if (!turmoil.isSettled) throw new Error(`seed ${seed}: no agreement after ${AGREEMENT_MS} ms\n${turmoil}`);
}

class Turmoil {
  private readonly running = new Map<number, SimMember>();
  /** Of all that may run: how often each was started, and the number of the host on which it was last. */
  private readonly boots = new Map<number, number>();
  private readonly places = new Map<number, number>();
  private nextPlace = 1000;

  constructor(
    private readonly world: World,
    private readonly prng: Prng,
    members: readonly SimMember[],
  ) {
    for (const member of members) {
      this.running.set(member.number, member);
      this.boots.set(member.number, 1);
      this.places.set(member.number, member.number);
    }
  }

  async fault(): Promise<void> {
    const { world, prng } = this;
    const number = prng.pick([...this.boots.keys()]);
    const member = this.running.get(number);
    switch (prng.below(9)) {
      case 0:
        if (member === undefined || this.running.size === 1) return;
        world.crash(member.host.name);
        this.running.delete(number);
        return;
      case 1:
      case 2:
        if (member === undefined) await this.restart(number);
        return;
      case 3: {
        const [some, others] = this.parts();
        if (prng.chance(0.5)) world.partition(some, others);
        else world.cut(some, others);
        return;
      }
      case 4:
        world.heal();
        return;
      case 5:
        // Anyone may say so of who is dead to it, rightly or not.
        prng.pick([...this.running.values()]).gossiper.forget(idOfNumber(number));
        return;
      case 6:
        if (member !== undefined && this.running.size > 3 && prng.chance(0.3))
          await this.leave(number, member);
        return;
      case 7:
        member?.host.clock.jump(prng.below(5000));
        return;
      default:
        // Two that believe to be the same writer: one has to yield.
        member?.gossiper.update({ origin: 1 + prng.below(3) });
    }
  }

  /** All that run know all that run, agree on the others, and no two have one origin. */
  get isSettled(): boolean {
    const members = [...this.running.values()];
    const numbers = [...this.running.keys()].sort((one, other) => one - other).join();
    const [first] = members;
    const origins = new Set(members.map(({ record }) => record.origin));
    return (
      origins.size === members.length &&
      members.every(({ present, gossiper }) => {
        const { digest } = gossiper.table.hash;
        return present.join() === numbers && equalDigests(digest, first!.gossiper.table.hash.digest);
      })
    );
  }

  toString(): string {
    const lines = [...this.running.values()].map(({ number, record, present, heard }) => {
      return `${number} (origin ${record.origin}) sees ${present}; heard: ${heard.slice(-8).join(", ")}`;
    });
    return lines.join("\n");
  }

  /** On a new machine, as often as not, with what its directory would say: the id, the boot number, members known. */
  private async restart(number: number): Promise<void> {
    const boot = this.boots.get(number)! + 1;
    this.boots.set(number, boot);
    const place = this.prng.chance(0.5) ? this.nextPlace++ : this.places.get(number)!;
    this.places.set(number, place);
    const known = [...this.running.values()][0]!.gossiper.table;
    const members = [...known.members].map(({ record }) => record);
    const member = await SimMember.start(this.world, place, {
      clusterId: CLUSTER_ID,
      members,
      record: { id: idOfNumber(number), boot, origin: number, name: `node-${number}` },
    });
    this.running.set(number, member);
  }

  /** For good. If nobody heard of it, it counts as dead: that is agreement too. */
  private async leave(number: number, member: SimMember): Promise<void> {
    this.running.delete(number);
    this.boots.delete(number);
    await this.world.complete(member.gossiper.leave());
    await this.world.complete(member.close());
  }

  private parts(): [string[], string[]] {
    const hosts = [...this.running.values()].map(({ host }) => host.name);
    this.prng.shuffle(hosts);
    const size = 1 + this.prng.below(hosts.length);
    return [hosts.slice(0, size), hosts.slice(size)];
  }
}
