/**
 * What a node remembers of its cluster from one life to the next: which one it is, and who else was in it. A small file in the
 * data directory, replaced as a whole. Members are kept as membership writes their records (membership/claim-codec.ts), in base64.
 */
import { ByteReader } from "../base/byte-reader.js";
import { ByteWriter } from "../base/byte-writer.js";
import { rangeOf } from "../base/bytes.js";
import type { Files } from "../host/files.js";
import { HostError } from "../host/host-error.js";
import { readRecord, writeRecord } from "../membership/claim-codec.js";
import { CLUSTER_ID_FORM, type ClusterId, type MemberRecord } from "../membership/member.js";
import { CLUSTER_FILE } from "./earlier-cluster.js";

/** Raised when an older release could no longer make sense of the file. */
const FORMAT = 1;
const RECORD_BYTES_MAX = 2048;

export interface ClusterFacts {
  readonly clusterId: ClusterId;
  readonly members: readonly MemberRecord[];
}

/** Undefined if there is no such file, or none that makes sense: the node then looks for its cluster as a new one would. */
export async function readClusterFile(files: Files, directory: string): Promise<ClusterFacts | undefined> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await files.readText(`${directory}/${CLUSTER_FILE}`));
  } catch (error) {
    if (error instanceof SyntaxError || (error instanceof HostError && error.code === "ENOENT"))
      return undefined;
    throw error;
  }
  const { format, clusterId, members } = (parsed ?? {}) as Record<string, unknown>;
  const isSound = format === FORMAT && typeof clusterId === "string" && CLUSTER_ID_FORM.test(clusterId);
  if (!isSound || !Array.isArray(members)) return undefined;
  return { clusterId, members: members.map(parseRecord).filter((record) => record !== undefined) };
}

export function writeClusterFile(
  files: Files,
  directory: string,
  { clusterId, members }: ClusterFacts,
): Promise<void> {
  const memory = { format: FORMAT, clusterId, members: members.map(formatRecord) };
  return files.replaceText(`${directory}/${CLUSTER_FILE}`, `${JSON.stringify(memory, undefined, 2)}\n`);
}

/** It belongs to no cluster any more. */
export function clearClusterFile(files: Files, directory: string): Promise<void> {
  const nothing = { format: FORMAT, clusterId: null, members: [] };
  return files.replaceText(`${directory}/${CLUSTER_FILE}`, `${JSON.stringify(nothing)}\n`);
}

function formatRecord(record: MemberRecord): string {
  const writer = new ByteWriter({ bytesMax: RECORD_BYTES_MAX });
  writeRecord(writer, record);
  return writer.written().toString("base64");
}

function parseRecord(text: unknown): MemberRecord | undefined {
  if (typeof text !== "string") return undefined;
  return readRecord(new ByteReader(rangeOf(Buffer.from(text, "base64"))));
}
