/** What every disk promises, real or simulated. */
import { expect } from "chai";
import type { Disk } from "#torus/host/disk.js";
import { HostError } from "#torus/host/host-error.js";

/** A disk with an empty directory, and a way to wait for what it answers. */
export interface DiskUnderTest {
  readonly disk: Disk;
  readonly directory: string;
  complete<Value>(promise: Promise<Value>): Promise<Value>;
}

export function itKeepsTheDiskContract(prepare: () => Promise<DiskUnderTest>): void {
  it("reads back what was written, in parts and beyond the end, and says how much there was", async () => {
    const { disk, directory, complete } = await prepare();
    const file = await complete(disk.open(`${directory}/a`, "create"));
    await complete(file.write([Buffer.from("hello"), Buffer.alloc(0), Buffer.from(" world")], 3));
    expect(await complete(file.size())).equal(14);
    const into = Buffer.alloc(20, 0x2e);
    expect(await complete(file.read(into, 0))).equal(14);
    expect(into.toString("latin1")).equal("\0\0\0hello world......");
    expect(await complete(file.read(into, 14))).equal(0);
    await complete(file.truncate(8));
    expect(await complete(file.size())).equal(8);
    await complete(file.sync());
    await complete(file.close());
    const through = await complete(disk.open(`${directory}/a`, "write-through"));
    await complete(through.write([Buffer.from("HE")], 3));
    await complete(through.close());
    const reading = await complete(disk.open(`${directory}/a`, "read"));
    expect(await complete(reading.read(into, 3))).equal(5);
    expect(into.toString("latin1", 0, 5)).equal("HEllo");
    await complete(reading.close());
  });

  it("lists, renames over what is there, and removes", async () => {
    const { disk, directory, complete } = await prepare();
    for (const name of ["b", "a", "c"]) {
      const file = await complete(disk.open(`${directory}/${name}`, "create"));
      await complete(file.write([Buffer.from(name)], 0));
      await complete(file.close());
    }
    expect(await complete(disk.list(directory))).deep.equal(["a", "b", "c"]);
    await complete(disk.rename(`${directory}/a`, `${directory}/b`));
    await complete(disk.remove(`${directory}/c`));
    await complete(disk.syncDirectory(directory));
    expect(await complete(disk.list(directory))).deep.equal(["b"]);
    const file = await complete(disk.open(`${directory}/b`, "read"));
    const into = Buffer.alloc(1);
    await complete(file.read(into, 0));
    expect(into.toString()).equal("a");
    await complete(file.close());
    expect(await complete(disk.freeBytes(directory))).greaterThan(0);
  });

  it("names what is missing, and what is there already", async () => {
    const { disk, directory, complete } = await prepare();
    const codeOf = (asked: Promise<unknown>) => complete(codeOfFailure(asked));
    expect(await codeOf(disk.open(`${directory}/none`, "read"))).equal("ENOENT");
    expect(await codeOf(disk.open(`${directory}/none`, "write"))).equal("ENOENT");
    expect(await codeOf(disk.remove(`${directory}/none`))).equal("ENOENT");
    expect(await codeOf(disk.rename(`${directory}/none`, `${directory}/x`))).equal("ENOENT");
    expect(await codeOf(disk.list(`${directory}/none`))).equal("ENOENT");
    expect(await codeOf(disk.syncDirectory(`${directory}/none`))).equal("ENOENT");
    expect(await codeOf(disk.lock(`${directory}/none`))).equal("ENOENT");
    expect(await codeOf(disk.open(`${directory}/none/a`, "create"))).equal("ENOENT");
    await complete((await complete(disk.open(`${directory}/a`, "create"))).close());
    expect(await codeOf(disk.open(`${directory}/a`, "create"))).equal("EEXIST");
    expect(await codeOf(disk.rename(`${directory}/a`, `${directory}/none/a`))).equal("ENOENT");
    expect(await complete(disk.list(directory))).deep.equal(["a"]);
  });

  it("makes a directory with its parents, and leaves alone what is there", async () => {
    const { disk, directory, complete } = await prepare();
    await complete(disk.createDirectory(`${directory}/one/two/three`));
    await complete((await complete(disk.open(`${directory}/one/two/a`, "create"))).close());
    await complete(disk.createDirectory(`${directory}/one/two`));
    await complete(disk.createDirectory(`${directory}/one/four`));
    expect(await complete(disk.list(`${directory}/one`))).deep.equal(["four", "two"]);
    expect(await complete(disk.list(`${directory}/one/two`))).deep.equal(["a", "three"]);
    expect(await complete(disk.list(`${directory}/one/two/three`))).deep.equal([]);
  });

  it("refuses what a file is not open for", async () => {
    const { disk, directory, complete } = await prepare();
    const codeOf = (asked: Promise<unknown>) => complete(codeOfFailure(asked));
    const file = await complete(disk.open(`${directory}/a`, "create"));
    await complete(file.write([Buffer.from("kept")], 0));
    await complete(file.close());
    const bytes = Buffer.from("x");
    const closed = [
      file.size(),
      file.read(bytes, 0),
      file.write([bytes], 0),
      file.sync(),
      file.truncate(0),
    ].map(codeOfFailure);
    expect(new Set(await complete(Promise.all(closed)))).deep.equal(new Set(["EBADF"]));
    const reading = await complete(disk.open(`${directory}/a`, "read"));
    expect(await codeOf(reading.write([bytes], 0))).equal("EBADF");
    expect(await codeOf(reading.truncate(0))).equal("EINVAL");
    expect(await complete(reading.size())).equal(4);
    await complete(reading.close());
    await complete(reading.close());
  });

  it("locks a directory once, within one process too, and again when it was released", async () => {
    const { disk, directory, complete } = await prepare();
    const lock = await complete(disk.lock(directory));
    const refused = await complete(disk.lock(directory).catch((error: unknown) => error));
    expect(refused).instanceOf(HostError).property("code", "EWOULDBLOCK");
    expect((refused as HostError).message).match(/process \d+ holds/);
    await complete(lock.release());
    const next = await complete(disk.lock(directory));
    await complete(lock.release());
    expect(await complete(codeOfFailure(disk.lock(directory)))).equal("EWOULDBLOCK");
    await complete(next.release());
    expect(await complete(disk.list(directory))).deep.equal([]);
  });
}

async function codeOfFailure(asked: Promise<unknown>): Promise<string> {
  const error = await asked.then(() => undefined).catch((caught: unknown) => caught);
  expect(error).instanceOf(HostError);
  return (error as HostError).code;
}
