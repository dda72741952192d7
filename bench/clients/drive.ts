/**
 * Load client `drive`: SET and GET of keys whose slots are chosen, which redis-benchmark cannot do. All requests, and the
 * replies they must get, are laid out beforehand: what remains while measuring is to hand out slices and to compare bytes.
 */
import { connect, type Socket } from "node:net";
import { encodeCommand } from "../resp.js";
import type { SlotRange } from "../slot-owners.js";
import { percentile } from "../statistics.js";
import { firstOf, keyFor, numbersIn, permutation, valueFor } from "./keys.js";
import { serve } from "./serve.js";

export type DriveRequest =
  | {
      /** Before all else. */
      readonly kind: "choose";
      /** Where keys lie: as many in each section. */
      readonly sections: readonly (readonly SlotRange[])[];
      /** Of all sections together. */
      readonly keys: number;
      readonly valueBytes: number;
    }
  | {
      /** Clients of a server, which stay connected until the end. */
      readonly kind: "connect";
      readonly port: number;
      readonly clients: number;
      /** The place of the only one whose keys it is sent; all keys, if left out. */
      readonly section?: number | undefined;
    }
  | {
      /** A command of each client that is answered OK. */
      readonly kind: "say";
      readonly ports: readonly number[];
      readonly words: readonly string[];
    }
  | {
      readonly kind: "drive";
      /** Whoever has answered is asked next: the faster of several servers gets more of it. */
      readonly ports: readonly number[];
      readonly command: "set" | "get";
      readonly pipeline: number;
      /** Rounded up to whole pipelines. */
      readonly requests: number;
    };

export interface DriveAnswer {
  readonly requests: number;
  readonly seconds: number;
  /** Of whole pipelines, from the first byte out to the last one in; 0 if there were none. */
  readonly p50Ms: number;
  readonly p99Ms: number;
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

/** Keys of which pipelines are made, by their place in the scripts: from `first` up to `end`. */
interface Section {
  readonly first: number;
  readonly end: number;
}

/** A server that is driven: its clients, and where the next pipeline begins. Every run goes on where the last one stopped, so that all keys come round. */
interface Target {
  readonly clients: readonly Client[];
  readonly section: Section;
  next: number;
}

let scripts: Readonly<Record<"set" | "get", Script>> | undefined;
let sections: readonly Section[] = [];

const targetsByPort = new Map<number, Target>();

serve(async (request: DriveRequest): Promise<DriveAnswer> => {
  const startedMs = performance.now();
  const { requests, roundTripsMs } = await answer(request);
  const seconds = (performance.now() - startedMs) / 1000;
  roundTripsMs.sort();
  const rank = (percent: number): number =>
    roundTripsMs.length === 0 ? 0 : percentile(roundTripsMs, percent);
  return { requests, seconds, p50Ms: rank(50), p99Ms: rank(99) };
});

/** What was driven, and how long each pipeline took. */
interface Driven {
  readonly requests: number;
  readonly roundTripsMs: Float64Array;
}

const nothing: Driven = { requests: 0, roundTripsMs: new Float64Array(0) };

async function answer(request: DriveRequest): Promise<Driven> {
  switch (request.kind) {
    case "choose":
      choose(request);
      return nothing;
    case "connect":
      await connectClients(request);
      return nothing;
    case "say":
      await Promise.all(
        request.ports.flatMap((port) => targetAt(port).clients.map((client) => client.say(request.words))),
      );
      return nothing;
    case "drive":
      return drive(request);
  }
}

/** In each section the first numbers whose keys lie in its slots, in an order without locality. */
function choose(request: Extract<DriveRequest, { kind: "choose" }>): void {
  const { keys, valueBytes } = request;
  const keysOfSection = Math.floor(keys / request.sections.length);
  const order = request.sections.flatMap((slots) => {
    const numbers = firstOf(numbersIn("key:", slots), keysOfSection);
    const visit = permutation(keysOfSection, seed);
    return numbers.map((_, index) => numbers[visit(index)]!);
  });
  sections = request.sections.map((_, place) => ({
    first: place * keysOfSection,
    end: (place + 1) * keysOfSection,
  }));
  const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
  const key = (number: number): string => bulk(keyFor("key:", number));
  const value = (number: number): string => bulk(valueFor(number, valueBytes));
  const lay = (textOf: (number: number) => string): Buffer =>
    Buffer.from(order.map(textOf).join(""), "latin1");
  const script = (requests: Buffer, replies: Buffer): Script => ({
    requests,
    requestBytes: requests.length / order.length,
    replies,
    replyBytes: replies.length / order.length,
  });
  scripts = {
    set: script(
      lay((number) => `*3\r\n$3\r\nSET\r\n${key(number)}${value(number)}`),
      Buffer.from(okReply.repeat(order.length), "latin1"),
    ),
    get: script(
      lay((number) => `*2\r\n$3\r\nGET\r\n${key(number)}`),
      lay(value),
    ),
  };
}

async function connectClients(request: Extract<DriveRequest, { kind: "connect" }>): Promise<void> {
  const { port, clients, section: place } = request;
  const section = place === undefined ? { first: 0, end: sections.at(-1)!.end } : sections[place]!;
  const opened = await Promise.all(Array.from({ length: clients }, () => Client.open(port)));
  targetsByPort.set(port, { clients: opened, section, next: section.first });
}

function targetAt(port: number): Target {
  const target = targetsByPort.get(port);
  if (target === undefined) throw new Error(`nobody is connected to port ${port}`);
  return target;
}

/** Every client sends its next pipeline when all replies to the last one have come, until as many as asked for were sent. */
async function drive(run: Extract<DriveRequest, { kind: "drive" }>): Promise<Driven> {
  const script = scripts?.[run.command];
  if (script === undefined) throw new Error("no keys were chosen");
  const roundTripsMs = new Float64Array(Math.ceil(run.requests / run.pipeline));
  let started = 0;
  let ended = 0;
  const workOf = (target: Target): Work => ({
    script,
    pipeline: run.pipeline,
    take() {
      if (started === roundTripsMs.length) return undefined;
      started += 1;
      // A pipeline is one slice: the few keys at the end that make no whole one are left out.
      if (target.next + run.pipeline > target.section.end) target.next = target.section.first;
      const key = target.next;
      target.next += run.pipeline;
      return key;
    },
    took(milliseconds) {
      roundTripsMs[ended++] = milliseconds;
    },
  });
  await Promise.all(
    run.ports.map(targetAt).flatMap((target) => {
      const work = workOf(target);
      return target.clients.map((client) => client.run(work));
    }),
  );
  return { requests: roundTripsMs.length * run.pipeline, roundTripsMs };
}

interface Work {
  readonly script: Script;
  readonly pipeline: number;
  /** The first key of the next pipeline; undefined when there is no more. */
  readonly take: () => number | undefined;
  readonly took: (milliseconds: number) => void;
}

/** A connection, with one pipeline at a time under way. */
class Client {
  private heardTo = 0;
  private expectedTo = 0;
  private sentMs = 0;
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

  /** Says a command that is answered OK. */
  say(words: readonly string[]): Promise<void> {
    const requests = Buffer.from(encodeCommand(words), "latin1");
    const replies = Buffer.from(okReply);
    const script = { requests, requestBytes: requests.length, replies, replyBytes: replies.length };
    let place: number | undefined = 0;
    const take = (): number | undefined => {
      const key = place;
      place = undefined;
      return key;
    };
    return this.run({ script, pipeline: 1, take, took: () => {} });
  }

  private send({ script, pipeline, take }: Work): void {
    const key = take();
    if (key === undefined) {
      this.done();
      return;
    }
    this.heardTo = key * script.replyBytes;
    this.expectedTo = this.heardTo + pipeline * script.replyBytes;
    this.sentMs = performance.now();
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
    if (until === this.expectedTo) {
      work.took(performance.now() - this.sentMs);
      this.send(work);
    }
    return true;
  }
}
