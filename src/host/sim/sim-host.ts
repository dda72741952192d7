import { crc32 } from "../../base/crc32.js";
import type { Prng } from "../../base/prng.js";
import type { Host } from "../host.js";
import type { Network } from "../network.js";
import type { Random } from "../random.js";
import { SimClock } from "./clock.js";
import { SimFiles } from "./files.js";
import { SimLog } from "./log.js";
import { SimSystem } from "./system.js";
import type { Timeline } from "./timeline.js";
import { SimTimers } from "./timers.js";

/** What the world gives a host. */
export interface Surroundings {
  readonly address: string;
  readonly network: Network;
  readonly timeline: Timeline;
  readonly prng: Prng;
  readonly pid: number;
}

/** One machine of a simulated world, with what a test may do to it: step its clock, read its log, size its memory. */
export class SimHost implements Host {
  readonly clock: SimClock;
  readonly timers: SimTimers;
  readonly random: Random;
  readonly system: SimSystem;
  readonly files: SimFiles;
  readonly log: SimLog;
  readonly checksum = crc32;

  /** How other hosts reach it; its name serves as well. */
  readonly address: string;
  readonly network: Network;

  constructor(
    readonly name: string,
    { address, network, timeline, prng, pid }: Surroundings,
  ) {
    this.address = address;
    this.network = network;
    this.clock = new SimClock(timeline);
    this.timers = new SimTimers(timeline, this.clock, name);
    this.random = prng.fork("random");
    this.files = new SimFiles(timeline, prng.fork("files"), name);
    this.log = new SimLog(this.clock);
    this.system = new SimSystem(pid);
  }
}
