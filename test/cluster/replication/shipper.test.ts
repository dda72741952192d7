import { expect } from "chai";
import { crc32 } from "#torus/base/crc32.js";
import type { Outcome } from "#torus/cluster/peer-link.js";
import { Backlog } from "#torus/cluster/replication/backlog.js";
import {
  type Answer,
  type BatchesRequest,
  readRequest,
  writeAnswer,
} from "#torus/cluster/replication/replication-messages.js";
import { Shipper, type ShippingLink } from "#torus/cluster/replication/shipper.js";
import { ManualTime, settled } from "../../durability/manual-time.js";

const BATCH_HEAD_BYTES = 8;

/** What has the form of a batch, of so many bytes. */
function batch(byteLength: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(byteLength);
  bytes.writeUInt32LE(0, 0);
  bytes.writeUInt32LE(byteLength - BATCH_HEAD_BYTES, 4);
  return bytes;
}

/** Another owner that answers when the test says so. */
class Owner implements ShippingLink {
  isUp = true;
  taken = 0;
  readonly requests: BatchesRequest[] = [];
  readonly #settle: ((outcome: Outcome) => void)[] = [];

  ask(_service: string, parts: readonly Uint8Array[]): Promise<Outcome> {
    const request = readRequest(Buffer.concat(parts), crc32)!;
    if (request.kind === "open") return Promise.resolve(this.#answered({ applied: 0, isWhole: true }));
    this.requests.push(request);
    return new Promise((settle) => this.#settle.push(settle));
  }

  flushNow(): void {}

  /** Acknowledges the oldest message that is under way. */
  async acknowledge(): Promise<void> {
    const { to, isWhole } = this.requests.shift()!;
    this.#settle.shift()!(this.#answered({ applied: to, isWhole, durable: to, isDurablyWhole: isWhole }));
    await settled();
  }

  #answered(reach: Partial<Answer>): Outcome {
    const unknown = { isWhole: false, isDurablyWhole: false, durable: undefined, applied: undefined };
    const body = writeAnswer({ verdict: "accepted", boot: 1, taken: this.taken, ...unknown, ...reach });
    return { kind: "answered", body };
  }
}

describe("a shipper", () => {
  let time: ManualTime;
  let owner: Owner;
  let backlog: Backlog;
  let shipper: Shipper;
  let gaps: number;
  let heard: { readonly boot: number; readonly taken: number; readonly applied: number | undefined }[];

  beforeEach(async () => {
    time = new ManualTime();
    owner = new Owner();
    backlog = new Backlog({ bytesMax: 2 ** 40, position: 0 });
    gaps = 0;
    heard = [];
    shipper = new Shipper({
      nodeId: "b",
      filter: null,
      link: () => owner,
      backlog,
      clock: time,
      timers: time,
      checksum: crc32,
      newSession: () => 1,
      heard: ({ boot, taken }) => heard.push({ boot, taken, applied: shipper?.reach.applied }),
      progressed() {},
      gapped: () => gaps++,
      refused() {},
    });
    await settled();
    await owner.acknowledge();
    expect([gaps, shipper.repaired(1)]).to.deep.equal([1, true]);
    await owner.acknowledge();
    gaps = 0;
  });

  it("tells whether what the other node says counts, before it looks at what it says", async () => {
    execute(Buffer.from("batch"));
    heard = [];
    owner.taken = 4;
    const { applied } = shipper.reach;
    await owner.acknowledge();
    expect(heard).to.deep.equal([{ boot: 1, taken: 4, applied }]);
    expect(shipper.reach.applied).to.be.greaterThan(applied);
  });

  function execute(bytes: Buffer): void {
    const from = backlog.end;
    backlog.add({ bytes, from, to: from + bytes.length, batches: 1, nowMs: time.monotonicMs() });
    shipper.pump();
  }

  it("has few messages under way, each of what gathered meanwhile", async () => {
    for (let i = 0; i < 1000; i++) {
      execute(batch(100));
      await time.pass(20);
    }
    expect(owner.requests.length).to.equal(32);
    expect(shipper.bytesUnderWay).to.be.within(3200, 5000);
    await owner.acknowledge();
    expect(owner.requests.at(-1)).to.include({ from: 3200, to: 100_000 });
    while (owner.requests.length > 0) await owner.acknowledge();
    expect(shipper.reach.acknowledged).to.equal(100_000);
    expect(shipper.bytesUnderWay).to.equal(0);
  });

  it("lets gather what is executed while a message is under way", async () => {
    for (let i = 0; i < 5; i++) execute(batch(100));
    expect(owner.requests.map(({ to }) => to)).to.deep.equal([100]);
    await owner.acknowledge();
    expect(owner.requests.map(({ from, to }) => [from, to])).to.deep.equal([[100, 500]]);
    execute(batch(32 * 1024));
    expect(
      owner.requests.map(({ from }) => from),
      "as much as a message",
    ).to.deep.equal([100, 500]);
    await owner.acknowledge();
    await owner.acknowledge();
    expect(owner.requests.length).to.equal(0);
  });

  it("lets nothing gather for more than some milliseconds, nor what somebody waits for", async () => {
    execute(batch(100));
    execute(batch(100));
    await time.pass(3);
    expect(owner.requests.length).to.equal(1);
    await time.pass(1);
    expect(owner.requests.length).to.equal(2);
    execute(batch(100));
    expect(owner.requests.length).to.equal(2);
    shipper.hurry();
    expect(owner.requests.map(({ to }) => to)).to.deep.equal([100, 200, 300]);
    execute(batch(100));
    shipper.tell();
    expect(owner.requests.map(({ to }) => to)).to.deep.equal([100, 200, 300, 400]);
  });

  it("has few bytes under way, and looks at so many in a turn", async () => {
    for (let i = 0; i < 400; i++) {
      const from = backlog.end;
      backlog.add({ bytes: batch(50_000), from, to: from + 50_000, batches: 1, nowMs: 0 });
    }
    shipper.pump();
    expect(owner.requests.length).to.equal(12);
    for (let turn = 0; turn < 5; turn++) time.endTurn();
    expect(shipper.bytesUnderWay).to.be.within(2 ** 22, 2 ** 22 + 2 ** 18);
    for (const { batches } of owner.requests) expect(batches.length).to.be.within(1, 2 ** 18);
    while (owner.requests.length > 0) await owner.acknowledge();
    for (let turn = 0; turn < 5; turn++) time.endTurn();
    expect(shipper.reach.acknowledged).to.equal(400 * 50_000);
  });

  it("goes on behind a batch that is too long for any frame, and says that it is missing", async () => {
    execute(batch(100));
    await owner.acknowledge();
    execute(batch(2 ** 30 + 100));
    await time.pass(10);
    execute(batch(100));
    await time.pass(10);
    const from = 2 ** 30 + 200;
    const [start, next] = owner.requests;
    expect(start).to.include({ starts: true, isWhole: false, from, to: from });
    expect(next).to.include({ starts: false, isWhole: false, from, to: from + 100 });
    while (owner.requests.length > 0) await owner.acknowledge();
    expect([gaps, shipper.reach.isWhole, shipper.reach.acknowledged]).to.deep.equal([1, false, 100]);
  });

  it("asks once a second whether what was shipped lasts, until all does", async () => {
    execute(batch(100));
    await owner.acknowledge();
    await time.pass(5000);
    expect(owner.requests.length, "it does").to.equal(0);
    owner.isUp = false;
    shipper.down();
    await time.pass(5000);
    expect([shipper.state, owner.requests.length]).to.deep.equal(["down", 0]);
  });
});
