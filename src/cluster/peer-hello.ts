/**
 * What two nodes say to each other first, so that neither goes on with a stranger:
 *
 *     hello   := "TKVP" lowest:u8 highest:u8 isSealed:u8 cluster:16 node:16 boot:u32 salt:12     from who opened the stream
 *     welcome := "TKVP" verdict:u8 version:u8 isSealed:u8 cluster:16 node:16 boot:u32 salt:12    the answer
 *
 * Both are of one shape. `lowest` and `highest` are the versions of the protocol that the caller speaks, `version` is the one
 * chosen. `salt` is drawn anew for each stream (peer-seal.ts). Pure.
 */
import { ByteReader } from "../base/byte-reader.js";
import { ByteWriter } from "../base/byte-writer.js";
import { rangeOf } from "../base/bytes.js";

/** "TKVP" as a little-endian word. */
export const PEER_MAGIC = 0x50564b54;
/** Version of the frames (peer-frames.ts) that this release speaks. */
export const PEER_VERSION = 1;
export const SALT_BYTES = 12;
export const HELLO_BYTES = 4 + 3 + 16 + 16 + 4 + SALT_BYTES;

const ID_BYTES = 16;

/** What becomes of a caller. As bytes: a verdict's number is its place here, so new ones go to the end. */
export const verdicts = ["welcome", "other-cluster", "no-common-version", "secret", "self"] as const;
export type Verdict = (typeof verdicts)[number];

/** Who a node says that it is. */
export interface PeerIdentity {
  /** 32 hexadecimal digits each. */
  readonly cluster: string;
  readonly nodeId: string;
  /** How often it has started. */
  readonly boot: number;
}

export interface Hello extends PeerIdentity {
  readonly lowest: number;
  readonly highest: number;
  /** Whether its frames are sealed with the cluster's secret. */
  readonly isSealed: boolean;
  readonly salt: Uint8Array;
}

export interface Welcome extends PeerIdentity {
  readonly verdict: Verdict;
  readonly version: number;
  readonly isSealed: boolean;
  readonly salt: Uint8Array;
}

export function writeHello(hello: Hello): Buffer {
  return write(hello, hello.lowest, hello.highest);
}

export function writeWelcome(welcome: Welcome): Buffer {
  return write(welcome, verdicts.indexOf(welcome.verdict), welcome.version);
}

/** Undefined if the bytes are none. */
export function readHello(bytes: Uint8Array): Hello | undefined {
  const [hello, lowest, highest] = read(bytes) ?? [];
  if (hello === undefined || lowest === undefined || highest === undefined || lowest > highest)
    return undefined;
  return { ...hello, lowest, highest };
}

export function readWelcome(bytes: Uint8Array): Welcome | undefined {
  const [welcome, place, version] = read(bytes) ?? [];
  const verdict = verdicts[place ?? verdicts.length];
  if (welcome === undefined || verdict === undefined || version === undefined) return undefined;
  return { ...welcome, verdict, version };
}

/** What to answer a caller. */
export function judge(hello: Hello, self: PeerIdentity & { readonly isSealed: boolean }): Verdict {
  if (hello.cluster !== self.cluster) return "other-cluster";
  if (hello.nodeId === self.nodeId) return "self";
  if (hello.lowest > PEER_VERSION || hello.highest < PEER_VERSION) return "no-common-version";
  return hello.isSealed === self.isSealed ? "welcome" : "secret";
}

type Shared = PeerIdentity & { readonly isSealed: boolean; readonly salt: Uint8Array };

function write({ isSealed, cluster, nodeId, boot, salt }: Shared, first: number, second: number): Buffer {
  const writer = new ByteWriter({ capacityBytes: HELLO_BYTES, bytesMax: HELLO_BYTES });
  writer.u32(PEER_MAGIC);
  writer.u8(first);
  writer.u8(second);
  writer.u8(isSealed ? 1 : 0);
  writer.range(rangeOf(Buffer.from(cluster, "hex")));
  writer.range(rangeOf(Buffer.from(nodeId, "hex")));
  writer.u32(boot);
  writer.range(rangeOf(salt));
  return writer.written();
}

function read(bytes: Uint8Array): [Shared, number, number] | undefined {
  const reader = new ByteReader(rangeOf(bytes));
  if (reader.u32() !== PEER_MAGIC) return undefined;
  const first = reader.u8();
  const second = reader.u8();
  const sealed = reader.u8();
  const cluster = hexOf(reader.view(ID_BYTES));
  const nodeId = hexOf(reader.view(ID_BYTES));
  const boot = reader.u32();
  const salt = Uint8Array.from(reader.view(SALT_BYTES));
  if (reader.failed || reader.remaining > 0 || sealed > 1) return undefined;
  return [{ isSealed: sealed === 1, cluster, nodeId, boot, salt }, first, second];
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
