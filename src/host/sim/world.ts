/**
 * A world in one process, made from a seed: hosts with clocks, timers, randomness, files and a network between them, all
 * in virtual time. The same seed and the same script give the same run, told by `traceHash`; another seed
 * gives other latencies, other chunks, other random numbers.
 */
import { assert } from "../../base/assert.js";
import { Prng } from "../../base/prng.js";
import type { AfterPromises } from "../after-promises.js";
import type { Cipher } from "../cipher.js";
import type { Endpoint } from "../network.js";
import { SimClient } from "./client.js";
import { SimClock } from "./clock.js";
import { type DatagramFaults, SimDatagramNetwork } from "./datagrams.js";
import { faultlessDisk } from "./disk.js";
import { Driver } from "./driver.js";
import { Life } from "./life.js";
import { Links, type WireSpeed } from "./links.js";
import type { Machine } from "./machine.js";
import { SimNetwork } from "./network.js";
import { SimHost } from "./sim-host.js";
import { Timeline } from "./timeline.js";
import { Trace } from "./trace.js";
import { Volume } from "./volume.js";

export interface WorldOptions {
  readonly seed: string | number;
  readonly afterPromises: AfterPromises;
  /** The real one will do: it depends on nothing but what it is given. */
  readonly cipher: Cipher;
  /** Between two hosts; a local network's if left out. */
  readonly wireSpeed?: WireSpeed;
}

const LOCAL_NETWORK: WireSpeed = { latencyMs: 0.2, jitterMs: 0.6 };
const READ_BUFFER_BYTES = 64 * 1024;
const HOUR_MS = 3_600_000;

export function createWorld(options: WorldOptions): World {
  return new World(options);
}

export class World {
  private readonly prng: Prng;
  private readonly trace = new Trace();
  private readonly timeline = new Timeline(this.trace);
  private readonly driver: Driver;
  private readonly links: Links;
  private readonly network: SimNetwork;
  private readonly datagrams: SimDatagramNetwork;
  private readonly cipher: Cipher;
  private readonly machines = new Map<string, Machine>();
  private nextPid = 1;
  private readonly hostByName = new Map<string, SimHost>();

  constructor({ seed, afterPromises, cipher, wireSpeed = LOCAL_NETWORK }: WorldOptions) {
    const { timeline, trace } = this;
    this.prng = new Prng(seed);
    this.driver = new Driver({ timeline, afterPromises, seed });
    this.links = new Links(timeline, this.prng.fork("links"), wireSpeed);
    const prng = this.prng.fork("streams");
    const buffer = Buffer.alloc(READ_BUFFER_BYTES);
    this.network = new SimNetwork({ timeline, trace, prng, buffer }, this.links);
    this.datagrams = new SimDatagramNetwork(
      { timeline, trace, prng: this.prng.fork("datagrams") },
      this.links,
    );
    this.cipher = cipher;
  }

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.timeline.nowMs;
  }

  /** Tells this run from any that went another way: how many events there were, and a hash of them. */
  get traceHash(): string {
    return this.trace.digest;
  }

  /** The process on the machine of that name. Machines come into being when first asked for, processes after a crash again. */
  host(name: string): SimHost {
    const known = this.hostByName.get(name);
    if (known !== undefined) return known;
    const machine = this.machine(name);
    machine.starts++;
    const life = new Life();
    const host = new SimHost(name, {
      machine,
      network: this.network.networkOf(name, life),
      datagrams: this.datagrams.datagramsOf({ name, address: machine.address, life }),
      cipher: this.cipher,
      timeline: this.timeline,
      prng: this.prng.fork(machine.starts === 1 ? `host ${name}` : `host ${name}, start ${machine.starts}`),
      pid: this.nextPid++,
      life,
    });
    this.hostByName.set(name, host);
    return host;
  }

  private machine(name: string): Machine {
    const known = this.machines.get(name);
    if (known !== undefined) return known;
    const machine = {
      name,
      address: this.network.addSite(name),
      clock: new SimClock(this.timeline),
      disk: faultlessDisk(new Volume(this.prng.fork(`disk of ${name}`))),
      fileByPath: new Map<string, Buffer>(),
      starts: 0,
    };
    this.machines.set(name, machine);
    return machine;
  }

  // Letting time pass. Each of these runs the world; several may wait at once.

  /** Runs until the given time of the world, with all that is due by then. */
  run({ untilMs }: { untilMs: number }): Promise<void> {
    return this.driver.runUntil(untilMs);
  }

  /** Runs for so long. */
  advance(ms: number): Promise<void> {
    return this.driver.runUntil(this.nowMs + ms);
  }

  /** Runs until nothing is under way but timers. Rejects if that takes longer than `withinMs`. */
  settle({ withinMs = HOUR_MS } = {}): Promise<void> {
    const rest = this.runToRest(this.nowMs + withinMs);
    return this.driver.complete(rest, { what: "the world to come to rest", withinMs });
  }

  /** Runs until the promise settles, and answers as it does. Rejects if that takes longer than `withinMs`. */
  complete<Value>(promise: Promise<Value>, { withinMs = HOUR_MS } = {}): Promise<Value> {
    return this.driver.complete(promise, { what: "a promise", withinMs });
  }

  /** Opens a stream for a script, from a host to an endpoint as that host sees it. */
  connect(from: string, endpoint: Endpoint): Promise<SimClient> {
    return SimClient.connect(this.host(from).network, endpoint, this.driver);
  }

  /** Datagrams and bytes sent so far, by all hosts. */
  get datagramTraffic(): { readonly datagrams: number; readonly bytes: number } {
    return this.datagrams.traffic;
  }

  // Faults.

  /** From now on so many datagrams are lost, doubled or held up; what is left out stays as it is. */
  disturbDatagrams(faults: Partial<DatagramFaults>): void {
    this.datagrams.faults = { ...this.datagrams.faults, ...faults };
  }

  /**
   * Ends the process on a machine at once: nothing it planned happens, its streams break, of its writes under way a part is
   * done. Without power the disk keeps only what was synced, and of the rest what it pleases, with bits turned if `flips`.
   */
  crash(name: string, { powerLoss = false, flips = false } = {}): void {
    const host = this.hostByName.get(name);
    if (host === undefined) return;
    this.hostByName.delete(name);
    host.life.end();
    this.thaw(name);
    host.disk.crash();
    this.network.crash(name);
    this.datagrams.crash(name);
    if (powerLoss) host.disk.volume.losePower(flips);
  }

  /** Replaces all disks of a machine, whose process has to have ended, by empty ones. */
  wipe(name: string): void {
    assert(!this.hostByName.has(name), "nothing runs on a disk that is replaced");
    const { disk, fileByPath } = this.machine(name);
    disk.volume.wipe();
    fileByPath.clear();
  }

  /**
   * The process on a machine stands still from now on, as after SIGSTOP: streams stay open and new ones are taken, clocks go on, and
   * all that comes in, timers too, waits until it is thawed.
   */
  freeze(name: string): void {
    this.timeline.freeze(name);
  }

  /** The process goes on with what is oldest of all that waited, be it a timer or a message. */
  thaw(name: string): void {
    this.timeline.thaw(name);
  }

  /** From now on messages take so much longer on the ways from the one to the other. */
  slow(from: readonly string[], to: readonly string[], delayMs: number): void {
    this.links.slow(from, to, delayMs);
  }

  /** Cuts the ways both ways between the hosts of one side and those of the other. */
  partition(side: readonly string[], otherSide: readonly string[]): void {
    this.cut(side, otherSide);
    this.cut(otherSide, side);
  }

  /** Cuts only the ways from the one to the other. */
  cut(from: readonly string[], to: readonly string[]): void {
    this.links.cut(from, to);
  }

  /** Mends all ways, slow ones too. What was under way arrives after all. */
  heal(): void {
    this.links.mend();
  }

  /** Breaks all streams between two hosts. */
  resetStreams(one: string, other: string): void {
    this.network.resetStreams(one, other);
  }

  private async runToRest(deadlineMs: number): Promise<void> {
    // What is due now first: it may be about to set more under way.
    await this.driver.runUntil(this.nowMs);
    while (this.timeline.eventsUnderWay > 0 && this.nowMs < deadlineMs) {
      await this.driver.runUntil(Math.min(this.timeline.nextMs(), deadlineMs));
    }
  }
}
