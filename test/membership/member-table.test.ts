import { expect } from "chai";
import fc from "fast-check";
import { Prng } from "#torus/base/prng.js";
import type { Claim } from "#torus/membership/claim.js";
import { isPresent, type Member, type MemberRecord } from "#torus/membership/member.js";
import { MEMBERS_MAX, MemberTable } from "#torus/membership/member-table.js";
import { equalDigests } from "#torus/membership/table-hash.js";
import { idOfNumber, recordOf } from "../support/sim-member.js";

const MEMBERS = 4;

/** Claims on few members and few versions, so that they meet. */
const anyClaim: fc.Arbitrary<Claim> = fc
  .record({
    number: fc.integer({ min: 1, max: MEMBERS }),
    boot: fc.integer({ min: 1, max: 3 }),
    incarnation: fc.nat({ max: 3 }),
    kind: fc.constantFrom("alive", "suspect", "dead", "forgotten"),
  })
  .map(({ number, boot, incarnation, kind }): Claim => {
    // A member writes one record for each version: so what it says follows from that.
    const lifecycle = (["active", "joining", "left", "active"] as const)[(number + boot + incarnation) % 4]!;
    if (kind === "alive") return aliveClaim(number, { boot, incarnation, lifecycle });
    const life = { id: idOfNumber(number), boot, incarnation };
    if (kind === "suspect") return { kind, ...life, accusers: [idOfNumber(99)] };
    return { kind: kind === "dead" ? "dead" : "forgotten", ...life, by: idOfNumber(99) };
  });

function aliveClaim(number: number, changes: Partial<MemberRecord> = {}): Claim {
  return { kind: "alive", record: recordOf(number, changes) };
}

/** All members are known, so that no claim on a stranger is lost. */
function tableOf(claims: readonly Claim[]): MemberTable {
  const table = new MemberTable();
  for (let number = 1; number <= MEMBERS; number++) table.merge(aliveClaim(number, { boot: 0 }), 0);
  for (const claim of claims) table.merge(claim, 0);
  return table;
}

function contents(table: MemberTable): unknown {
  return [...table.members]
    .map(({ record, status }) => ({ record, status, version: table.versionOf(record.id) }))
    .map(({ version, ...rest }) => ({ ...rest, boot: version!.boot, incarnation: version!.incarnation }))
    .sort((one, other) => (one.record.id < other.record.id ? -1 : 1));
}

describe("the table of members", () => {
  it("says the same after the same claims, in whatever order and however often they came", () => {
    fc.assert(
      fc.property(fc.array(anyClaim, { maxLength: 20 }), fc.nat(), (claims, seed) => {
        const prng = new Prng(seed);
        const again = prng.shuffle([...claims, ...claims.filter(() => prng.chance(0.5))]);
        const [one, other] = [tableOf(claims), tableOf(again)];
        expect(contents(other)).to.deep.equal(contents(one));
        expect(equalDigests(one.hash.digest, other.hash.digest)).to.equal(true);
      }),
    );
  });

  it("has a hash that follows from what it says of members that have not departed", () => {
    fc.assert(
      fc.property(
        fc.array(anyClaim, { maxLength: 10 }),
        fc.array(anyClaim, { maxLength: 10 }),
        fc.subarray(Array.from({ length: MEMBERS }, (_, at) => idOfNumber(at + 1))),
        (some, more, owners) => {
          const [one, other] = [tableOf(some), tableOf(more)];
          for (const table of [one, other]) table.setOwners(new Set(owners));
          const standing = (table: MemberTable) =>
            [...table.members]
              .filter(({ record, status }) => record.lifecycle !== "left" && status !== "forgotten")
              .filter(
                ({ record, status, isOwner }) =>
                  status !== "dead" || record.lifecycle !== "joining" || isOwner,
              )
              .map(
                ({ record, status }) =>
                  `${record.id} ${record.boot} ${record.incarnation} ${status === "dead"}`,
              )
              .sort();
          const isEqual = standing(one).join() === standing(other).join();
          expect(equalDigests(one.hash.digest, other.hash.digest)).to.equal(isEqual);
        },
      ),
    );
  });

  it("counts who takes part", () => {
    fc.assert(
      fc.property(fc.array(anyClaim, { maxLength: 20 }), (claims) => {
        const table = tableOf(claims);
        expect(table.presentCount).to.equal([...table.members].filter(isPresent).length);
      }),
    );
  });

  it("clears a verdict by a newer record only, and takes the graver of two on one life", () => {
    const table = tableOf([]);
    const life = { id: idOfNumber(1), boot: 1, incarnation: 5 };
    const status = () => table.get(idOfNumber(1))!.status;
    table.merge(aliveClaim(1, { boot: 1, incarnation: 5 }), 0);
    table.merge({ kind: "suspect", ...life, accusers: [idOfNumber(2)] }, 0);
    expect(status()).to.equal("suspect");
    expect(table.merge(aliveClaim(1, { boot: 1, incarnation: 5 }), 0)).to.equal(undefined);
    table.merge({ kind: "dead", ...life, by: idOfNumber(2) }, 0);
    expect(table.merge({ kind: "suspect", ...life, accusers: [idOfNumber(2)] }, 0)).to.equal(undefined);
    expect(status()).to.equal("dead");
    table.merge(aliveClaim(1, { boot: 1, incarnation: 6 }), 0);
    expect(status()).to.equal("alive");
    table.merge({ kind: "dead", ...life, by: idOfNumber(2) }, 0);
    expect(status()).to.equal("alive");
    table.merge(aliveClaim(1, { boot: 2, incarnation: 0, host: "elsewhere" }), 0);
    expect(table.get(idOfNumber(1))!.record.host).to.equal("elsewhere");
  });

  it("hears nothing of strangers but their own word", () => {
    const table = new MemberTable();
    const life = { id: idOfNumber(1), boot: 1, incarnation: 5 };
    expect(table.merge({ kind: "dead", ...life, by: idOfNumber(2) }, 0)).to.equal(undefined);
    expect(table.merge({ kind: "suspect", ...life, accusers: [idOfNumber(2)] }, 0)).to.equal(undefined);
    expect(table.size).to.equal(0);
  });

  it("holds no more members than it may, and lets go of those that are removed", () => {
    const table = new MemberTable();
    for (let number = 1; number <= MEMBERS_MAX + 10; number++) table.merge(aliveClaim(number), 0);
    expect(table.size).to.equal(MEMBERS_MAX);
    for (let number = 1; number <= MEMBERS_MAX; number++) table.remove(idOfNumber(number));
    expect(table.size).to.equal(0);
    expect(table.presentCount).to.equal(0);
    expect(table.hash.digest).to.deep.equal({ low: 0, high: 0 });
  });

  it("draws different members, each as likely as any other, from few and from many", () => {
    for (const size of [5, 40]) {
      const table = new MemberTable();
      for (let number = 1; number <= size; number++) table.merge(aliveClaim(number), 0);
      const prng = new Prng(size);
      const isWanted = ({ record }: Member) => record.origin % 5 !== 0;
      const drawn = new Map<number, number>();
      const rounds = 4000;
      for (let round = 0; round < rounds; round++) {
        const members = table.draw(prng, 2, isWanted);
        expect(new Set(members).size).to.equal(2);
        for (const { record } of members) drawn.set(record.origin, (drawn.get(record.origin) ?? 0) + 1);
      }
      const fair = (2 * rounds) / (size * 0.8);
      expect(drawn.size).to.equal(size * 0.8);
      for (const times of drawn.values()) expect(times).to.be.within(fair * 0.7, fair * 1.3);
    }
  });
});
