/** `torus backup`: copies a running node's data into a file, and checks what arrived. */
import type { SingleBar } from "cli-progress";
import { type Command, InvalidArgumentError } from "commander";
import type { Redis } from "ioredis";
import { PIECE_BYTES_MAX } from "../durability/backups.js";
import type { DiskFile } from "../host/disk.js";
import { nodeDisk } from "../host/node/disk.js";
import { checkSnapshotFile } from "./check-snapshot.js";
import {
  type Address,
  CommandFailure,
  type Credentials,
  connectTo,
  declareCredentials,
  parseAddress,
} from "./connection-options.js";
import { directoryOf, exists } from "./files.js";
import { progressBar, say } from "./terminal.js";

interface BackupFlags extends Credentials {
  readonly from: Address;
}

export function declareBackup(program: Command): void {
  const command = program
    .command("backup")
    .description("copy a running node's data into a file, while it serves")
    .argument("<file>", "where to; it must not exist")
    .requiredOption("--from <host:port>", "the node, by its client port", parseAddress);
  declareCredentials(command).action((file: string, flags: BackupFlags) => backup(file, flags));
}

async function backup(file: string, { from, ...credentials }: BackupFlags): Promise<void> {
  if (file === "") throw new InvalidArgumentError("a backup needs the name of a file");
  if (await exists(file))
    throw new CommandFailure(`${file} is there already, and a backup overwrites nothing`);
  const redis = await connectTo(from, credentials);
  try {
    say(`writing a snapshot on ${from.host}:${from.port} ...`);
    const [id, bytes, keys] = (await redis.call("TORUS", "BACKUP", "BEGIN")) as [number, number, number];
    const part = `${file}.part`;
    const target = await nodeDisk.open(part, "create");
    try {
      await copy(redis, { id, bytes }, target);
      await target.sync();
    } catch (error) {
      await nodeDisk.remove(part);
      throw error;
    } finally {
      await target.close();
    }
    await redis.call("TORUS", "BACKUP", "END", id);
    await checkSnapshotFile(part);
    await nodeDisk.rename(part, file);
    await nodeDisk.syncDirectory(directoryOf(file));
    say(`${file}: ${keys} keys, ${bytes} bytes, checked`);
  } finally {
    redis.disconnect();
  }
}

async function copy(
  redis: Redis,
  { id, bytes }: { readonly id: number; readonly bytes: number },
  target: DiskFile,
): Promise<void> {
  const bar: SingleBar = progressBar("copying");
  bar.start(bytes, 0);
  try {
    for (let at = 0; at < bytes; ) {
      const piece = (await redis.callBuffer("TORUS", "BACKUP", "READ", id, at, PIECE_BYTES_MAX)) as Buffer;
      if (piece.length === 0) throw new CommandFailure(`the backup ended at byte ${at} of ${bytes}`);
      await target.write([piece], at);
      at += piece.length;
      bar.update(at);
    }
  } finally {
    bar.stop();
  }
}
