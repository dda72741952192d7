import { expect } from "chai";
import fc from "fast-check";
import { NOWHERE } from "#torus/keyspace/arena.js";
import { liveLength } from "#torus/keyspace/entries-body.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import {
  fieldsOf,
  isPacked,
  readField,
  removeFields,
  SMALL_LIMITS,
  setFields,
} from "../support/hash-fields.js";
import { openKey, smallKeyspace } from "../support/small-keyspace.js";

type Step =
  | { readonly kind: "set"; readonly key: string; readonly fields: readonly (readonly [string, string])[] }
  | { readonly kind: "remove"; readonly key: string; readonly fields: readonly string[] }
  | { readonly kind: "delete"; readonly key: string };

const keys = fc.constantFrom("a", "b{a}", "");
const names = fc.constantFrom(
  "",
  "f",
  "g",
  "\0\xff\r\n",
  "field",
  "h",
  "i",
  "longer than 8",
  "x".repeat(300),
);
const values = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("", "1", "22", "\r\n\0\xff", "12345678") },
  { weight: 1, arbitrary: fc.constantFrom("123456789", "y".repeat(200), "z".repeat(20_000)) },
);
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("set" as const),
      key: keys,
      fields: fc.array(fc.tuple(names, values), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("remove" as const),
      key: keys,
      fields: fc.array(names, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("delete" as const), key: keys }) },
);

/** What hashes are: ordered maps, which are gone when they are empty, and once they were large do not keep order. */
class Model {
  readonly hashes = new Map<string, Map<string, string>>();
  readonly large = new Set<string>();

  apply(step: Step): number {
    const { hashes, large } = this;
    const hash = hashes.get(step.key) ?? new Map<string, string>();
    const before = hash.size;
    if (step.kind === "set") {
      for (const [field, value] of step.fields) {
        hash.set(field, value);
        const isLong =
          field.length > SMALL_LIMITS.hashMaxListpackValueBytes ||
          value.length > SMALL_LIMITS.hashMaxListpackValueBytes;
        if (isLong || hash.size > SMALL_LIMITS.hashMaxListpackEntries) large.add(step.key);
      }
      hashes.set(step.key, hash);
      return hash.size - before;
    }
    if (step.kind === "remove") for (const field of step.fields) hash.delete(field);
    if (step.kind === "delete") hash.clear();
    if (hash.size > 0) return before - hash.size;
    hashes.delete(step.key);
    large.delete(step.key);
    return before;
  }
}

function apply(keyspace: Keyspace, step: Step): number {
  if (step.kind === "set") return setFields(keyspace, step.key, step.fields);
  if (step.kind === "remove") return removeFields(keyspace, step.key, step.fields);
  openKey(keyspace, step.key);
  if (keyspace.at === NOWHERE) return 0;
  const length = liveLength(keyspace.database, keyspace.at);
  keyspace.remove();
  return length;
}

describe("hash", () => {
  for (const keepTombstones of [false, true]) {
    describe(keepTombstones ? "that leaves tombstones and marks" : "that leaves nothing behind", () => {
      it("does what an ordered map does, packed, large and on the way", () => {
        fc.assert(
          fc.property(fc.array(steps, { maxLength: 60, size: "max" }), (run) => {
            const keyspace = smallKeyspace({ keepTombstones });
            const model = new Model();
            for (const step of run) {
              expect(apply(keyspace, step)).to.equal(model.apply(step));
              expect(keyspace.size).to.equal(model.hashes.size);
              for (const key of ["a", "b{a}", ""]) {
                const expected = [...(model.hashes.get(key) ?? [])];
                const found = fieldsOf(keyspace, key);
                if (!keepTombstones && expected.length > 0) {
                  expect(isPacked(keyspace, key)).to.equal(!model.large.has(key));
                }
                if (expected.length > 0 && isPacked(keyspace, key)) expect(found).to.deep.equal(expected);
                else expect(found).to.have.deep.members(expected);
                for (const [field, value] of expected)
                  expect(readField(keyspace, key, field)).to.equal(value);
                expect(readField(keyspace, key, "never set")).to.equal(undefined);
              }
            }
          }),
          { numRuns: 100 },
        );
      });
    });
  }
});
