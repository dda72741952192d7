import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import { isDecisive } from "#torus/cluster/primaries/majority.js";
import { Absences } from "#torus/cluster/replication/absences.js";
import { readTold, writeTold } from "#torus/cluster/replication/renewal.js";
import { SlotSet } from "#torus/cluster/slot-set.js";
import type { Files } from "#torus/host/files.js";
import { HostError } from "#torus/host/host-error.js";
import { ManualTime } from "../../durability/manual-time.js";
import { silentLog } from "../../host/silent-log.js";

const GRACE_MS = 60_000;
const SLOTS = new SlotSet([1, 2, 3, 9]);

class FilesInMemory implements Files {
  text: string | undefined;
  isFull = false;

  async readText(path: string): Promise<string> {
    if (this.text === undefined) throw new HostError("ENOENT", path);
    return this.text;
  }

  async replaceText(path: string, text: string): Promise<void> {
    if (this.isFull) throw new HostError("ENOSPC", path);
    this.text = text;
  }
}

/** A node with the others `a` and `b`, life after life. */
class Bench {
  readonly files = new FilesInMemory();
  readonly alive = new Set(["a", "b"]);
  readonly inSync = new Set(["a", "b"]);
  readonly changed: string[] = [];
  readonly settled: string[] = [];
  graceMs = GRACE_MS;
  time = new ManualTime();
  absences!: Absences;

  static async start(): Promise<Bench> {
    const bench = new Bench();
    await bench.restart();
    return bench;
  }

  async restart(): Promise<void> {
    this.absences?.close();
    this.time = new ManualTime();
    const { time, files } = this;
    this.absences = new Absences({
      host: { clock: time, timers: time, files, log: silentLog },
      directory: "data",
      graceMs: () => this.graceMs,
      coOwners: () => ["a", "b"],
      isAlive: (id) => this.alive.has(id),
      isInSync: (id) => this.inSync.has(id),
      settled: (id) => this.settled.push(id),
      changed: (id) => this.changed.push(id),
    });
    await this.absences.recall();
  }

  leave(id: string): void {
    this.alive.delete(id);
    this.inSync.delete(id);
  }

  comeBack(id: string): void {
    this.alive.add(id);
    this.inSync.add(id);
  }
}

describe("absences", () => {
  it("are over the grace once a node has been dead and out of sync for so long, and not before", async () => {
    const bench = await Bench.start();
    bench.leave("a");
    await bench.time.pass(GRACE_MS - 2000);
    expect(bench.absences.isAbsent("a")).to.equal(false);
    await bench.time.pass(3000);
    expect(bench.absences.isAbsent("a")).to.equal(true);
    expect(bench.absences.isAbsent("b")).to.equal(false);
    bench.alive.add("a");
    expect(bench.absences.isAbsent("a")).to.equal(false);
    bench.inSync.add("a");
    await bench.time.pass(1000);
    bench.leave("a");
    expect(bench.absences.isAbsent("a")).to.equal(false);
    bench.graceMs = 0;
    await bench.time.pass(2 * GRACE_MS);
    expect(bench.absences.isAbsent("a")).to.equal(false);
  });

  it("are measured on by the next life, which counts no time in which nobody ran", async () => {
    const bench = await Bench.start();
    bench.leave("a");
    for (let life = 0; life < 4; life++) {
      await bench.time.pass(GRACE_MS / 4);
      expect(bench.absences.isAbsent("a")).to.equal(false);
      await bench.restart();
    }
    // A restart forgets a sixteenth of the grace at most.
    await bench.time.pass(GRACE_MS / 4 + 4000);
    expect(bench.absences.isAbsent("a")).to.equal(true);
    bench.comeBack("a");
    await bench.time.pass(1000);
    await bench.restart();
    bench.leave("a");
    await bench.time.pass(GRACE_MS - 2000);
    expect(bench.absences.isAbsent("a")).to.equal(false);
  });

  it("leave a node out for good until it is renewed, whatever life this node is in", async () => {
    const bench = await Bench.start();
    bench.leave("a");
    await bench.time.pass(GRACE_MS + 2000);
    const slots = new Map([["a", SLOTS]]);
    // What it had told somebody may be unknown to others yet.
    expect(await bench.absences.leaveOut(slots)).to.equal(false);
    expect(bench.absences.isLeftOut("a")).to.equal(true);
    expect(bench.changed).to.deep.equal(["a"]);
    await bench.time.pass(11_000);
    expect(bench.settled).to.deep.equal([]);
    expect(await bench.absences.leaveOut(slots)).to.equal(true);
    expect(bench.settled).to.deep.equal(["a"]);
    await bench.restart();
    expect(bench.absences.leftOut).to.deep.equal(["a"]);
    expect(bench.absences.leftOutOf("a")!.toString()).to.equal("1-3,9");
    expect(bench.absences.isAbsent("a")).to.equal(true);
    expect(await bench.absences.leaveOut(new Map([["a", new SlotSet([5])]]))).to.equal(false);
    expect(bench.absences.leftOutOf("a")!.toString()).to.equal("1-3,5,9");
    // It is alive, and even seems to have everything: only who renewed it can tell.
    bench.comeBack("a");
    await bench.time.pass(5000);
    expect(bench.absences.isLeftOut("a")).to.equal(true);
    await bench.absences.renewed("a");
    expect(bench.absences.isLeftOut("a")).to.equal(false);
    expect(bench.changed).to.deep.equal(["a", "a"]);
    await bench.restart();
    expect(bench.absences.leftOut).to.deep.equal([]);
  });

  it("leave nobody out of anything, and renew nobody, without a disk that keeps it", async () => {
    const bench = await Bench.start();
    bench.leave("a");
    await bench.time.pass(GRACE_MS + 2000);
    bench.files.isFull = true;
    await bench.absences.leaveOut(new Map([["a", SLOTS]]));
    await bench.time.pass(11_000);
    expect(await bench.absences.leaveOut(new Map([["a", new SlotSet([7])]]))).to.equal(false);
    bench.files.isFull = false;
    expect(await bench.absences.leaveOut(new Map([["a", new SlotSet([8])]]))).to.equal(true);
    bench.files.isFull = true;
    await bench.absences.renewed("a");
    expect(bench.absences.isLeftOut("a")).to.equal(true);
  });

  it("are forgotten of those who are no members any more", async () => {
    const bench = await Bench.start();
    bench.leave("a");
    await bench.absences.leaveOut(new Map([["a", SLOTS]]));
    bench.absences.keepOnly((id) => id !== "a");
    expect(bench.absences.isLeftOut("a")).to.equal(false);
    await bench.time.pass(1);
    await bench.restart();
    expect(bench.absences.leftOut).to.deep.equal([]);
  });

  it("stop a node whose file makes no sense, wherever it is cut and whatever it says", async () => {
    const bench = await Bench.start();
    await bench.absences.leaveOut(new Map([["a", SLOTS]]));
    const whole = bench.files.text!;
    const { absences } = JSON.parse(whole);
    const damaged = [
      ...Array.from({ length: whole.trimEnd().length }, (_, length) => whole.slice(0, length)),
      ...[
        { format: 2, absences },
        { format: 1 },
        { format: 1, absences: { a: {} } },
        { format: 1, absences: { a: { awayMs: -1, leftOut: null } } },
        { format: 1, absences: { a: { awayMs: 0, leftOut: "3-1" } } },
      ].map((value) => JSON.stringify(value)),
    ];
    for (const text of damaged) {
      bench.files.text = text;
      const failure = await bench.restart().then(
        () => "started",
        (error: Error) => error.message,
      );
      expect(failure, text).to.match(/makes no sense/);
    }
  });
});

describe("owners that can do without others", () => {
  const can = (owners: number[], present: number[], nextOwners = owners) =>
    isDecisive({ owners, nextOwners }, (node) => present.includes(node));

  it("are more than half of them, or the half with the first", () => {
    expect([can([1, 2, 3], [1, 2]), can([1, 2, 3], [2, 3]), can([1, 2, 3], [1])]).to.deep.equal([
      true,
      true,
      false,
    ]);
    expect([can([1, 2], [1]), can([1, 2], [2])]).to.deep.equal([true, false]);
    expect([can([1, 2, 3, 4], [1, 4]), can([1, 2, 3, 4], [2, 3])]).to.deep.equal([true, false]);
  });

  it("are so of the next owners too", () => {
    expect([can([1, 2, 3], [1, 2], [2, 4, 5]), can([1, 2, 3], [1, 2, 4], [2, 4, 5])]).to.deep.equal([
      false,
      true,
    ]);
  });
});

describe("what tells a node that it was left out", () => {
  it("is read as it was written, and refused if a bit is changed or a byte is missing", () => {
    const written = Buffer.from(writeTold(SLOTS, crc32));
    expect(readTold(written, crc32)!.toString()).to.equal(SLOTS.toString());
    for (let at = 0; at < written.length; at++) {
      const changed = Buffer.from(written);
      changed[at]! ^= 1;
      expect(readTold(changed, crc32)).to.equal(undefined);
      expect(readTold(written.subarray(0, at), crc32)).to.equal(undefined);
    }
  });
});
