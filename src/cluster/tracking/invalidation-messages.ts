/**
 * How nodes tell each other of keys that are cached. The body of the service `changed`, which is told, not asked:
 *
 *     body    := change+
 *     change  := kind:u8 [session:varint length:varint key{length}]
 *
 * Kinds: 0, a key that was read for clients of the node; 1, one that has a prefix that its clients want; 2, without a key: all that its
 * clients have of the sender counts as changed. The session is the client by whose command the key was changed, as the node calls it; 0 if by
 * none of its. And of the service `prefixes`, which is asked, and answered with nothing:
 *
 *     body    := version:varint (length:varint prefix{length})*
 *
 * These are all prefixes that the sender's clients want. The version rises whenever they change: an older one of the same boot is outdated.
 */
import { ByteReader } from "../../base/byte-reader.js";
import { ByteWriter } from "../../base/byte-writer.js";
import { rangeOf } from "../../base/bytes.js";

export const READ = 0;
export const PREFIXED = 1;
export const ALL = 2;
export type ChangeKind = typeof ALL | typeof PREFIXED | typeof READ;

const BYTES_MAX = 2 ** 30;

export function writeChange(
  writer: ByteWriter,
  kind: typeof PREFIXED | typeof READ,
  { key, session }: { readonly key: string; readonly session: number },
): void {
  writer.u8(kind);
  writer.varint(session);
  writer.sized(rangeOf(Buffer.from(key, "latin1")));
}

export function writeLoss(writer: ByteWriter): void {
  writer.u8(ALL);
}

/** Calls `take` for each. False where the bytes make no sense. */
export function readChanges(
  body: Buffer,
  take: (kind: ChangeKind, change: { readonly key: string; readonly session: number }) => void,
): boolean {
  const reader = new ByteReader(rangeOf(body));
  while (reader.remaining > 0) {
    const kind = reader.u8();
    if (kind === ALL) {
      take(ALL, { key: "", session: 0 });
      continue;
    }
    const session = reader.varint();
    const key = Buffer.from(reader.sized()).toString("latin1");
    if (reader.failed || (kind !== READ && kind !== PREFIXED)) return false;
    take(kind, { key, session });
  }
  return true;
}

export interface WantedPrefixes {
  readonly version: number;
  readonly prefixes: readonly string[];
}

export function writePrefixes({ version, prefixes }: WantedPrefixes): Buffer {
  const writer = new ByteWriter({ bytesMax: BYTES_MAX });
  writer.varint(version);
  for (const prefix of prefixes) writer.sized(rangeOf(Buffer.from(prefix, "latin1")));
  return writer.written();
}

/** Undefined if it makes no sense. */
export function readPrefixes(body: Buffer): WantedPrefixes | undefined {
  const reader = new ByteReader(rangeOf(body));
  const version = reader.varint();
  const prefixes: string[] = [];
  while (reader.remaining > 0) prefixes.push(Buffer.from(reader.sized()).toString("latin1"));
  return reader.failed ? undefined : { version, prefixes };
}
