import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import type { PeerLink } from "#torus/cluster/peer-link.js";
import type { PeersEvents } from "#torus/cluster/peers.js";
import { Renewal, writeTold } from "#torus/cluster/replication/renewal.js";
import { SlotSet } from "#torus/cluster/slot-set.js";
import { ManualTime } from "../../durability/manual-time.js";
import { silentLog } from "../../host/silent-log.js";

const SLOTS = new SlotSet([1, 2, 3]);
const OTHERS = ["a", "b", "c"];

/** A node whose slots `a`, `b` and `c` own, too. */
class Bench {
  readonly time = new ManualTime();
  readonly alive = new Set(OTHERS);
  /** Those that this node left out. */
  readonly leftOut = new Map<string, SlotSet>();
  /** Those that say that they have left out this node, and those that say nothing. */
  readonly refusing = new Set<string>();
  readonly silent = new Set<string>();
  readonly asked: string[] = [];
  readonly changed: string[] = [];
  readonly reopened: string[] = [];
  readonly repairs = new Map<string, (slots: readonly number[]) => void>();
  readonly renewal: Renewal;
  #listener: PeersEvents | undefined;

  constructor() {
    const { time, leftOut } = this;
    this.renewal = new Renewal({
      host: { clock: time, timers: time, checksum: crc32, log: silentLog },
      peers: {
        linkTo: (id) => this.#linkTo(id),
        subscribe: (listener) => {
          this.#listener = listener;
          return () => {};
        },
      },
      absences: {
        isLeftOut: (id) => leftOut.has(id),
        leftOutOf: (id) => leftOut.get(id) ?? null,
        get leftOut() {
          return [...leftOut.keys()];
        },
      },
      isAlive: (id) => this.alive.has(id),
      coOwners: () => OTHERS,
      standDown() {},
      repair: (id, done) => this.repairs.set(id, done),
      changed: (ids) => this.changed.push(...ids),
      reopened: (ids) => this.reopened.push(...ids),
    });
  }

  #linkTo(id: string): PeerLink {
    const ask = () => {
      this.asked.push(id);
      if (this.silent.has(id)) return Promise.resolve({ kind: "unsent" });
      return Promise.resolve({ kind: "answered", body: Buffer.of(this.refusing.has(id) ? 1 : 0) });
    };
    return { ask } as unknown as PeerLink;
  }

  /** The link with another node breaks. */
  cut(nodeId: string): void {
    this.#listener!.down({ number: 0, nodeId, host: nodeId, port: 1 });
  }

  /** Another node tells this one that it was left out. */
  async tell(nodeId: string, slots = SLOTS): Promise<void> {
    const [, answer] = this.renewal.service;
    await answer(Buffer.from(writeTold(slots, crc32)), { nodeId } as Parameters<typeof answer>[1]);
  }

  get fenced(): string[] {
    return OTHERS.filter((id) => this.renewal.isFenced(id));
  }

  get repairable(): string[] {
    return OTHERS.filter((id) => this.renewal.mayRepairWith(id));
  }

  /** Those with whom it may repair when whom it asks because of that has answered. */
  async settledRepairable(): Promise<string[]> {
    await this.time.pass(0);
    void this.repairable;
    await this.time.pass(0);
    return this.repairable;
  }
}

describe("a node that may have been left out", () => {
  it("repairs with nobody before all that live have said that they have not left it out", async () => {
    const bench = new Bench();
    bench.silent.add("c");
    expect(bench.repairable).to.deep.equal([]);
    expect(await bench.settledRepairable(), "c has not said").to.deep.equal([]);
    expect(bench.asked).to.include.members(OTHERS);
    bench.silent.delete("c");
    expect(await bench.settledRepairable()).to.deep.equal(OTHERS);
    expect(bench.fenced).to.deep.equal([]);
  });

  it("does not wait for those that are dead, but while one says that it was left out", async () => {
    const bench = new Bench();
    bench.alive.delete("a");
    bench.refusing.add("b");
    expect(await bench.settledRepairable()).to.deep.equal([]);
    bench.refusing.delete("b");
    expect(await bench.settledRepairable()).to.deep.equal(OTHERS);
    expect(bench.asked).to.not.include("a");
  });

  it("asks again once a link was down: meanwhile it may have been taken for dead", async () => {
    const bench = new Bench();
    expect(await bench.settledRepairable()).to.deep.equal(OTHERS);
    bench.cut("b");
    bench.silent.add("b");
    expect(await bench.settledRepairable()).to.deep.equal([]);
    bench.silent.delete("b");
    expect(await bench.settledRepairable()).to.deep.equal(OTHERS);
  });
});

describe("a node that was left out", () => {
  it("exchanges nothing with anybody, but repairs with those who told it and with those that it left out", async () => {
    const bench = new Bench();
    bench.leftOut.set("c", SLOTS);
    expect(bench.fenced).to.deep.equal(["c"]);
    await bench.tell("a");
    expect(bench.fenced).to.deep.equal(OTHERS);
    expect(bench.repairable).to.deep.equal(["a", "c"]);
    expect(bench.changed, "of all it is told that they are cut off").to.deep.equal(OTHERS);
    expect([...bench.repairs.keys()]).to.deep.equal(["a"]);
  });

  it("is cut off from all until it is renewed by each that told it", async () => {
    const bench = new Bench();
    await bench.tell("a");
    await bench.tell("b");
    bench.changed.length = 0;
    bench.repairs.get("a")!([1, 2, 3, 4]);
    expect(bench.fenced).to.deep.equal(OTHERS);
    expect(bench.changed).to.deep.equal(["a"]);
    bench.repairs.get("b")!([1, 2, 3]);
    expect(bench.fenced).to.deep.equal([]);
    expect(bench.changed).to.deep.equal(["a", "b"]);
    expect(bench.reopened).to.deep.equal(["a", "c"]);
  });

  it("does not wait for one that died if others have renewed it in the same slots, but does if they have not", async () => {
    const bench = new Bench();
    await bench.tell("a");
    await bench.tell("b");
    await bench.tell("c", new SlotSet([3, 4]));
    bench.alive.delete("b");
    bench.alive.delete("c");
    await bench.time.pass(1000);
    expect(bench.fenced, "nobody has renewed it").to.deep.equal(OTHERS);
    bench.repairs.get("a")!([1, 2, 3]);
    await bench.time.pass(1000);
    expect(bench.renewal.outdatedBy("b")).to.equal(null);
    expect(bench.fenced, "of slot 4 only c can tell").to.deep.equal(OTHERS);
    bench.renewal.keepOnly((id) => id !== "c");
    expect(bench.fenced).to.deep.equal([]);
  });
});
