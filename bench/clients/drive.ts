/**
 * Load client `drive`: SET and GET of keys whose slots are chosen, which redis-benchmark cannot do. All requests, and the
 * replies they must get, are laid out beforehand: what remains while measuring is to hand out slices and to compare bytes.
 */
import { connect, type Socket } from "node:net";
import { SLOT_COUNT, slotOf } from "#torus/base/key-hash.js";
import type { SlotRange } from "../slot-owners.js";
import { keyFor, permutation, valueFor } from "./keys.js";
import { serve } from "./serve.js";

export type DriveRequest =
  | {
      /** Before all else. */
      readonly kind: "choose";
      /** Where every key lies. */
      readonly slots: readonly SlotRange[];
      readonly keys: number;
      readonly valueBytes: number;
    }
  | {
      /** Clients of a server, which stay connected until the end. */
      readonly kind: "connect";
      readonly port: number;
      readonly clients: number;
    }
  | {
      readonly kind: "drive";
      readonly port: number;
      readonly command: "set" | "get";
      readonly pipeline: number;
      /** Rounded up to whole pipelines. */
      readonly requests: number;
    };

export interface DriveAnswer {
  readonly requests: number;
  readonly seconds: number;
}

const seed = 1;
const okReply = "+OK\r\n";
const receiveBytes = 64 * 1024;

/** Requests and replies of one command for all keys, each of one length; those of a pipeline stand next to each other. */
interface Script {
  readonly requests: Buffer;
  readonly requestBytes: number;
  readonly replies: Buffer;
  readonly replyBytes: number;
}

let keyCount = 0;
let scripts: Readonly<Record<"set" | "get", Script>> | undefined;
/** Where the next pipeline begins: every run goes on where the last one stopped, so that all keys come round. */
let nextKey = 0;

const clientsByPort = new Map<number, readonly Client[]>();

serve(async (request: DriveRequest): Promise<DriveAnswer> => {
  const startedMs = performance.now();
  const requests = await answer(request);
  return { requests, seconds: (performance.now() - startedMs) / 1000 };
});

/** How many requests it came to. */
async function answer(request: DriveRequest): Promise<number> {
  switch (request.kind) {
    case "choose":
      choose(request);
      return 0;
    case "connect": {
      const opened = Array.from({ length: request.clients }, () => Client.open(request.port));
      clientsByPort.set(request.port, await Promise.all(opened));
      return 0;
    }
    case "drive":
      return drive(request);
  }
}

/** The first numbers whose keys lie in the slots, in an order without locality. */
function choose({ slots, keys, valueBytes }: Extract<DriveRequest, { kind: "choose" }>): void {
  const wanted = new Uint8Array(SLOT_COUNT);
  for (const { first, last } of slots) wanted.fill(1, first, last + 1);
  const numbers: number[] = [];
  for (let number = 0; numbers.length < keys; number++) {
    const key = Buffer.from(keyFor("key:", number), "latin1");
    if (wanted[slotOf(key, 0, key.length)] === 1) numbers.push(number);
  }
  const visit = permutation(keys, seed);
  const order = numbers.map((_, index) => numbers[visit(index)]!);
  const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
  const key = (number: number): string => bulk(keyFor("key:", number));
  const value = (number: number): string => bulk(valueFor(number, valueBytes));
  const lay = (textOf: (number: number) => string): Buffer =>
    Buffer.from(order.map(textOf).join(""), "latin1");
  const script = (requests: Buffer, replies: Buffer): Script => ({
    requests,
    requestBytes: requests.length / keys,
    replies,
    replyBytes: replies.length / keys,
  });
  keyCount = keys;
  nextKey = 0;
  scripts = {
    set: script(
      lay((number) => `*3\r\n$3\r\nSET\r\n${key(number)}${value(number)}`),
      Buffer.from(okReply.repeat(keys), "latin1"),
    ),
    get: script(
      lay((number) => `*2\r\n$3\r\nGET\r\n${key(number)}`),
      lay(value),
    ),
  };
}

/** Every client sends its next pipeline when all replies to the last one have come, until as many as asked for were sent. */
async function drive(run: Extract<DriveRequest, { kind: "drive" }>): Promise<number> {
  const script = scripts?.[run.command];
  if (script === undefined) throw new Error("no keys were chosen");
  const clients = clientsByPort.get(run.port) ?? [];
  if (clients.length === 0) throw new Error(`nobody is connected to port ${run.port}`);
  const pipelines = Math.ceil(run.requests / run.pipeline);
  let started = 0;
  const take = (): number | undefined => {
    if (started === pipelines) return undefined;
    started += 1;
    // A pipeline is one slice: the few keys at the end that make no whole one are left out.
    if (nextKey + run.pipeline > keyCount) nextKey = 0;
    const key = nextKey;
    nextKey += run.pipeline;
    return key;
  };
  await Promise.all(clients.map((client) => client.run({ script, pipeline: run.pipeline, take })));
  return pipelines * run.pipeline;
}

interface Work {
  readonly script: Script;
  readonly pipeline: number;
  /** The first key of the next pipeline; undefined when there is no more. */
  readonly take: () => number | undefined;
}

/** A connection, with one pipeline at a time under way. */
class Client {
  private heardTo = 0;
  private expectedTo = 0;
  private work: Work | undefined;
  private done = (): void => {};
  private failed = (_error: Error): void => {};

  private constructor(private readonly socket: Socket) {}

  static open(port: number): Promise<Client> {
    return new Promise((resolve, reject) => {
      const buffer = Buffer.allocUnsafe(receiveBytes);
      const callback = (length: number): boolean => client.receive(buffer, length);
      const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread: { buffer, callback } });
      const client = new Client(socket);
      client.failed = reject;
      socket.on("connect", () => resolve(client));
      socket.on("error", (error) => client.failed(error));
      socket.on("close", () => client.failed(new Error("the server closed a driving connection")));
    });
  }

  run(work: Work): Promise<void> {
    return new Promise((resolve, reject) => {
      this.work = work;
      this.done = resolve;
      this.failed = reject;
      this.send(work);
    });
  }

  private send({ script, pipeline, take }: Work): void {
    const key = take();
    if (key === undefined) {
      this.done();
      return;
    }
    this.heardTo = key * script.replyBytes;
    this.expectedTo = this.heardTo + pipeline * script.replyBytes;
    this.socket.write(
      script.requests.subarray(key * script.requestBytes, (key + pipeline) * script.requestBytes),
    );
  }

  private receive(bytes: Buffer, length: number): boolean {
    const { work, heardTo } = this;
    const until = heardTo + length;
    if (
      work === undefined ||
      until > this.expectedTo ||
      work.script.replies.compare(bytes, 0, length, heardTo, until) !== 0
    ) {
      this.socket.destroy(
        new Error(`not what was set: ${bytes.toString("latin1", 0, Math.min(length, 200))}`),
      );
      return false;
    }
    this.heardTo = until;
    if (until === this.expectedTo) this.send(work);
    return true;
  }
}
