/** The load client `drive` as rows use it: keys in slots of their choice, the same for all servers that it drives. */
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import type { Bench } from "./bench.js";
import type { DriveAnswer, DriveRequest } from "./clients/drive.js";
import { LoadClient } from "./load-client.js";
import { rehearsalRequests, roundRequests } from "./sizing.js";
import type { SlotRange } from "./slot-owners.js";

/** Work of a second or so; the first load takes some more. */
const answerMsMax = 120_000;
/** Whole pipelines of every depth: no key is then left out of a round through all of them. */
const deepestPipeline = 64;

export const allSlots: readonly SlotRange[] = [{ first: 0, last: SLOT_COUNT - 1 }];
export const driveCommands = ["set", "get"] as const;
export type DriveCommand = (typeof driveCommands)[number];

/** What is driven, and how: as many commands at a time on each connection. */
export interface Drive {
  readonly command: DriveCommand;
  readonly pipeline: number;
}

export class Driver {
  private constructor(
    private readonly bench: Bench,
    private readonly client: LoadClient<DriveRequest, DriveAnswer>,
    private readonly keys: number,
  ) {}

  static async start(
    bench: Bench,
    { slots, valueBytes }: { slots: readonly SlotRange[]; valueBytes: number },
  ): Promise<Driver> {
    const keys = bench.scale.keyspace - (bench.scale.keyspace % deepestPipeline);
    const client = LoadClient.start<DriveRequest, DriveAnswer>(bench.children, "drive");
    await client.ask({ kind: "choose", slots, keys, valueBytes }, answerMsMax);
    return new Driver(bench, client, keys);
  }

  /** Connects clients to a server, and sets every key once. */
  async connect(port: number, clients: number): Promise<void> {
    await this.client.ask({ kind: "connect", port, clients }, answerMsMax);
    await this.drive(port, { command: "set", pipeline: deepestPipeline }, this.keys);
  }

  /** Every reply is compared with the one that is due: it rejects at the first that differs. */
  drive(port: number, drive: Drive, requests: number): Promise<DriveAnswer> {
    return this.client.ask({ kind: "drive", port, requests, ...drive }, answerMsMax);
  }

  /** So many that the fastest of these servers takes `seconds`, by a rehearsal. */
  async requestsFor(ports: readonly number[], drive: Drive, seconds: number): Promise<number> {
    let fastest = 0;
    for (const port of ports) {
      const rehearsal = rehearsalRequests(drive.pipeline, this.bench.scale.cellSeconds);
      const answer = await this.drive(port, drive, rehearsal);
      fastest = Math.max(fastest, answer.requests / answer.seconds);
    }
    return roundRequests(fastest * seconds);
  }

  stop(): Promise<void> {
    return this.client.stop();
  }
}
