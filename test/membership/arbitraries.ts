import fc from "fast-check";
import type { Claim } from "#torus/membership/claim.js";
import type { ExchangeMessage } from "#torus/membership/exchange-message.js";
import { lifecycles, type MemberRecord, type NodeId } from "#torus/membership/member.js";
import type { Message } from "#torus/membership/message.js";
import type { TableClaim } from "#torus/membership/swim-events.js";

const word = fc.nat({ max: 2 ** 32 - 1 });
const port = fc.nat({ max: 65_535 });
const byte = fc.nat({ max: 255 });
const bytesUpTo = (maxLength: number) => fc.uint8Array({ maxLength });

export const anyId: fc.Arbitrary<NodeId> = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));

const anyText = fc
  .string({ unit: "grapheme", maxLength: 64 })
  .filter((text) => Buffer.byteLength(text) <= 64 && !/\p{Cc}/u.test(text));
const anyHost = fc.stringMatching(/^[!-~]{1,40}$/);

export const anyRecord: fc.Arbitrary<MemberRecord> = fc
  .record({
    id: anyId,
    boot: word,
    incarnation: word,
    origin: fc.integer({ min: 1, max: 65_535 }),
    lifecycle: fc.constantFrom(...lifecycles),
    name: anyText,
    zone: anyText,
    host: anyHost,
    clientPort: port,
    clusterPort: fc.integer({ min: 1, max: 65_535 }),
    httpPort: port,
    weight: fc.integer({ min: 1, max: 65_535 }).map((hundredths) => hundredths / 100),
    stateVersion: fc.maxSafeNat(),
    protocolMin: byte,
    protocolMax: byte,
    digests: fc.array(fc.record({ tag: byte, bytes: bytesUpTo(40) }), { maxLength: 4 }),
  })
  .map((record) => ({ ...record, protocolMin: Math.min(record.protocolMin, record.protocolMax) }));

const life = { id: anyId, boot: word, incarnation: word };

const anyAlive = fc.record({ kind: fc.constant("alive" as const), record: anyRecord });
const anyGone = fc.record({
  kind: fc.constantFrom("dead" as const, "forgotten" as const),
  ...life,
  by: anyId,
});
const anySuspect = fc.record({
  kind: fc.constant("suspect" as const),
  ...life,
  accusers: fc.array(anyId, { minLength: 1, maxLength: 4 }),
});

export const anyClaim: fc.Arbitrary<Claim> = fc.oneof(anyAlive, anySuspect, anyGone);
const anyTableClaim: fc.Arbitrary<TableClaim> = fc.oneof(anyAlive, anyGone);

const sent = {
  sender: anyId,
  version: fc.record({ boot: word, incarnation: word }),
  claims: fc.array(anyClaim, { maxLength: 5 }),
};

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("ping" as const, "relay" as const),
    ...sent,
    target: anyId,
    sequence: word,
  }),
  fc.record({ kind: fc.constant("ack" as const), ...sent, sequence: word }),
  fc.record({ kind: fc.constant("nack" as const), ...sent, claims: fc.constant([]), sequence: word }),
  fc.record({ kind: fc.constant("gossip" as const), ...sent }),
);

export const anyExchange: fc.Arbitrary<ExchangeMessage> = fc.oneof(
  fc.record({
    kind: fc.constant("hello" as const),
    record: anyRecord,
    digest: fc.record({ low: word, high: word }),
    stateVersion: fc.maxSafeNat(),
  }),
  fc.record({
    kind: fc.constant("table" as const),
    record: anyRecord,
    isEqual: fc.boolean(),
    stateVersion: fc.maxSafeNat(),
    state: fc.option(bytesUpTo(100), { nil: undefined }),
    claims: fc.array(anyTableClaim, { maxLength: 5 }),
  }),
  fc.constant({ kind: "taken" as const }),
  fc.record({
    kind: fc.constant("refused" as const),
    reason: fc.constantFrom(...(["other-cluster", "no-cluster", "secret", "unreadable", "self"] as const)),
  }),
);
