/**
 * What a node is, beyond its data: who it is, how often it started, how its keys are hashed, and how far its clock may have
 * run. One small file in the data directory, replaced as a whole and synced, for what it says must never be taken back.
 */
import { type Files, readTextIfThere } from "../host/files.js";
import type { Random } from "../host/random.js";
import type { HashSeed } from "./hash-seed.js";

/** Raised when an older release could no longer make sense of a data directory. */
export const DIRECTORY_FORMAT = 1;
export const NODE_FILE = "node.json";

const NODE_ID_BYTES = 16;
const HASH_SEED_WORDS = 4;
const ORIGIN_MAX = 0xffff;
const NODE_ID_FORM = /^[0-9a-f]{32}$/;

export interface NodeFacts {
  /** 32 hexadecimal digits, drawn when the directory was made. */
  readonly nodeId: string;
  /** 1 to 65535: tells this node's versions from those of others. */
  readonly origin: number;
  /** How often a node started on this directory: tells its contributions to counters apart. */
  readonly boot: number;
  /** Drawn when the directory was made, or that of the cluster that the node joined. */
  readonly hashSeed: HashSeed;
  /** No version above this clock was issued. */
  readonly clockCeiling: number;
  /** The log was being switched on: it may begin in the midst, without a snapshot beneath it. */
  readonly isLogPartial: boolean;
}

/** The data directory is not one that this release can use. The message tells why, and what to do. */
export class UnusableDirectory extends Error {
  override readonly name = "UnusableDirectory";

  constructor(
    message: string,
    /** A newer release wrote it, and nothing may be wrong with it. */
    readonly isNewer = false,
  ) {
    super(message);
  }
}

export function drawNodeFacts(random: Random): NodeFacts {
  const word = () => random.uint32();
  const hashSeed: HashSeed = [word(), word(), word(), (word() | 1) >>> 0];
  return {
    nodeId: Buffer.from(random.bytes(NODE_ID_BYTES)).toString("hex"),
    origin: 1 + (random.uint32() % ORIGIN_MAX),
    boot: 0,
    hashSeed,
    clockCeiling: 0,
    isLogPartial: false,
  };
}

/** Undefined if the directory has no such file yet. Rejects with `UnusableDirectory` if there is one that says no sense. */
export async function readNodeFile(files: Files, directory: string): Promise<NodeFacts | undefined> {
  const path = `${directory}/${NODE_FILE}`;
  const text = await readTextIfThere(files, path);
  return text === undefined ? undefined : parseNodeFile(text, path);
}

export function writeNodeFile(files: Files, directory: string, facts: NodeFacts): Promise<void> {
  const text = `${JSON.stringify({ format: DIRECTORY_FORMAT, ...facts }, undefined, 2)}\n`;
  return files.replaceText(`${directory}/${NODE_FILE}`, text);
}

function parseNodeFile(text: string, path: string): NodeFacts {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UnusableDirectory(
      `${path} is damaged: it is not JSON. Restore it from a backup of the directory`,
    );
  }
  const fields = typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  const { format } = fields;
  if (typeof format === "number" && format > DIRECTORY_FORMAT) {
    throw new UnusableDirectory(
      `${path} has format ${format}, written by a newer release of TorusKV; this one knows formats up to ${DIRECTORY_FORMAT}`,
      true,
    );
  }
  if (format !== DIRECTORY_FORMAT || !isNodeFacts(fields)) {
    throw new UnusableDirectory(`${path} is damaged: a field is missing or has no sense`);
  }
  const { nodeId, origin, boot, hashSeed, clockCeiling, isLogPartial } = fields;
  return { nodeId, origin, boot, hashSeed, clockCeiling, isLogPartial };
}

function isNodeFacts(fields: object): fields is NodeFacts {
  const { nodeId, origin, boot, hashSeed, clockCeiling, isLogPartial } = fields as Record<
    keyof NodeFacts,
    unknown
  >;
  return (
    typeof isLogPartial === "boolean" &&
    typeof nodeId === "string" &&
    NODE_ID_FORM.test(nodeId) &&
    isWhole(origin, 1, ORIGIN_MAX) &&
    isWhole(boot, 0, 2 ** 32 - 1) &&
    isWhole(clockCeiling, 0, Number.MAX_SAFE_INTEGER) &&
    Array.isArray(hashSeed) &&
    hashSeed.length === HASH_SEED_WORDS &&
    hashSeed.every((word) => isWhole(word, 0, 2 ** 32 - 1)) &&
    hashSeed.some((word) => word !== 0)
  );
}

function isWhole(value: unknown, min: number, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}
