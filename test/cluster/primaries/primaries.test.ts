import { expect } from "chai";
import { SLOT_COUNT } from "#torus/base/key-hash.js";
import type { Outcome, PeerLink } from "#torus/cluster/peer-link.js";
import { firstPlacement, type PlacedMember } from "#torus/cluster/placement.js";
import {
  type ClaimAnswer,
  type ClaimRequest,
  decodeRequest,
  encodeAnswer,
} from "#torus/cluster/primaries/claim-messages.js";
import { OwnerGroups } from "#torus/cluster/primaries/owner-groups.js";
import { Primaries } from "#torus/cluster/primaries/primaries.js";
import type { World } from "#torus/host/sim/world.js";
import { slotGroups } from "../../support/slot-groups.js";
import { worldOf } from "../../support/world.js";

const SELF_ID = "self";
const OTHERS = ["b", "c"] as const;
/** All slots have the same owners, but only these are looked at. */
const SLOT = 7;

/** Answers one request of a node that this one asks. */
type Answerer = (request: ClaimRequest) => Promise<ClaimAnswer | undefined> | ClaimAnswer;

describe("the choice of primaries", () => {
  let world: World;
  let primaries: Primaries;
  const answerers = new Map<string, Answerer>();
  const dead = new Set<string>();
  let executed: number;

  beforeEach(() => {
    world = worldOf("primaries");
    for (const id of OTHERS) answerers.set(id, granted);
    executed = 0;
    dead.clear();
    primaries = new Primaries({
      host: world.host(SELF_ID),
      boot: 1,
      peers: {
        numberOf: (id) => numberOf(id),
        idOf: (number) => OTHERS[number - 1],
        linkTo: (id) => linkTo(id),
        link: (number) => linkTo(OTHERS[number - 1]!),
        subscribe: () => () => {},
      },
      streams: {
        isInSync: () => true,
        isFollowedBy: () => true,
        isSettled: () => true,
        positions: () => Buffer.alloc(0),
        reach: async () => true,
        reachAll: async () => true,
        executed: () => executed,
      },
      isAlive: (id) => !dead.has(id),
      readinessOf: () => "ready",
      bootOf: () => 1,
      startWaitMs: () => 0,
      absenceMsMax: 1000,
      routed: () => {},
      supported: () => {},
      confirmed: async () => {},
      yielded: () => {},
      readied: () => {},
    });
    place(1, SELF_ID, ...OTHERS);
    primaries.start();
  });

  afterEach(() => primaries.close());

  it("asks nothing more for slots that were given up while an answer was on its way", async () => {
    await world.advance(200);
    expect(primaries.isActing(SLOT)).to.equal(true);
    const answers: (() => void)[] = [];
    const asked: ClaimRequest[] = [];
    for (const id of OTHERS) {
      answerers.set(id, (request) => {
        asked.push(request);
        return new Promise((resolve) =>
          answers.push(() => resolve({ ...granted(request), anew: request.slots })),
        );
      });
    }
    await world.advance(1000);
    expect(asked).to.have.length(OTHERS.length);
    primaries.forsake();
    for (const answer of answers) answer();
    await world.advance(2000);
    // A rejection that nobody handles is known at the end of a turn, and fails the test.
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).to.have.length(OTHERS.length);
    expect(primaries.isActing(SLOT)).to.equal(false);
    for (const id of OTHERS) expect(primaries.isSupporter(numberOf(id), SLOT)).to.equal(false);
  });

  it("does not count on a node any more that says with a refusal that it took its word back", async () => {
    await world.advance(200);
    expect(primaries.isSupporter(numberOf("b"), SLOT)).to.equal(true);
    primaries.standDown([SLOT]);
    answerers.set("b", (request) =>
      request.kind === "claim" ? refused(2) : new Promise<ClaimAnswer>(() => {}),
    );
    await world.advance(100);
    expect(primaries.isSupporter(numberOf("b"), SLOT + 1)).to.equal(false);
    expect(primaries.isSupporter(numberOf("c"), SLOT + 1)).to.equal(true);
  });

  it("claims once more when a node dies that it has asked: what that one executed the others have yet to tell", async () => {
    let claims = 0;
    let lose = () => {};
    answerers.set("b", (request) => {
      if (request.kind === "claim") claims++;
      return granted(request);
    });
    answerers.set("c", () => new Promise((resolve) => (lose = () => resolve(undefined))));
    primaries.standDown([...Array(SLOT_COUNT).keys()]);
    await world.advance(200);
    expect([claims, primaries.isActing(SLOT)]).to.deep.equal([1, false]);
    dead.add("c");
    lose();
    await world.advance(0);
    expect(primaries.isActing(SLOT)).to.equal(false);
    await world.advance(200);
    expect([claims, primaries.isActing(SLOT)]).to.deep.equal([2, true]);
  });

  it("goes by one placement as long as it asks: who owns slots no more does not refuse them", async () => {
    // One more stands by this node for most slots than for one of them, which is asked for apart.
    answerers.set("c", (request) => ({ ...granted(request), lent: [SLOT] }));
    await world.advance(2000);
    const asked: ClaimRequest[] = [];
    let answerFirst = () => {};
    answerers.set("b", (request) => {
      asked.push(request);
      if (asked.length > 1) return refused(0);
      return new Promise((resolve) => {
        answerFirst = () => resolve(granted(request));
      });
    });
    await world.advance(1000);
    expect(asked).to.have.length(1);
    place(2, SELF_ID, "c");
    answerFirst();
    await world.advance(500);
    expect(asked.map(({ epoch }) => epoch)).to.deep.equal([1, 1]);
    expect(primaries.acting()).to.have.length(SLOT_COUNT);
  });

  it("has settled with a claim what others had: their words need not be settled when it confirms", async () => {
    const confirmed: ClaimRequest[] = [];
    for (const id of OTHERS) {
      answerers.set(id, (request) => {
        if (request.kind === "claim") return granted(request);
        confirmed.push(request);
        executed = 10;
        // It took its word for another slot.
        return { ...refused(1), granted: request.slots, anew: request.settled < 1 ? request.slots : [] };
      });
    }
    await world.advance(1000);
    expect(confirmed[0]?.settled).to.equal(1);
    expect(primaries.actsFrom(SLOT)).to.equal(0);
    for (const id of OTHERS) expect(primaries.isSupporter(numberOf(id), SLOT)).to.equal(true);
  });

  function place(epoch: number, ...owners: readonly string[]): void {
    primaries.place(
      { ...firstPlacement({ id: SELF_ID } as PlacedMember), epoch },
      new OwnerGroups({ grouped: slotGroups(() => owners), phase: null, numberOf }),
    );
  }

  /** What this node asks of another one. */
  function linkTo(id: string): PeerLink {
    const ask = async (_service: string, body: Uint8Array): Promise<Outcome> => {
      const answer = await answerers.get(id)!(decodeRequest(Buffer.from(body))!);
      return answer === undefined
        ? { kind: "lost" }
        : { kind: "answered", body: Buffer.from(encodeAnswer(answer)) };
    };
    return { ask } as unknown as PeerLink;
  }
});

function numberOf(id: string): number {
  return OTHERS.indexOf(id as never) + 1;
}

function granted({ slots }: ClaimRequest) {
  return { ...refused(0), granted: slots };
}

/** By a node that has taken back its word so often. */
function refused(taken: number) {
  const words = { boot: 1, given: 1, taken };
  return { kind: "answered" as const, words, granted: [], anew: [], lent: [], positions: Buffer.alloc(0) };
}
