import { mkdir, stat, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { expect } from "chai";
import { HostError } from "#torus/host/host-error.js";
import { makeTemporaryDirectory, removeDirectory } from "#torus/host/node/temporary-directory.js";

describe("a temporary directory", () => {
  it("is another one each time, and goes with all that is in it, once or twice", async () => {
    const [one, other] = [await makeTemporaryDirectory("torus-t-"), await makeTemporaryDirectory("torus-t-")];
    expect(basename(one)).to.match(/^torus-t-./);
    expect(one).to.not.equal(other);
    await mkdir(`${one}/deep/er`, { recursive: true });
    await writeFile(`${one}/deep/er/file`, "text");
    for (const path of [one, one, other]) await removeDirectory(path);
    for (const path of [one, other]) {
      const code = await stat(path).catch(({ code }: NodeJS.ErrnoException) => code);
      expect(code).to.equal("ENOENT");
    }
  });

  it("is refused in the words of the host where there can be none", async () => {
    const error: unknown = await makeTemporaryDirectory("no/such/place/torus-t-").catch((reason) => reason);
    expect(error).to.be.instanceOf(HostError);
  });
});
