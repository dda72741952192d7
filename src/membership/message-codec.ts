/**
 * Messages as bytes: the body of a datagram (envelope.ts puts it into one).
 *
 *     message := 1 from target:id sequence:u32 claim*      ping
 *              | 2 from target:id sequence:u32 claim*      relay
 *              | 3 from sequence:u32 claim*                ack
 *              | 4 from sequence:u32                       nack
 *              | 5 from claim*                             gossip
 *     from    := id boot:u32 incarnation:u32
 */
import { ByteReader } from "../base/byte-reader.js";
import type { ByteWriter } from "../base/byte-writer.js";
import { rangeOf } from "../base/bytes.js";
import type { Claim } from "./claim.js";
import { readClaim, readId, readVersion, writeClaim, writeId, writeVersion } from "./claim-codec.js";
import type { Message } from "./message.js";

/** Of a message, in an envelope of any kind. Fits one packet of a network whose frames hold 1500 bytes. */
export const DATAGRAM_BYTES_MAX = 1400;

const PING = 1;
const RELAY = 2;
const ACK = 3;
const NACK = 4;
const GOSSIP = 5;

/** Before the claims of the longest kind: kind, sender, version, target, sequence. */
export const MESSAGE_HEAD_BYTES = 1 + 16 + 8 + 16 + 4;

export function writeMessage(to: ByteWriter, message: Message): void {
  const { sender, version, claims } = message;
  to.u8(numberOf(message.kind));
  writeId(to, sender);
  writeVersion(to, version);
  if (message.kind === "ping" || message.kind === "relay") writeId(to, message.target);
  if (message.kind !== "gossip") to.u32(message.sequence);
  for (const claim of claims) writeClaim(to, claim);
}

/** Undefined if the bytes are no message, to the last of them. Nothing in the message points into the bytes. */
export function readMessage(bytes: Uint8Array): Message | undefined {
  const from = new ByteReader(rangeOf(bytes));
  const kind = from.u8();
  const sent = { sender: readId(from), version: readVersion(from) };
  const target = kind === PING || kind === RELAY ? readId(from) : "";
  const sequence = kind < GOSSIP ? from.u32() : 0;
  const claims = readClaims(from);
  if (from.failed) return undefined;
  switch (kind) {
    case PING:
      return { kind: "ping", ...sent, target, sequence, claims };
    case RELAY:
      return { kind: "relay", ...sent, target, sequence, claims };
    case ACK:
      return { kind: "ack", ...sent, sequence, claims };
    case NACK:
      return claims.length > 0 ? undefined : { kind: "nack", ...sent, sequence, claims };
    case GOSSIP:
      return { kind: "gossip", ...sent, claims };
    default:
      return undefined;
  }
}

function numberOf(kind: Message["kind"]): number {
  switch (kind) {
    case "ping":
      return PING;
    case "relay":
      return RELAY;
    case "ack":
      return ACK;
    case "nack":
      return NACK;
    case "gossip":
      return GOSSIP;
  }
}

function readClaims(from: ByteReader): Claim[] {
  const claims: Claim[] = [];
  while (from.remaining > 0) {
    const claim = readClaim(from);
    if (claim !== undefined) claims.push(claim);
  }
  return claims;
}
