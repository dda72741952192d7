import { expect } from "chai";
import { type Files, readTextIfThere } from "#torus/host/files.js";
import { HostError } from "#torus/host/host-error.js";

describe("a text file that may not be there", () => {
  it("is read whole if it is there, empty or not", async () => {
    for (const text of ["", "some text\n"]) {
      expect(
        await readTextIfThere(
          filesOf(async () => text),
          "data/file.json",
        ),
      ).to.equal(text);
    }
  });

  it("is undefined if it is not there", async () => {
    const files = filesOf(async () => {
      throw new HostError("ENOENT", "no such file");
    });
    expect(await readTextIfThere(files, "data/file.json")).to.equal(undefined);
  });

  it("is not taken for one that is not there when it cannot be read", async () => {
    for (const failure of [
      new HostError("EACCES", "no"),
      new HostError("EIO", "no"),
      new TypeError("ENOENT"),
    ]) {
      const files = filesOf(async () => {
        throw failure;
      });
      const reading = readTextIfThere(files, "data/file.json").catch((error: unknown) => error);
      expect(await reading).to.equal(failure);
    }
  });
});

/** A disk of which one file is asked. */
function filesOf(read: () => Promise<string>): Files {
  return {
    readText(path) {
      expect(path).to.equal("data/file.json");
      return read();
    },
    async replaceText() {
      throw new Error("nothing is to be written");
    },
  };
}
