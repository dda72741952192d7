/** What of a simulated host outlives the processes that run on it. */
import type { SimClock } from "./clock.js";
import type { MachineDisk } from "./disk.js";

export interface Machine {
  readonly name: string;
  /** The IPv4 address by which other machines reach it. */
  readonly address: string;
  readonly clock: SimClock;
  readonly disk: MachineDisk;
  readonly fileByPath: Map<string, Buffer>;
  /** How many processes it has had. */
  starts: number;
}
