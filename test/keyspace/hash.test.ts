import { expect } from "chai";
import fc from "fast-check";
import { NOWHERE } from "#torus/keyspace/arena.js";
import { findField, hashEdit } from "#torus/keyspace/hash.js";
import { hashLength, PACKED, tableOfHash } from "#torus/keyspace/hash-body.js";
import { HashReader } from "#torus/keyspace/hash-reader.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { openKey, smallKeyspace } from "../support/small-keyspace.js";

const LIMITS = { hashMaxListpackEntries: 4, hashMaxListpackValueBytes: 8 };
const reader = new HashReader();

/** Sets fields of a hash by one edit; answers how many are new. Fields and values are byte strings. */
function setFields(keyspace: Keyspace, key: string, fields: readonly (readonly [string, string])[]): number {
  openKey(keyspace, key);
  hashEdit.begin(keyspace, LIMITS);
  let added = 0;
  for (const [field, value] of fields) {
    const [name, text] = [Buffer.from(field, "latin1"), Buffer.from(value, "latin1")];
    if (hashEdit.set(name, 0, name.length, text, 0, text.length)) added++;
  }
  hashEdit.finish();
  return added;
}

function removeFields(keyspace: Keyspace, key: string, fields: readonly string[]): number {
  openKey(keyspace, key);
  if (keyspace.at === NOWHERE) return 0;
  hashEdit.begin(keyspace, LIMITS);
  let removed = 0;
  for (const field of fields) {
    const name = Buffer.from(field, "latin1");
    if (hashEdit.remove(name, 0, name.length)) removed++;
  }
  hashEdit.finish();
  return removed;
}

function readField(keyspace: Keyspace, key: string, field: string): string | undefined {
  openKey(keyspace, key);
  if (keyspace.at === NOWHERE) return undefined;
  const name = Buffer.from(field, "latin1");
  const value = findField(keyspace, name, 0, name.length)?.value;
  return value?.bytes.toString("latin1", value.start, value.end);
}

/** The fields that a client can see, in the order in which they are stored. */
function fieldsOf(keyspace: Keyspace, key: string): [string, string][] {
  openKey(keyspace, key);
  if (keyspace.at === NOWHERE) return [];
  const fields: [string, string][] = [];
  reader.open(keyspace.database, keyspace.at);
  while (reader.nextLive()) {
    const { field, value } = reader;
    fields.push([
      field.bytes.toString("latin1", field.start, field.end),
      value!.bytes.toString("latin1", value!.start, value!.end),
    ]);
  }
  return fields;
}

function isPacked(keyspace: Keyspace, key: string): boolean {
  openKey(keyspace, key);
  return tableOfHash(keyspace.database, keyspace.at) === PACKED;
}

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
          field.length > LIMITS.hashMaxListpackValueBytes || value.length > LIMITS.hashMaxListpackValueBytes;
        if (isLong || hash.size > LIMITS.hashMaxListpackEntries) large.add(step.key);
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
  const length = hashLength(keyspace.database, keyspace.at);
  keyspace.remove();
  return length;
}

describe("hash", () => {
  for (const keepTombstones of [false, true]) {
    describe(keepTombstones ? "that leaves tombstones and marks" : "that leaves nothing behind", () => {
      it("does what an ordered map does, packed, large and on the way", () => {
        fc.assert(
          fc.property(fc.array(steps, { maxLength: 60 }), (run) => {
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
          { numRuns: 150 },
        );
      });
    });
  }
});
