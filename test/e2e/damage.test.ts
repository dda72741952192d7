import { cp, open, readdir, readFile, writeFile } from "node:fs/promises";
import { expect } from "chai";
import { type KeptNode, ScratchDirectory, spawnOn, startOn, torus } from "../support/kept-node.js";
import { textOf } from "../support/reply.js";
import type { WireClient } from "../support/wire-client.js";

const COUNT = 100;
/** Of the key in whose frame a byte is flipped. */
const DAMAGED = 50;
/** So long that a snapshot of them has several frames. */
const WIDE_BYTES = 10_000;
const SNAPSHOT_FRAME_BYTES_MAX = 300_000;

describe("damage on disk", () => {
  let scratch: ScratchDirectory;
  let directory: string;
  before(async () => {
    scratch = await ScratchDirectory.make();
    const node = await startOn(scratch.file("sound"));
    const client = await node.connect();
    // Each waits for its reply, so each is a frame of its own.
    for (let i = 0; i < COUNT; i++) expect(await client.ask("SET", `key:${i}`, valueOfKey(i))).to.equal("OK");
    await node.kill();
  });
  beforeEach(async function () {
    directory = scratch.file(this.currentTest!.title.replaceAll(/\W+/g, "-"));
    // What a killed node left of its socket is nothing that can be copied.
    const filter = (path: string) => !path.endsWith(".sock");
    await cp(scratch.file("sound"), directory, { recursive: true, filter });
  });
  after(() => scratch?.remove());

  it("is none behind a kill -9: check says what a start finds, and changes nothing", async () => {
    const before = await contentsOf(directory);
    const { code, output, errors } = await torus("check", directory);
    expect([code, errors]).to.deep.equal([0, ""]);
    expect(output).to.match(/node\.json .*node [0-9a-f]{32}, start 1\n/);
    expect(output).to.match(/log-0000000001\.torus +\d+ bytes +log from position 0 on/);
    expect(output).to.match(
      /a node can start from here, and finds no snapshot and \d+ bytes of log behind it, 100 batches\n$/,
    );
    expect(await contentsOf(directory)).to.deep.equal(before);
    await expectKeys(await startOn(directory));
  });

  it("of the unpromised end of the log is cut, told by check and at start", async () => {
    const path = logIn(directory);
    const offset = usedBytes(await readFile(path));
    await overwrite(path, offset, Buffer.alloc(300, 0xa5));
    const { code, output } = await torus("check", directory);
    expect(code).to.equal(0);
    expect(output).to.contain(`${path}: 300 bytes from byte ${offset} on were not written whole`);
    const node = await startOn(directory);
    expect(node.server.output).to.match(/warn +cut the end of the log/);
    expect(node.server.output).to.contain(`offset=${offset}`).and.to.contain("bytes=300");
    await expectKeys(node);
    await expectKeys(await startOn(directory));
  });

  it("in the middle of the log stops a start, and repair loses no key but that one", async () => {
    const path = logIn(directory);
    await flip(path, (await readFile(path)).indexOf(valueOfKey(DAMAGED)));
    await expectRefusal(new RegExp(`^torus: ${path} at byte \\d+: .*durable up to \\d+`));
    await repair(/damaged places: 1; /);
    await expectKeys(await startOn(directory), [DAMAGED]);
  });

  it("in the first bytes of the log stops a start, and repair loses nothing", async () => {
    const path = logIn(directory);
    await flip(path, 30);
    await expectRefusal(new RegExp(`^torus: ${path} at byte 0: `));
    await repair(/log-0000000001\.torus/);
    await expectKeys(await startOn(directory));
  });

  it("in a snapshot stops a start, and repair keeps its other frames and the log behind it", async () => {
    const first = await startOn(directory);
    const writer = await first.connect();
    for (let i = 0; i < COUNT; i++) await writer.call("SET", `wide:${i}`, wideValueOfKey(i));
    await first.kill();
    // A new start begins a new segment, so that the snapshot makes those before it superfluous.
    const second = await startOn(directory);
    const client = await second.connect();
    expect(await client.ask("SAVE")).to.equal("OK");
    expect(await client.ask("SET", "behind", "the snapshot")).to.equal("OK");
    await second.kill();
    const path = `${directory}/snapshot-0000000001.torus`;
    await flip(path, (await readFile(path)).indexOf(wideValueOfKey(DAMAGED)));
    await expectRefusal(new RegExp(`^torus: ${path}: .*\\(at byte \\d+\\)`));
    await repair(/damaged places: 1; /);
    const repaired = await startOn(directory);
    const reader = await repaired.connect();
    expect(await reader.ask("GET", "behind")).to.equal('"the snapshot"');
    expect(await reader.ask("EXISTS", `wide:${DAMAGED}`)).to.equal("0");
    let lostBytes = 0;
    for (let i = 0; i < COUNT; i++) {
      const value = textOf(await reader.call("GET", `wide:${i}`));
      if (value === undefined) lostBytes += WIDE_BYTES;
      else expect(value).to.equal(wideValueOfKey(i));
    }
    expect(lostBytes).to.be.below(SNAPSHOT_FRAME_BYTES_MAX);
    await repaired.kill();
  });

  it("cannot be told from what a newer release wrote: that is refused, by repair too", async () => {
    const path = `${directory}/node.json`;
    const facts = JSON.parse(await readFile(path, "utf8")) as object;
    await writeFile(path, JSON.stringify({ ...facts, format: 2 }));
    const before = await contentsOf(directory);
    await expectRefusal(/^torus: .*node\.json has format 2, written by a newer release of TorusKV/);
    const { code, errors } = await torus("check", directory, "--repair");
    expect(code).to.equal(1);
    expect(errors).to.match(/^torus: .*newer release.*\n$/);
    expect(await contentsOf(directory)).to.deep.equal(before);
  });

  it("is not done by two: a directory in use is refused, a lock left by a kill is not", async () => {
    const node = await startOn(directory);
    const inUse = `process ${node.server.pid} holds ${directory}/LOCK`;
    const second = await spawnOn(directory).ended();
    expect(second.code).to.equal(1);
    expect(second.output).to.equal(`torus: the data directory ${directory} is in use: ${inUse}\n`);
    const checked = await torus("check", directory, "--repair");
    expect([checked.code, checked.errors]).to.deep.equal([1, `torus: ${inUse}\n`]);
    await node.kill();
    expect(await readdir(directory)).to.include("LOCK");
    await expectKeys(await startOn(directory));
  });

  it("is not looked for where nothing is", async () => {
    const { code, errors } = await torus("check", scratch.file("absent"));
    expect(code).to.equal(1);
    expect(errors).to.match(/^torus: .*no such file or directory.*absent'\n$/);
  });

  /** `torus server` and `torus check` refuse, in a line that says why. */
  async function expectRefusal(line: RegExp): Promise<void> {
    const { code, output } = await spawnOn(directory).ended();
    const said = output.split("\n").find((text) => text.startsWith("torus: ")) ?? output;
    expect(said).to.match(line);
    expect(code).to.equal(1);
    const checked = await torus("check", directory);
    expect(checked.code).to.equal(1);
    expect(checked.output).to.contain("PROBLEM  ");
    expect(checked.errors).to.contain("--repair");
  }

  /** Every file of before is then in the place that repair names, as it was, and a second look finds no fault. */
  async function repair(says: RegExp): Promise<void> {
    const before = await contentsOf(directory);
    const { code, output, errors } = await torus("check", directory, "--repair");
    expect([code, errors]).to.deep.equal([0, ""]);
    expect(output).to.match(says).and.to.contain(`${directory}/set-aside-1`);
    const aside = await contentsOf(`${directory}/set-aside-1`);
    for (const [name, bytes] of aside) expect(before.get(name)?.equals(bytes), name).to.equal(true);
    expect(aside.size).to.be.greaterThan(0);
    expect((await torus("check", directory)).code).to.equal(0);
  }
});

function valueOfKey(i: number): string {
  return `the value of key ${i}.`;
}

function wideValueOfKey(i: number): string {
  return `wide value ${i}`.padEnd(WIDE_BYTES, ".");
}

function logIn(directory: string): string {
  return `${directory}/log-0000000001.torus`;
}

/** The node has all keys but these. Ends it. */
async function expectKeys(node: KeptNode, absent: readonly number[] = []): Promise<void> {
  const client: WireClient = await node.connect();
  for (let i = 0; i < COUNT; i++) {
    expect(await client.ask("GET", `key:${i}`)).to.equal(absent.includes(i) ? "nil" : `"${valueOfKey(i)}"`);
  }
  expect(await client.ask("DBSIZE")).to.equal(String(COUNT - absent.length));
  await node.kill();
}

/** Files by name. */
async function contentsOf(directory: string): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isFile() && entry.name !== "LOCK")
      contents.set(entry.name, await readFile(`${directory}/${entry.name}`));
  }
  return contents;
}

/** Behind the last byte that is not zero. */
function usedBytes(bytes: Buffer): number {
  let end = bytes.length;
  while (bytes[end - 1] === 0) end--;
  return end;
}

async function flip(path: string, offset: number): Promise<void> {
  const byte = (await readFile(path))[offset]!;
  await overwrite(path, offset, Buffer.of(byte ^ 1));
}

async function overwrite(path: string, offset: number, bytes: Buffer): Promise<void> {
  const file = await open(path, "r+");
  await file.write(bytes, 0, bytes.length, offset);
  await file.close();
}
