import { crc32 } from "../../base/crc32.js";
import type { Prng } from "../../base/prng.js";
import type { Cipher } from "../cipher.js";
import type { Datagrams } from "../datagrams.js";
import type { Host } from "../host.js";
import type { Network } from "../network.js";
import type { Random } from "../random.js";
import type { SimClock } from "./clock.js";
import { SimDisk } from "./disk.js";
import { SimFiles } from "./files.js";
import { SimHttp } from "./http.js";
import type { Life } from "./life.js";
import { SimLog } from "./log.js";
import type { Machine } from "./machine.js";
import { SimSystem } from "./system.js";
import type { Timeline } from "./timeline.js";
import { SimTimers } from "./timers.js";

/** What the world gives a process. */
export interface Surroundings {
  readonly machine: Machine;
  readonly network: Network;
  readonly datagrams: Datagrams;
  readonly cipher: Cipher;
  readonly timeline: Timeline;
  readonly prng: Prng;
  readonly pid: number;
  readonly life: Life;
}

/**
 * A process on a machine of a simulated world, with what a test may do to the machine: step its clock, break its disk, read
 * the log, size the memory. After a crash the machine's next process has another one.
 */
export class SimHost implements Host {
  readonly clock: SimClock;
  readonly timers: SimTimers;
  readonly random: Random;
  readonly system: SimSystem;
  readonly files: SimFiles;
  readonly disk: SimDisk;
  readonly http: SimHttp;
  readonly log: SimLog;
  readonly checksum = crc32;

  /** How other hosts reach it; its name serves as well. */
  readonly address: string;
  readonly network: Network;
  readonly datagrams: Datagrams;
  readonly cipher: Cipher;
  readonly life: Life;

  constructor(
    readonly name: string,
    { machine, network, datagrams, cipher, timeline, prng, pid, life }: Surroundings,
  ) {
    const { clock, disk, fileByPath } = machine;
    this.address = machine.address;
    this.network = network;
    this.datagrams = datagrams;
    this.cipher = cipher;
    this.life = life;
    this.clock = clock;
    this.timers = new SimTimers(timeline, clock, life, name);
    this.random = prng.fork("random");
    this.files = new SimFiles({ timeline, prng: prng.fork("files"), life, place: name, fileByPath });
    this.disk = new SimDisk({ machine: disk, timeline, prng: prng.fork("disk"), life, pid, place: name });
    this.http = new SimHttp(network, life);
    this.log = new SimLog(clock);
    this.system = new SimSystem(pid);
  }
}
