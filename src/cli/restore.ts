/** `torus restore`: makes a backup the data of a node that is still to be started. */
import type { Command } from "commander";
import { partPath, snapshotPath } from "../durability/snapshot-files.js";
import type { DiskFile } from "../host/disk.js";
import { nodeDisk } from "../host/node/disk.js";
import { checkSnapshotFile } from "./check-snapshot.js";
import { CommandFailure } from "./connection-options.js";
import { namesIn } from "./files.js";
import { progressBar, say } from "./terminal.js";

const PIECE_BYTES = 2 ** 22;
const LOCK_FILE = "LOCK";

export function declareRestore(program: Command): void {
  program
    .command("restore")
    .description("put a backup into an empty data directory, from which a node can then be started")
    .argument("<file>", "what torus backup wrote")
    .requiredOption(
      "--dir <directory>",
      "the data directory; made if it is not there, and refused if it is not empty",
    )
    .action((file: string, { dir }: { dir: string }) => restore(file, dir));
}

async function restore(file: string, directory: string): Promise<void> {
  await refuseUnlessEmpty(directory);
  const { keys, bytes } = await checkSnapshotFile(file);
  await nodeDisk.createDirectory(directory);
  const lock = await nodeDisk.lock(directory);
  try {
    await refuseUnlessEmpty(directory);
    const [path, part] = [snapshotPath(directory, 1), partPath(directory, 1)];
    const source = await nodeDisk.open(file, "read");
    const target = await nodeDisk.open(part, "create");
    try {
      await copy(source, target, bytes);
      await target.sync();
    } finally {
      await source.close();
      await target.close();
    }
    // What arrived, not what was read: the two may lie on different disks.
    await checkSnapshotFile(part);
    await nodeDisk.rename(part, path);
    await nodeDisk.syncDirectory(directory);
    say(
      `${directory}: ${keys} keys, ${bytes} bytes, checked. Start it with: torus server --dir ${directory}`,
    );
  } finally {
    await lock.release();
  }
}

async function refuseUnlessEmpty(directory: string): Promise<void> {
  const found = (await namesIn(directory)).filter((name) => name !== LOCK_FILE);
  if (found.length > 0)
    throw new CommandFailure(`${directory} is not empty, and a restore overwrites nothing`);
}

async function copy(source: DiskFile, target: DiskFile, bytes: number): Promise<void> {
  const bar = progressBar("restoring");
  bar.start(bytes, 0);
  const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  for (let at = 0; at < bytes; ) {
    const length = await source.read(piece, at);
    if (length === 0) throw new CommandFailure(`the backup got shorter while it was read`);
    await target.write([piece.subarray(0, length)], at);
    at += length;
    bar.update(at);
  }
  bar.stop();
}
