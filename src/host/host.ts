import type { Checksum } from "../base/crc32.js";
import type { Cipher } from "./cipher.js";
import type { Clock } from "./clock.js";
import type { Datagrams } from "./datagrams.js";
import type { Disk } from "./disk.js";
import type { Files } from "./files.js";
import type { Http } from "./http.js";
import type { Log } from "./log.js";
import type { Network } from "./network.js";
import type { Random } from "./random.js";
import type { System } from "./system.js";
import type { Timers } from "./timers.js";

/** The outside world of one node. `node/` gives the real one, `sim/` a simulated one made from a seed. */
export interface Host {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly network: Network;
  readonly datagrams: Datagrams;
  readonly http: Http;
  readonly cipher: Cipher;
  readonly system: System;
  readonly files: Files;
  readonly disk: Disk;
  readonly log: Log;
  /** CRC-32 by the fastest means there are. */
  readonly checksum: Checksum;
}
