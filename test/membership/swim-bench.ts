import { Prng } from "#torus/base/prng.js";
import type { Address } from "#torus/host/datagrams.js";
import type { GoneClaim, SuspectClaim } from "#torus/membership/claim.js";
import type { Partner } from "#torus/membership/exchange-plan.js";
import type { MemberRecord, NodeId } from "#torus/membership/member.js";
import type { Message } from "#torus/membership/message.js";
import { presets, type Timings } from "#torus/membership/presets.js";
import { Swim } from "#torus/membership/swim.js";
import type { Effect, SwimEvent } from "#torus/membership/swim-events.js";
import { CLUSTER_ID, CLUSTER_PORT, idOfNumber, recordOf } from "../support/sim-member.js";

export interface Sent {
  readonly atMs: number;
  /** The number of the member at the address. */
  readonly to: number;
  readonly message: Message;
}

export interface BenchOptions {
  readonly members?: number;
  readonly timings?: Timings;
  readonly self?: Partial<MemberRecord>;
  readonly clusterId?: string | undefined;
  readonly seeds?: readonly Address[];
  readonly seed?: number;
}

type OfKind<Kind extends Message["kind"]> = Message & { readonly kind: Kind };

/** The core as member 1 of a cluster on the workbench: time goes on by hand, and `answer` decides what comes back at once. */
export class SwimBench {
  readonly swim: Swim;
  nowMs = 0;
  readonly sent: Sent[] = [];
  readonly effects: Effect[] = [];
  /** Called for each message sent; what it answers is received one millisecond later. */
  answer: (sent: Sent) => Message | undefined = () => undefined;
  private readonly inbox: { readonly atMs: number; readonly event: SwimEvent }[] = [];

  constructor({
    members = 1,
    timings = presets.lan,
    self = {},
    seeds = [],
    seed = 1,
    ...rest
  }: BenchOptions = {}) {
    this.swim = new Swim({
      self: recordOf(1, self),
      clusterId: "clusterId" in rest ? rest.clusterId : CLUSTER_ID,
      seeds,
      members: Array.from({ length: members - 1 }, (_, at) => recordOf(at + 2)),
      timings,
      random: new Prng(seed),
      nowMs: 0,
      messageBytesMax: 1379,
    });
  }

  handle(event: SwimEvent): void {
    const effects = this.swim.handle(event, this.nowMs);
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.kind === "send") this.deliver(effect.to, effect.message);
      else if (effect.kind === "exchange") this.endExchange(effect.partner);
    }
  }

  /** A message from that member. */
  hear(from: number, message: Omit<OfKind<"gossip">, "sender" | "version"> | Unsigned): void {
    const address = { host: `host-${from}`, port: CLUSTER_PORT };
    const signed = { sender: idOfNumber(from), version: { boot: 1, incarnation: 0 }, ...message } as Message;
    this.handle({ kind: "message", message: signed, from: address });
  }

  /** Lets time pass, with all ticks on time. */
  run(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const tickMs = Math.max(this.swim.nextMs, this.nowMs);
      const arrival = this.inbox[0];
      const nextMs = Math.min(tickMs, arrival?.atMs ?? Number.POSITIVE_INFINITY);
      if (nextMs > untilMs) break;
      this.nowMs = nextMs;
      if (arrival !== undefined && arrival.atMs <= tickMs) {
        this.inbox.shift();
        this.handle(arrival.event);
      } else {
        this.handle({ kind: "tick", lateMs: 0 });
      }
    }
    this.nowMs = untilMs;
  }

  sentOf<Kind extends Message["kind"]>(kind: Kind): (Sent & { readonly message: OfKind<Kind> })[] {
    return this.sent.filter((each): each is Sent & { message: OfKind<Kind> } => each.message.kind === kind);
  }

  effectsOf<Kind extends Effect["kind"]>(kind: Kind): (Effect & { readonly kind: Kind })[] {
    return this.effects.filter((each): each is Effect & { kind: Kind } => each.kind === kind);
  }

  statusOf(number: number): string {
    return this.swim.table.get(idOfNumber(number))?.status ?? "unknown";
  }

  /** Every exchange is over soon, and taught nothing. */
  private endExchange(partner: Partner): void {
    const outcome = { kind: "met", id: idOfNumber(2) } as const;
    this.inbox.push({ atMs: this.nowMs + 1, event: { kind: "exchange-ended", partner, outcome } });
  }

  private deliver(to: Address, message: Message): void {
    const sent = { atMs: this.nowMs, to: Number(to.host.split("-")[1]), message };
    this.sent.push(sent);
    const answer = this.answer(sent);
    if (answer === undefined) return;
    this.inbox.push({ atMs: this.nowMs + 1, event: { kind: "message", message: answer, from: to } });
  }
}

type Unsigned = {
  [Kind in Message["kind"]]: Omit<OfKind<Kind>, "sender" | "version">;
}[Message["kind"]];

/** Members that are well: they answer pings, and ask nobody. */
export function healthy(except: readonly number[] = []): (sent: Sent) => Message | undefined {
  return ({ to, message }) => {
    if (except.includes(to)) return undefined;
    if (message.kind === "ping") return ackFrom(to, message.sequence);
    if (message.kind !== "relay") return undefined;
    const target = Number.parseInt(message.target, 16);
    return except.includes(target) ? nackFrom(to, message.sequence) : ackFrom(to, message.sequence);
  };
}

export function ackFrom(number: number, sequence: number): Message {
  return { kind: "ack", ...signatureOf(number), sequence, claims: [] };
}

export function nackFrom(number: number, sequence: number): Message {
  return { kind: "nack", ...signatureOf(number), sequence, claims: [] };
}

function signatureOf(number: number): { sender: NodeId; version: { boot: number; incarnation: number } } {
  return { sender: idOfNumber(number), version: { boot: 1, incarnation: 0 } };
}

/** What others say of a member in its first life. */
export function suspicion(number: number, accuser: number): SuspectClaim {
  return { kind: "suspect", ...firstLifeOf(number), accusers: [idOfNumber(accuser)] };
}

export function gone(kind: GoneClaim["kind"], number: number, by = 9): GoneClaim {
  return { kind, ...firstLifeOf(number), by: idOfNumber(by) };
}

function firstLifeOf(number: number): { id: NodeId; boot: number; incarnation: number } {
  return { id: idOfNumber(number), boot: 1, incarnation: 0 };
}

/** Member 1 of a cluster in which nothing new is left to tell; from now on all but `except` answer. */
export function settled(members: number, except: readonly number[] = []): SwimBench {
  const bench = new SwimBench({ members });
  bench.answer = healthy();
  bench.run(5000);
  bench.sent.length = 0;
  bench.effects.length = 0;
  bench.answer = healthy(except);
  return bench;
}
