import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import type { KeyState } from "#torus/cluster/replication/key-state.js";
import {
  PLACES_MAX,
  readStates,
  readStatesRequest,
  writeStates,
  writeStatesRequest,
} from "#torus/cluster/replication/read-messages.js";
import { VERSION_ZERO } from "#torus/delta/version.js";
import { exampleOf } from "../../support/format-example.js";
import { slot } from "./owners.js";

const DATABASES = 2;
const AT_MS = 1_760_000_000_000;
const placeOf = (key: string, db = 0) => ({ slot: slot(key), db, key: Buffer.from(key) });
const QUESTION = { atMs: AT_MS, places: [placeOf("city"), placeOf("user:1", 1)] };
const FLOOR = { clock: AT_MS * 2048 + 5, origin: 7 };
const STATES: (KeyState | undefined)[] = [
  { isThere: true, low: -2, high: 0x01020304, floor: VERSION_ZERO },
  { isThere: false, low: 0, high: 0, floor: FLOOR },
];

/** Each of its prefixes, it with more behind it, and it with each byte changed. */
function* damagedForms(bytes: Uint8Array): Generator<{ readonly what: string; readonly bytes: Buffer }> {
  for (let i = 0; i < bytes.length; i++) {
    yield { what: `cut at ${i}`, bytes: Buffer.from(bytes.subarray(0, i)) };
    const changed = Buffer.from(bytes);
    changed[i]! ^= 0x04;
    yield { what: `byte ${i}`, bytes: changed };
  }
  yield { what: "more", bytes: Buffer.concat([bytes, Buffer.from([0])]) };
}

const request = (bytes: Uint8Array) => readStatesRequest(Buffer.from(bytes), DATABASES, crc32);

describe("messages of reads", () => {
  it("say what they were made of", () => {
    expect(request(writeStatesRequest(QUESTION, crc32))).to.deep.equal(QUESTION);
    const states = [...STATES, undefined, { ...STATES[0]!, floor: FLOOR }];
    const answer = Buffer.from(writeStates(states, crc32));
    expect(readStates(answer, states.length, crc32)).to.deep.equal(states);
    for (const count of [0, 3, 5]) expect(readStates(answer, count, crc32)).to.equal(undefined);
  });

  it("are refused wherever they are cut or changed", () => {
    for (const { what, bytes } of damagedForms(writeStatesRequest(QUESTION, crc32)))
      expect(request(bytes), what).to.equal(undefined);
    for (const { what, bytes } of damagedForms(writeStates(STATES, crc32))) {
      expect(readStates(bytes, STATES.length, crc32), what).to.equal(undefined);
    }
  });

  it("are refused if they name what there is not, or too much", () => {
    const { places } = QUESTION;
    const refused = [
      [placeOf("city", DATABASES)],
      [{ ...placeOf("city"), slot: 1 }],
      [{ ...placeOf("city"), slot: 16384 }],
      Array.from({ length: PLACES_MAX + 1 }, () => places[0]!),
      [],
    ];
    for (const places of refused)
      expect(request(writeStatesRequest({ atMs: 1, places }, crc32))).to.equal(undefined);
  });

  it("have the bytes that the page on their format shows", () => {
    const path = fileURLToPath(new URL("../../../../docs/formats/reads.md", import.meta.url));
    const written = [writeStatesRequest(QUESTION, crc32), writeStates(STATES, crc32)];
    const example = exampleOf(readFileSync(path, "utf8"));
    expect(example.toString("hex")).to.equal(Buffer.concat(written).toString("hex"));
  });
});
