import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { nodeDisk } from "#torus/host/node/disk.js";
import { itKeepsTheDiskContract } from "../disk-contract.js";

describe("node disk", () => {
  const directories: string[] = [];
  const newDirectory = () => {
    const directory = mkdtempSync(join(tmpdir(), "torus-disk-"));
    directories.push(directory);
    return directory;
  };
  after(() => {
    for (const directory of directories) rmSync(directory, { recursive: true });
  });

  itKeepsTheDiskContract(async () => ({
    disk: nodeDisk,
    directory: newDirectory(),
    complete: (promise) => promise,
  }));

  it("writes more parts than the system takes at once", async () => {
    const path = join(newDirectory(), "parts");
    const file = await nodeDisk.open(path, "create");
    const parts = Array.from({ length: 5000 }, (_, i) => Buffer.from(String(i % 10)));
    await file.write(parts, 0);
    const into = Buffer.alloc(5000);
    expect(await file.read(into, 0)).equal(5000);
    expect(into.toString()).equal("0123456789".repeat(500));
    await file.close();
  });

  it("takes over the lock of a process that is gone, and of one whose number another process has now", async () => {
    for (const content of ["4194303 17\n", `${process.pid} 1\n`, "no lock of ours", ""]) {
      const directory = newDirectory();
      writeFileSync(join(directory, "LOCK"), content);
      const lock = await nodeDisk.lock(directory);
      const refused = await nodeDisk.lock(directory).catch((error: unknown) => error);
      expect(refused).property("code", "EWOULDBLOCK");
      await lock.release();
      expect(readdirSync(directory)).deep.equal([]);
    }
  });

  it("gives a stale lock to one of many that ask at once, even if somebody died taking it over", async () => {
    const directory = newDirectory();
    const stale = "4194303 17\n";
    writeFileSync(join(directory, "LOCK"), stale);
    const digest = createHash("sha256").update(stale).digest("hex").slice(0, 16);
    writeFileSync(join(directory, `LOCK.after-${digest}`), "4194302 18\n");
    const asked = Array.from({ length: 20 }, () => nodeDisk.lock(directory));
    const answers = await Promise.allSettled(asked);
    const locks = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    expect(locks).length(1);
    for (const answer of answers)
      if (answer.status === "rejected") expect(answer.reason).property("code", "EWOULDBLOCK");
    await locks[0]!.release();
    expect(readdirSync(directory)).deep.equal([]);
  });
});
