import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";
import { createNodeHost } from "#torus/host/node/node-host.js";

describe("node host", () => {
  const host = createNodeHost({ log: { level: "silent", format: "text" } });

  it("knows the process and the machine", () => {
    const { system } = host;
    expect(system.pid).to.equal(process.pid);
    expect(system.runtime).to.match(/^node \d+\.\d+\.\d+$/);
    expect(system.platform).to.match(/^\S+ \S+ \S+$/);
    const { residentBytes, heapUsedBytes, heapTotalBytes } = system.memory();
    expect(residentBytes).to.be.greaterThan(heapUsedBytes);
    expect(heapTotalBytes).to.be.at.least(heapUsedBytes);
    expect(system.totalMemoryBytes).to.be.greaterThan(residentBytes);
    expect(system.cpu().userSeconds).to.be.greaterThan(0);
  });

  it("counts memory of array buffers apart from the heap", () => {
    const before = host.system.memory();
    const block = Buffer.alloc(50_000_000, 1);
    const after = host.system.memory();
    // Buffers of other tests may be collected between the two looks, so only the sum is certain.
    expect(after.arrayBufferBytes).to.be.at.least(block.length);
    expect(after.heapTotalBytes - before.heapTotalBytes).to.be.lessThan(block.length);
  });

  it("draws numbers over the whole range and bytes that do not repeat", () => {
    const numbers = Array.from({ length: 1000 }, () => host.random.uint32());
    expect(numbers.every((number) => Number.isInteger(number) && number >= 0 && number < 2 ** 32)).to.equal(
      true,
    );
    expect(Math.max(...numbers)).to.be.greaterThan(2 ** 31);
    expect(host.random.bytes(16)).to.have.length(16);
    expect(host.random.bytes(16)).to.not.deep.equal(host.random.bytes(16));
  });

  it("loads no package at start", async () => {
    const script = `
      import { createRequire } from "node:module";
      import { createNodeHost } from "#torus/host/node/node-host.js";
      createNodeHost({ log: { level: "info", format: "text" } }).log.info("ready");
      process.stdout.write(JSON.stringify(Object.keys(createRequire(process.cwd() + "/x.js").cache)));
      process.reallyExit(0);`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    expect(JSON.parse(stdout)).to.deep.equal([]);
  });
});
