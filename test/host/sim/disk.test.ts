import { expect } from "chai";
import type { DiskFile } from "#torus/host/disk.js";
import { SECTOR_BYTES } from "#torus/host/sim/inode.js";
import type { SimHost } from "#torus/host/sim/sim-host.js";
import type { World } from "#torus/host/sim/world.js";
import { worldOf } from "../../support/world.js";
import { itKeepsTheDiskContract } from "../disk-contract.js";

const SEEDS = 40;
const SECTORS = 16;

describe("simulated disk", () => {
  itKeepsTheDiskContract(async () => {
    const world = worldOf("contract");
    const { disk } = world.host("a");
    await world.complete(disk.createDirectory("data"));
    return { disk, directory: "data", complete: (promise) => world.complete(promise) };
  });

  it("keeps through a crash all that was written, and through a loss of power all that was synced", async () => {
    for (const powerLoss of [false, true]) {
      const { world, host } = await withDirectory(`kept ${powerLoss}`);
      const file = await world.complete(host.disk.open("data/a", "create"));
      await world.complete(file.write([Buffer.from("synced")], 0));
      await world.complete(file.sync());
      await world.complete(host.disk.syncDirectory("data"));
      world.crash("a", { powerLoss });
      expect(await contentOf(world, "data/a")).equal("synced");
    }
  });

  it("keeps what was written through, and not the name of a file whose directory was not synced, for certain", async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const { world, host } = await withDirectory(seed);
      await world.complete((await world.complete(host.disk.open("data/a", "create"))).close());
      const file = await world.complete(host.disk.open("data/a", "write-through"));
      await world.complete(file.write([Buffer.from("through")], 0));
      world.crash("a", { powerLoss: true });
      outcomes.add((await contentOf(world, "data/a")) ?? "no file");
    }
    expect([...outcomes].sort()).deep.equal(["no file", "through"]);
  });

  it("leaves of unsynced writes any sectors, whole, when the power goes", async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const { world, host } = await withDirectory(seed);
      const file = await world.complete(host.disk.open("data/a", "create"));
      await world.complete(file.write([Buffer.alloc(SECTORS * SECTOR_BYTES, "o")], 0));
      await world.complete(file.sync());
      await world.complete(host.disk.syncDirectory("data"));
      await world.complete(file.write([Buffer.alloc(SECTORS * SECTOR_BYTES, "n")], 0));
      world.crash("a", { powerLoss: true });
      const content = (await contentOf(world, "data/a"))!;
      const sectors = content.match(new RegExp(`.{${SECTOR_BYTES}}`, "g"))!;
      expect(sectors).length(SECTORS);
      for (const sector of sectors) expect(["o", "n"].map((c) => c.repeat(SECTOR_BYTES))).includes(sector);
      outcomes.add(sectors.map((sector) => sector[0]).join(""));
    }
    expect(outcomes.size).greaterThan(SEEDS / 2);
  });

  it("undoes a rename that was not synced as a whole or not at all", async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const { world, host } = await withDirectory(seed);
      for (const name of ["old", "new"]) {
        const file = await world.complete(host.disk.open(`data/${name}`, "create"));
        await world.complete(file.write([Buffer.from(name)], 0));
        await world.complete(file.sync());
      }
      await world.complete(host.disk.syncDirectory("data"));
      await world.complete(host.disk.rename("data/new", "data/old"));
      world.crash("a", { powerLoss: true });
      outcomes.add(`${await contentOf(world, "data/old")}, ${await contentOf(world, "data/new")}`);
    }
    expect([...outcomes].sort()).deep.equal(["new, undefined", "old, new"]);
  });

  it("syncs with a directory what its names rest on elsewhere, and not what came after it was asked", async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const { world, host } = await withDirectory(seed);
      await world.complete(host.disk.createDirectory("aside"));
      await world.complete(host.disk.open("data/moved", "create"));
      await world.complete(host.disk.rename("data/moved", "aside/moved"));
      host.disk.faults.syncDelayMs = 10;
      const sync = host.disk.syncDirectory("aside");
      await world.complete(host.disk.open("aside/later", "create"));
      await world.complete(sync);
      world.crash("a", { powerLoss: true });
      const { disk } = world.host("a");
      expect(await world.complete(disk.list("data"))).deep.equal([]);
      outcomes.add((await world.complete(disk.list("aside"))).join());
    }
    expect([...outcomes].sort()).deep.equal(["later,moved", "moved"]);
  });

  it("owes by a sync nothing to what was written after it was asked, nor by a write-through to what is elsewhere", async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const { world, host } = await withDirectory(seed);
      const file = await world.complete(host.disk.open("data/a", "create"));
      await world.complete(host.disk.syncDirectory("data"));
      const writeSector = (sector: number, open: DiskFile) =>
        world.complete(open.write([Buffer.alloc(SECTOR_BYTES, "w")], sector * SECTOR_BYTES));
      await writeSector(0, file);
      host.disk.faults.syncDelayMs = 10;
      const sync = file.sync();
      await writeSector(1, file);
      await world.complete(sync);
      await writeSector(3, await world.complete(host.disk.open("data/a", "write-through")));
      world.crash("a", { powerLoss: true });
      const content = (await contentOf(world, "data/a"))!;
      outcomes.add(
        [0, 1, 2, 3].map((sector) => (content[sector * SECTOR_BYTES] === "w" ? "w" : "-")).join(""),
      );
    }
    expect([...outcomes].sort()).deep.equal(["w--w", "ww-w"]);
  });

  it("keeps a truncation that was synced, within a sector too", async () => {
    for (const bytes of [0, 5, SECTOR_BYTES, SECTOR_BYTES + 5, 3 * SECTOR_BYTES]) {
      const { world, host } = await withDirectory(`truncated to ${bytes}`);
      const file = await world.complete(host.disk.open("data/a", "create"));
      await world.complete(host.disk.syncDirectory("data"));
      await world.complete(file.write([Buffer.alloc(2 * SECTOR_BYTES, "o")], 0));
      await world.complete(file.sync());
      await world.complete(file.truncate(bytes));
      await world.complete(file.sync());
      world.crash("a", { powerLoss: true });
      const kept = "o".repeat(Math.min(bytes, 2 * SECTOR_BYTES));
      expect(await contentOf(world, "data/a")).equal(kept.padEnd(bytes, "\0"));
    }
  });

  it("delays syncs for as long as a test says", async () => {
    const { world, host } = await withDirectory("slow");
    const file = await world.complete(host.disk.open("data/a", "create"));
    host.disk.faults.syncDelayMs = 1000;
    for (const sync of [() => file.sync(), () => host.disk.syncDirectory("data")]) {
      const beganMs = world.nowMs;
      await world.complete(sync());
      expect(world.nowMs - beganMs).within(1000, 1010);
    }
  });

  it("does not bring back by a later sync what an earlier one failed at", async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < SEEDS; seed++) {
      const { world, host } = await withDirectory(seed);
      const file = await world.complete(host.disk.open("data/a", "create"));
      await world.complete(file.write([Buffer.from("old")], 0));
      await world.complete(file.sync());
      await world.complete(host.disk.syncDirectory("data"));
      await world.complete(file.write([Buffer.from("new")], 0));
      host.disk.faults.failingSyncs = 1;
      expect(await codeOf(world, file.sync())).equal("EIO");
      await world.complete(file.sync());
      world.crash("a", { powerLoss: true });
      outcomes.add((await contentOf(world, "data/a"))!);
    }
    expect([...outcomes].sort()).deep.equal(["new", "old"]);
  });

  it("is full when it is full, after the part that found room, and no longer when a file is gone", async () => {
    const { world, host } = await withDirectory("full");
    host.disk.volume.capacityBytes = 10;
    const file = await world.complete(host.disk.open("data/a", "create"));
    await world.complete(file.write([Buffer.from("12345678")], 0));
    expect(await codeOf(world, file.write([Buffer.from("9abc")], 8))).equal("ENOSPC");
    expect(await contentOf(world, "data/a")).equal("123456789a");
    expect(await world.complete(host.disk.freeBytes())).equal(0);
    await world.complete(file.write([Buffer.from("over")], 0));
    await world.complete(host.disk.remove("data/a"));
    const other = await world.complete(host.disk.open("data/b", "create"));
    await world.complete(other.write([Buffer.from("fits")], 0));
  });

  it("fails as often as a test says, and turns the bits that it says", async () => {
    const { world, host } = await withDirectory("faults");
    const file = await world.complete(host.disk.open("data/a", "create"));
    host.disk.faults.failingWrites = 1;
    expect(await codeOf(world, file.write([Buffer.from("x")], 0))).equal("EIO");
    await world.complete(file.write([Buffer.from("x")], 0));
    host.disk.faults.failingReads = 1;
    expect(await codeOf(world, file.read(Buffer.alloc(1), 0))).equal("EIO");
    host.disk.faults.readFailureChance = 1;
    expect(await codeOf(world, file.read(Buffer.alloc(1), 0))).equal("EIO");
    host.disk.faults.readFailureChance = 0;
    host.disk.volume.find("data/a").flipBit(0, 0);
    expect(await contentOf(world, "data/a")).equal("y");
  });

  it("runs the same way for the same seed", async () => {
    const run = async () => {
      const { world, host } = await withDirectory("same");
      const file = await world.complete(host.disk.open("data/a", "create"));
      await world.complete(host.disk.syncDirectory("data"));
      for (let i = 0; i < 20; i++) await world.complete(file.write([Buffer.alloc(3000, i)], i * 1000));
      world.crash("a", { powerLoss: true, flips: true });
      return { hash: world.traceHash, content: await contentOf(world, "data/a") };
    };
    expect(await run()).deep.equal(await run());
  });
});

describe("a simulated crash", () => {
  it("silences the process: its timers, its reads and its streams; the next one finds ports and locks free", async () => {
    const { world, host } = await withDirectory("silence");
    const heard: string[] = [];
    const peer = world.host("peer");
    await world.complete(host.disk.lock("data"));
    const silent = {
      received: () => heard.push("received"),
      drained() {},
      closed: () => heard.push("closed"),
    };
    const endpoint = { host: "a", port: 7000 };
    const options = { endpoint: { host: "0.0.0.0", port: 7000 }, backlog: 1, keepAliveSeconds: 0 };
    await world.complete(host.network.listen(options, () => silent));
    const lost: (Error | undefined)[] = [];
    const events = { received() {}, drained() {}, closed: (error?: Error) => lost.push(error) };
    const connection = await world.complete(peer.network.connect(endpoint, () => events));
    host.timers.after(5, () => heard.push("timer"));
    host.timers.every(5, () => heard.push("timer"));
    host.timers.afterTurn(() => heard.push("turn"));
    void host.disk.list("data").then(() => heard.push("disk"));
    void host.files.readText("none").catch(() => heard.push("files"));
    connection.write(Buffer.from("hello"));
    world.crash("a");
    host.timers.after(1, () => heard.push("dead timer"));
    void host.network.connect(endpoint, () => events).then(() => heard.push("dead connect"));
    await world.advance(1000);
    expect(heard).deep.equal([]);
    expect(lost).length(1);
    expect(lost[0]).property("code", "ECONNRESET");

    const next = world.host("a");
    expect(next).not.equal(host);
    expect(next.address).equal(host.address);
    await world.complete(next.disk.lock("data"));
    await world.complete(next.network.listen(options, () => silent));
    await world.complete(peer.network.connect(endpoint, () => events));
  });

  it("leaves no stream behind that the process was about to open, and answers nothing that it had asked", async () => {
    for (const waitedMs of [0, 0.5, 1, 1.5, 2]) {
      const { world, host } = await withDirectory(`about to open, after ${waitedMs}`);
      const options = { endpoint: { host: "0.0.0.0", port: 7000 }, backlog: 1, keepAliveSeconds: 0 };
      const peerHeard: string[] = [];
      const peerEvents = { received() {}, drained() {}, closed: () => peerHeard.push("closed") };
      const accept = () => {
        peerHeard.push("accepted");
        return peerEvents;
      };
      await world.complete(world.host("peer").network.listen(options, accept));
      const heard: string[] = [];
      const events = { received() {}, drained() {}, closed: () => heard.push("closed") };
      const note = () => heard.push("answered");
      const listener = await world.complete(host.network.listen(options, () => events));
      void host.network.connect({ host: "peer", port: 7000 }, () => events).then(note, note);
      await world.advance(waitedMs);
      void listener.close().then(note, note);
      const heardBefore = [...heard];
      world.crash("a");
      void listener.close().then(note, note);
      await world.advance(200_000);
      expect(heard).deep.equal(heardBefore);
      expect(peerHeard).deep.equal(peerHeard.length === 0 ? [] : ["accepted", "closed"]);
    }
  });

  it("refuses connects while no process listens", async () => {
    const { world } = await withDirectory("refuse");
    world.crash("a");
    const events = { received() {}, drained() {}, closed() {} };
    const connect = world.host("peer").network.connect({ host: "a", port: 7000 }, () => events);
    expect(await codeOf(world, connect)).equal("ECONNREFUSED");
  });
});

async function withDirectory(seed: string | number): Promise<{ world: World; host: SimHost }> {
  const world = worldOf(seed);
  const host = world.host("a");
  await world.complete(host.disk.createDirectory("data"));
  return { world, host };
}

async function contentOf(world: World, path: string): Promise<string | undefined> {
  const { disk } = world.host("a");
  const opened = await world.complete(disk.open(path, "read").catch(() => undefined));
  if (opened === undefined) return undefined;
  const into = Buffer.alloc(await world.complete(opened.size()));
  await world.complete(opened.read(into, 0));
  return into.toString("latin1");
}

async function codeOf(world: World, asked: Promise<unknown>): Promise<string> {
  const error = await world.complete(asked.then(() => undefined).catch((caught: unknown) => caught));
  return (error as { code: string }).code;
}
