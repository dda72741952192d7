import { expect } from "chai";
import { NOTHING, OwnerReach } from "#torus/cluster/replication/owner-reach.js";
import type { Answer } from "#torus/cluster/replication/replication-messages.js";

const UNKNOWN: Answer = {
  verdict: "accepted",
  boot: 1,
  taken: 0,
  applied: undefined,
  isWhole: false,
  durable: undefined,
  isDurablyWhole: false,
};

function answer(applied: number, rest: Partial<Answer> = {}): Answer {
  return { ...UNKNOWN, applied, isWhole: true, ...rest };
}

/** Of an owner that was repaired, has 100 and whose log has 80. */
function reachOfWhole(): OwnerReach {
  const reach = new OwnerReach();
  expect(reach.resume(UNKNOWN)).to.equal(undefined);
  reach.gap();
  reach.answered(answer(50, { isWhole: false }), false);
  expect(reach.repaired(1)).to.equal(true);
  reach.answered(answer(100, { durable: 80, isDurablyWhole: true }), true);
  expect(reach).to.include({ applied: 100, acknowledged: 100, durable: 80, isWhole: true });
  return reach;
}

describe("what another owner has", () => {
  it("counts once the owner has heard that it lacks nothing, and not before", () => {
    const reach = new OwnerReach();
    reach.resume(UNKNOWN);
    reach.gap();
    reach.answered(answer(50, { isWhole: false }), false);
    expect(reach).to.include({ applied: 50, acknowledged: NOTHING });
    reach.repaired(1);
    expect(reach.acknowledged).to.equal(NOTHING);
    reach.answered(answer(60, { isWhole: false }), false);
    expect(reach).to.include({ applied: 60, acknowledged: NOTHING });
    reach.answered(answer(60), true);
    expect(reach.acknowledged).to.equal(60);
  });

  it("never falls back because answers come in another order", () => {
    const reach = reachOfWhole();
    reach.answered(answer(70, { durable: 60, isDurablyWhole: true }), true);
    expect(reach).to.include({ applied: 100, acknowledged: 100, durable: 80 });
  });

  it("stays as it was behind a gap until that is repaired, and no other since", () => {
    const reach = reachOfWhole();
    reach.gap();
    reach.answered(answer(300, { isWhole: false }), false);
    expect(reach).to.include({ applied: 300, acknowledged: 100, isWhole: false });
    reach.gap();
    expect(reach.repaired(2)).to.equal(false);
    expect(reach.repaired(3)).to.equal(true);
    reach.answered(answer(310), true);
    expect(reach.acknowledged).to.equal(310);
  });

  it("is known to have a gap when the owner lacks what it should have", () => {
    const reach = reachOfWhole();
    reach.answered(answer(120, { isWhole: false }), true);
    expect(reach).to.include({ isWhole: false, gaps: 2, acknowledged: 100 });
    reach.answered(answer(130, { isWhole: false }), true);
    expect(reach.gaps, "it is known already").to.equal(2);
  });

  it("goes on where the log was of an owner that started again, though it took nothing in the first session", () => {
    const reach = reachOfWhole();
    const restarted = { ...UNKNOWN, boot: 2 };
    for (let session = 0; session < 3; session++) {
      expect(reach.resume(restarted)).to.equal(80);
      expect(reach).to.include({ applied: 80, acknowledged: 80, isWhole: true, gaps: 1 });
    }
    reach.answered(answer(90, { boot: 2 }), true);
    expect(reach.resume(restarted), "it has forgotten what it had").to.equal(undefined);
    expect(reach.resume({ ...UNKNOWN, boot: 3 }), "and nothing lasts that it would know of").to.equal(
      undefined,
    );
  });

  it("goes on where it is, if the owner did not start again", () => {
    const reach = reachOfWhole();
    expect(reach.resume(answer(140))).to.equal(140);
    expect(reach).to.include({ applied: 140, acknowledged: 140, gaps: 1 });
    // It was repaired, but has not heard of it.
    reach.gap();
    reach.repaired(2);
    expect(reach.resume(answer(150, { isWhole: false }))).to.equal(150);
    expect(reach).to.include({ isWhole: true, acknowledged: 140, gaps: 2 });
  });

  it("goes on where the log was, if the owner did", () => {
    const reach = reachOfWhole();
    expect(reach.resume({ ...UNKNOWN, boot: 2 })).to.equal(80);
    expect(reach).to.include({ applied: 80, acknowledged: 80, isWhole: true, gaps: 1 });
  });

  it("counts no repair that the log did not have", () => {
    const reach = reachOfWhole();
    reach.gap();
    reach.answered(answer(200, { isWhole: false, durable: 190 }), false);
    reach.repaired(2);
    reach.answered(answer(210, { durable: 200 }), true);
    expect(reach.acknowledged).to.equal(210);
    expect([reach.lasts(210), reach.lasts(200)]).to.deep.equal([false, false]);
    expect(reach.resume({ ...UNKNOWN, boot: 2 })).to.equal(200);
    expect(reach).to.include({ acknowledged: 80, isWhole: false, gaps: 3 });
    expect(reach.repaired(2)).to.equal(false);
  });

  it("is nothing, if the owner is not known to be the same or keeps nothing", () => {
    for (const boot of [0, 1]) {
      const reach = reachOfWhole();
      expect(reach.resume({ ...UNKNOWN, boot })).to.equal(undefined);
      expect(reach).to.include({ applied: 0, acknowledged: NOTHING, durable: undefined, isWhole: false });
    }
    const forgetful = new OwnerReach();
    forgetful.resume(UNKNOWN);
    forgetful.answered(answer(100), true);
    expect(forgetful.resume({ ...UNKNOWN, boot: 2 })).to.equal(undefined);
  });

  it("is not taken from the owner's word by who did not ship to it before: it may be of other slots", () => {
    const reach = new OwnerReach();
    expect(reach.resume(answer(40, { durable: 30, isDurablyWhole: true }))).to.equal(undefined);
    expect(reach).to.include({ applied: 0, acknowledged: NOTHING, durable: undefined, isWhole: false });
  });

  describe("of slots that are new to it", () => {
    function widened(): OwnerReach {
      const reach = reachOfWhole();
      reach.widen([5, 6]);
      expect(reach).to.include({ isWhole: true, gaps: 2 });
      return reach;
    }

    it("counts when they are repaired, and of the others as before", () => {
      const reach = widened();
      reach.answered(answer(150), true);
      expect(reach.acknowledged).to.equal(150);
      const slots = [4, 5];
      expect(slots.map((slot) => reach.has({ slot, position: 150 }))).to.deep.equal([true, false]);
      expect(reach.has({ slot: 4, position: 151 })).to.equal(false);
      expect(reach.repaired(1), "that did not know of them").to.equal(false);
      expect(reach.repaired(2)).to.equal(true);
      expect(slots.map((slot) => reach.has({ slot, position: 150 }))).to.deep.equal([true, true]);
    });

    it("is not complete while some of them are not, whichever was new first", () => {
      const reach = widened();
      reach.widen([7]);
      expect(reach.newSlots!.slots()).to.deep.equal([5, 6, 7]);
      expect([reach.repaired(2), reach.repaired(3)]).to.deep.equal([false, true]);
      expect(reach.newSlots).to.equal(null);
    });

    it("is new after a loss of power as well, and the others are not", () => {
      const reach = widened();
      expect(reach.resume({ ...UNKNOWN, boot: 2 })).to.equal(80);
      expect(reach).to.include({ isWhole: true, acknowledged: 80, gaps: 2 });
      expect(reach.newSlots!.slots()).to.deep.equal([5, 6]);
    });

    it("counts nothing after a loss of power that the repair may not have outlived", () => {
      const reach = widened();
      reach.repaired(2);
      expect(reach.has({ slot: 5, position: 100 })).to.equal(true);
      reach.resume({ ...UNKNOWN, boot: 2 });
      expect(reach).to.include({ isWhole: false, acknowledged: NOTHING, gaps: 3 });
      const lasting = widened();
      lasting.repaired(2);
      lasting.answered(answer(110, { durable: 110, isDurablyWhole: true }), true);
      lasting.resume({ ...UNKNOWN, boot: 2 });
      expect(lasting).to.include({ isWhole: true, acknowledged: 110, gaps: 2 });
    });

    it("is part of the first gap, before its first answer", () => {
      const reach = new OwnerReach();
      reach.widen([5]);
      expect(reach).to.include({ newSlots: null, gaps: 0 });
    });
  });
});
