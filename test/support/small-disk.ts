import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import type { Context } from "mocha";
import { runProgram } from "./program.js";
import { lack } from "./requirements.js";

const BLOCK_BYTES = 2 ** 16;

/** A file system of a few megabytes in memory, which can be filled up and freed again. Mounting one takes root, or `sudo` without a password. */
export class SmallDisk {
  #filler: FileHandle | undefined;

  private constructor(
    readonly path: string,
    private readonly root: readonly string[],
  ) {}

  /** For a `before` hook: skips the suite, or fails in CI, where mounting is not allowed. */
  static async mount(test: Context, path: string, megabytes: number): Promise<SmallDisk> {
    await mkdir(path);
    const root = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
    const { code, errors } = await run([
      ...[...root, "mount", "-t", "tmpfs"],
      ...["-o", `size=${megabytes}m,mode=1777`, "torus-small-disk", path],
    ]);
    if (code !== 0) lack(test, `mounting a tmpfs is not permitted here: ${errors.trim()}`);
    return new SmallDisk(path, root);
  }

  /** Leaves room for nothing. */
  async fill(): Promise<void> {
    this.#filler ??= await open(join(this.path, "filler"), "w");
    const block = Buffer.alloc(BLOCK_BYTES, 1);
    for (;;) {
      try {
        await this.#filler.write(block);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOSPC") return;
        throw error;
      }
    }
  }

  async free(): Promise<void> {
    await this.#filler?.close();
    this.#filler = undefined;
    await (await open(join(this.path, "filler"), "w")).close();
  }

  async unmount(): Promise<void> {
    await this.free();
    const { code, errors } = await run([...this.root, "umount", this.path]);
    if (code !== 0) throw new Error(errors);
  }
}

async function run([program, ...args]: readonly string[]): Promise<{ code: number | null; errors: string }> {
  try {
    return await runProgram(program!, args);
  } catch (error) {
    return { code: null, errors: (error as Error).message };
  }
}
