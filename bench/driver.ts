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

/** Clients of a server. */
export interface Crew {
  readonly port: number;
  readonly clients: number;
  /** The place of the only section whose keys they use; those of all, if left out. */
  readonly section?: number | undefined;
}

export class Driver {
  private constructor(
    private readonly bench: Bench,
    private readonly client: LoadClient<DriveRequest, DriveAnswer>,
    private readonly sections: number,
    private readonly keysOfSection: number,
  ) {}

  /** With as many keys in each section of slots. */
  static async start(
    bench: Bench,
    { sections, valueBytes }: { sections: readonly (readonly SlotRange[])[]; valueBytes: number },
  ): Promise<Driver> {
    const whole = deepestPipeline * sections.length;
    const keys = bench.scale.keyspace - (bench.scale.keyspace % whole);
    const client = LoadClient.start<DriveRequest, DriveAnswer>(bench.children, "drive");
    await client.ask({ kind: "choose", sections, keys, valueBytes }, answerMsMax);
    return new Driver(bench, client, sections.length, keys / sections.length);
  }

  /** Connects clients to a server, and sets every key of theirs once. */
  async connect(crew: Crew): Promise<void> {
    await this.client.ask({ kind: "connect", ...crew }, answerMsMax);
    const keys = this.keysOfSection * (crew.section === undefined ? this.sections : 1);
    await this.drive([crew.port], { command: "set", pipeline: deepestPipeline }, keys);
  }

  /** Has every client of these servers say a command that is answered OK. */
  async say(ports: readonly number[], ...words: readonly string[]): Promise<void> {
    await this.client.ask({ kind: "say", ports, words }, answerMsMax);
  }

  /**
   * At all these servers at a time, whoever is free next. Every reply is compared with the one that is due: it rejects at the first that
   * differs.
   */
  drive(ports: readonly number[], drive: Drive, requests: number): Promise<DriveAnswer> {
    return this.client.ask({ kind: "drive", ports, requests, ...drive }, answerMsMax);
  }

  /** So many that the fastest of these servers, or groups of them, takes `seconds`, by a rehearsal. */
  async requestsFor(groups: readonly (readonly number[])[], drive: Drive, seconds: number): Promise<number> {
    let fastest = 0;
    for (const ports of groups) {
      const rehearsal = rehearsalRequests(drive.pipeline, this.bench.scale.cellSeconds);
      const answer = await this.drive(ports, drive, rehearsal);
      fastest = Math.max(fastest, answer.requests / answer.seconds);
    }
    return roundRequests(fastest * seconds);
  }

  stop(): Promise<void> {
    return this.client.stop();
  }
}
