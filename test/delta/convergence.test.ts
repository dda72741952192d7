import { expect } from "chai";
import fc from "fast-check";
import type { FieldsKind } from "#torus/delta/record-state.js";
import { type Command, FIELDS, type Field, KEYS, type Key, Owners } from "./replica.js";

const OWNERS = 3;
const START_MS = 1000;

const at = fc.nat(OWNERS - 1);
const key = fc.constantFrom(...KEYS);
const field = fc.constantFrom(...FIELDS);

const keyCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    name: fc.constant("SET" as const),
    key,
    value: fc.constantFrom("7", "x"),
    ttlMs: fc.constantFrom(0, 0, 2, 50),
  }),
  fc.record({ name: fc.constant("APPEND" as const), key, value: fc.constantFrom("1", "y") }),
  fc.record({ name: fc.constantFrom("DEL" as const, "INCR", "INCR", "PERSIST"), key }),
  fc.record({ name: fc.constantFrom("HSET" as const, "HSET", "HDEL"), key, field }),
  fc.record({ name: fc.constantFrom("SADD" as const, "SADD", "SREM"), key, field }),
  fc.record({ name: fc.constantFrom("ZADD" as const, "ZADD", "ZREM"), key, field }),
  fc.record({ name: fc.constant("EXPIRE" as const), key, ttlMs: fc.constantFrom(1, 3, 50) }),
);

const command = fc.record({
  kind: fc.constant("command" as const),
  at,
  command: fc.oneof(
    { arbitrary: keyCommand, weight: 30 },
    { arbitrary: fc.constant({ name: "FLUSHDB" as const }), weight: 1 },
  ),
});
const pull = fc.record({
  kind: fc.constant("pull" as const),
  at,
  from: at,
  count: fc.integer({ min: 1, max: 4 }),
});
const replay = fc.record({
  kind: fc.constant("replay" as const),
  at,
  from: at,
  first: fc.nat(10),
  count: fc.integer({ min: 1, max: 5 }),
});
const tick = fc.record({ kind: fc.constant("tick" as const), at, ms: fc.integer({ min: 1, max: 4 }) });
const reclaim = fc.record({ kind: fc.constant("reclaim" as const), at });
const collect = fc.record({ kind: fc.constant("collect" as const), at });
const deliverAll = fc.record({ kind: fc.constant("deliver-all" as const) });

const event = fc.oneof(
  { arbitrary: command, weight: 12 },
  { arbitrary: pull, weight: 5 },
  { arbitrary: replay, weight: 2 },
  { arbitrary: tick, weight: 3 },
  { arbitrary: reclaim, weight: 2 },
  { arbitrary: collect, weight: 3 },
  { arbitrary: deliverAll, weight: 2 },
);
type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;

/** What owners do to one key while they hardly hear of one another. */
const addition = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant("add" as const), at, field }), weight: 4 },
  { arbitrary: pull, weight: 2 },
  { arbitrary: replay, weight: 1 },
  { arbitrary: collect, weight: 2 },
);

function begin(): Owners {
  const owners = new Owners(OWNERS);
  for (const replica of owners.replicas) replica.clock.tick(START_MS);
  return owners;
}

function happen(owners: Owners, event: Event): void {
  if (event.kind === "deliver-all") {
    owners.deliverAll();
    return;
  }
  const replica = owners.replicas[event.at]!;
  switch (event.kind) {
    case "command":
      replica.execute(event.command);
      break;
    case "pull": {
      const source = owners.replicas[event.from]!;
      for (let i = 0; i < event.count && source !== replica; i++) replica.pull(source);
      break;
    }
    case "replay":
      replica.replay(owners.replicas[event.from]!, event.first, event.count);
      break;
    case "tick":
      replica.clock.tick(replica.nowMs + event.ms);
      break;
    case "reclaim":
      replica.reclaim();
      break;
    case "collect":
      if (owners.stable) replica.collect(owners.stable);
  }
}

/** All logs at all owners, all clocks at one time. */
function settle(owners: Owners): void {
  owners.deliverAll();
  owners.agreeOnNow();
}

/** The command that adds to what is there or was: one of another kind would begin a life, and compete. */
function adding(owners: Owners, key: Key, field: Field): Command {
  const isOf = (kind: FieldsKind) =>
    owners.replicas.some(({ records }) => records.get(key)?.body.kind === kind);
  if (isOf("hash")) return { name: "HSET", key, field };
  if (isOf("zset")) return { name: "ZADD", key, field };
  return isOf("set") ? { name: "SADD", key, field } : { name: "INCR", key };
}

describe("owners of a slot", () => {
  it("see the same once they have pulled the same, whatever they wrote, when, and in which order they pulled", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60, size: "max" }), (events) => {
        const owners = begin();
        for (const each of events) happen(owners, each);
        settle(owners);
        for (const key of KEYS) {
          const [first, ...others] = owners.replicas.map((replica) => replica.view(key));
          for (const other of others) expect(other).deep.equal(first);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("keep all that is added on any side of a partition, whether the key was there or not, floors taken or not", () => {
    const history = fc.array(event, { maxLength: 30, size: "max" });
    const additions = fc.array(addition, { maxLength: 20, size: "max" });
    fc.assert(
      fc.property(history, additions, key, (events, additions, key) => {
        const owners = begin();
        for (const each of events) happen(owners, each);
        settle(owners);
        const [replica] = owners.replicas;
        const before = replica!.view(key);
        const fields = new Set(before?.fields?.keys());
        const members = new Set(before?.members);
        const scored = new Set(before?.scores?.keys());
        let count = before?.number ?? Number(before?.text ?? 0);
        for (const each of additions) {
          if (each.kind !== "add") {
            happen(owners, each);
            continue;
          }
          const command = adding(owners, key, each.field);
          if (!owners.replicas[each.at]!.execute(command)) continue;
          if (command.name === "HSET") fields.add(command.field);
          else if (command.name === "SADD") members.add(command.field);
          else if (command.name === "ZADD") scored.add(command.field);
          else count++;
        }
        settle(owners);
        const after = replica!.view(key);
        expect([...(after?.fields?.keys() ?? [])]).members([...fields]);
        expect([...(after?.members ?? [])]).members([...members]);
        expect([...(after?.scores?.keys() ?? [])]).members([...scored]);
        expect(after?.number ?? Number(after?.text ?? 0)).deep.equal(count);
      }),
      { numRuns: 2000 },
    );
  });
});
