/** The datagrams of the protocol as values. Each carries its sender's version and, but for `nack`, as much news as fits. */
import type { Claim } from "./claim.js";
import type { MemberVersion, NodeId } from "./member.js";

export type Message = Ping | RelayRequest | Ack | Nack | Gossip;

interface Sent {
  readonly sender: NodeId;
  /** The sender's own: who knows less of it asks for its table. */
  readonly version: MemberVersion;
  /** News. */
  readonly claims: readonly Claim[];
}

/** "Are you there?" Whoever else lives at the address by now does not answer for `target`. */
export interface Ping extends Sent {
  readonly kind: "ping";
  readonly target: NodeId;
  readonly sequence: number;
}

/** "Is it there, as you see it?" Answered by `ack`, or by `nack` if it did not answer in time (SWIM's ping-req). */
export interface RelayRequest extends Sent {
  readonly kind: "relay";
  readonly target: NodeId;
  readonly sequence: number;
}

export interface Ack extends Sent {
  readonly kind: "ack";
  readonly sequence: number;
}

/** "I asked and had no answer": the relay is well, and so is the way to it (Lifeguard, section IV.A). */
export interface Nack extends Sent {
  readonly kind: "nack";
  readonly sequence: number;
}

export interface Gossip extends Sent {
  readonly kind: "gossip";
}
