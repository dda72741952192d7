import { AssertionError, expect } from "chai";
import { notate } from "../support/notation.js";
import { encodeCommand } from "../support/request.js";
import { connectTo, type Target } from "../support/target.js";
import type { WireClient } from "../support/wire-client.js";
import { type Captured, type Expectation, meets } from "./expectation.js";
import type { Step, TranscriptCase } from "./transcript.js";
import { wordBytes } from "./words.js";

/** Replays one case against a server that is empty or may be emptied; throws at the first reply that differs. */
export async function replay(target: Target, file: string, transcript: TranscriptCase): Promise<void> {
  if (transcript.incomplete) throw new Error(`${file}: "${transcript.title}" has not been recorded yet`);
  const stage = new Stage(target, transcript.protocol);
  try {
    if (transcript.options === undefined) await stage.reset();
    for (const step of transcript.steps) await play(stage, step, `${file}:${step.line}`);
    await stage.expectNothingUnread(`${file}: at the end of "${transcript.title}"`);
  } finally {
    await stage.close();
  }
}

async function play(stage: Stage, step: Step, where: string): Promise<void> {
  const client = await stage.connection(step.connection);
  if (step.kind !== "replies") return send(client, step, stage.captured);
  for (const expected of step.expected) await expectNext({ stage, client, expected, where });
}

/** Sends a line of a transcript. */
export function send(
  client: WireClient,
  step: Step & { kind: "command" | "bytes" },
  captured: Captured,
): void {
  const words = step.words.map((word) => wordBytes(word, captured));
  client.send(step.kind === "command" ? encodeCommand(words) : Buffer.concat(words));
}

async function expectNext(turn: {
  stage: Stage;
  client: WireClient;
  expected: Expectation;
  where: string;
}): Promise<void> {
  const { stage, client, expected, where } = turn;
  if (expected.kind === "nothing") return stage.expectNothingOn(client, where);
  const actual = await client.replyOrClose();
  const met = actual === "closed" ? expected.kind === "closed" : meets(actual, expected, stage.captured);
  if (met) return;
  throw new AssertionError(`${where}: another reply than the transcript states`, {
    actual: actual === "closed" ? "(closed)" : notate(actual),
    expected: describeExpectation(expected),
    showDiff: true,
  });
}

function describeExpectation(expected: Expectation): string {
  switch (expected.kind) {
    case "exact":
      return expected.notation;
    case "between":
      return `${expected.low}..${expected.high}`;
    case "pattern":
      return `~/${expected.regex.source}/`;
    case "captured":
      return `$${expected.name}`;
    case "items":
      return `${expected.ordered ? "" : "bag"} ${expected.of} [${expected.items.map(describeExpectation).join(" ")}]`;
    default:
      return `(${expected.kind})`;
  }
}

/** The connections of one replay, opened as the transcript first names them, and one more to ask behind their back. */
export class Stage {
  readonly captured: Captured = new Map();
  private readonly clients = new Map<string, WireClient>();
  private observer: WireClient | undefined;

  constructor(
    private readonly target: Target,
    private readonly protocol: 2 | 3,
  ) {}

  async connection(name: string): Promise<WireClient> {
    const known = this.clients.get(name);
    if (known !== undefined) return known;
    const client = await connectTo(this.target);
    this.clients.set(name, client);
    if (this.protocol === 3) await client.call("HELLO", 3);
    return client;
  }

  /** All that were opened so far, by name. */
  get connections(): ReadonlyMap<string, WireClient> {
    return this.clients;
  }

  /** An empty server, as if just started, whatever the case before left behind. */
  async reset(): Promise<void> {
    const observer = await this.observed();
    expect(await observer.ask("FLUSHALL")).to.equal("OK");
    await observer.call("SLOWLOG", "RESET");
    await observer.call("CONFIG", "RESETSTAT");
  }

  /** Passes if no reply is there although the server had every chance to send one. */
  async expectNothingOn(client: WireClient, where: string): Promise<void> {
    await this.settle();
    expect(client.unread.map(notate), `${where}: replies that no line expects`).to.deep.equal([]);
  }

  /**
   * Resolves when the server has served another connection twice: by then it has read, and could have
   * answered, everything that was sent on any connection before.
   */
  async settle(): Promise<void> {
    for (let served = 0; served < 2; ) {
      const observer = await this.observed();
      observer.send(encodeCommand(["PING"]));
      // A case may kill every connection, ours too; then we ask again on a new one.
      if ((await observer.replyOrClose()) !== "closed") served++;
    }
  }

  async expectNothingUnread(where: string): Promise<void> {
    for (const client of this.clients.values()) await this.expectNothingOn(client, where);
  }

  async close(): Promise<void> {
    const all = [...this.clients.values(), ...(this.observer === undefined ? [] : [this.observer])];
    await Promise.all(all.map((client) => client.close()));
  }

  private async observed(): Promise<WireClient> {
    if (this.observer === undefined || this.observer.isClosed) this.observer = await connectTo(this.target);
    return this.observer;
  }
}
