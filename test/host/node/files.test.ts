import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { HostError } from "#torus/host/host-error.js";
import { nodeFiles } from "#torus/host/node/files.js";

describe("node files", () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "torus-"));
    path = join(directory, "torus.conf");
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("replace a file, and leave no other beside it", async () => {
    await nodeFiles.replaceText(path, "old");
    await nodeFiles.replaceText(path, "né\n");
    expect(await nodeFiles.readText(path)).to.equal("né\n");
    expect(await readdir(directory)).to.deep.equal(["torus.conf"]);
  });

  it("keep the permissions of the file that they replace", async () => {
    await writeFile(path, "old");
    await chmod(path, 0o666);
    await nodeFiles.replaceText(path, "new");
    expect((await stat(path)).mode & 0o777).to.equal(0o666);
  });

  it("replace what a symbolic link points to, not the link", async () => {
    const target = join(directory, "target");
    await writeFile(target, "old");
    await symlink(target, path);
    await nodeFiles.replaceText(path, "new");
    expect(await nodeFiles.readText(target)).to.equal("new");
    expect(await nodeFiles.readText(path)).to.equal("new");
  });

  it("survive many replacements at once, of which one wins whole", async () => {
    const texts = Array.from({ length: 10 }, (_, index) => String(index).repeat(10_000));
    await Promise.all(texts.map((text) => nodeFiles.replaceText(path, text)));
    expect(texts).to.include(await nodeFiles.readText(path));
    expect(await readdir(directory)).to.deep.equal(["torus.conf"]);
  });

  it("name the failure as the system does", async () => {
    const failures = await Promise.all([
      nodeFiles.readText(path).catch((error: unknown) => error),
      nodeFiles.replaceText(join(directory, "none", "file"), "").catch((error: unknown) => error),
    ]);
    for (const failure of failures)
      expect(failure).to.be.instanceOf(HostError).with.property("code", "ENOENT");
  });

  it("leave what was there and no rubbish when a replacement fails", async () => {
    await mkdir(path);
    const failure = await nodeFiles.replaceText(path, "text").catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(HostError).with.property("code", "EISDIR");
    expect(await readdir(directory)).to.deep.equal(["torus.conf"]);
  });
});
