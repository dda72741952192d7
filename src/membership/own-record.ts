/**
 * What this node says of itself, and its answers to what others say of it. Nobody else raises its incarnation, so a claim that
 * it is gone ends with a newer record (SWIM, section 4.2), and a record that it did not write means that somebody
 * else lives under its id.
 */
import { ByteWriter } from "../base/byte-writer.js";
import type { Claim } from "./claim.js";
import { versionOf } from "./claim.js";
import { recordBytes, writeRecord } from "./claim-codec.js";
import { compareVersions, type MemberRecord } from "./member.js";
import type { RecordChanges } from "./swim-events.js";

export type SelfVerdict =
  /** Nothing to do. */
  | "agreed"
  /** Old news: whoever tells it does not know what we said since. */
  | "outdated"
  /** It is wrong, and was refuted: there is a newer record. */
  | "refuted"
  /** Somebody else lives under our id, and later than we. */
  | "superseded";

export class OwnRecord {
  constructor(public record: MemberRecord) {}

  update(changes: RecordChanges): void {
    this.record = { ...this.record, ...changes, incarnation: this.record.incarnation + 1 };
  }

  judge(claim: Claim): SelfVerdict {
    const { record } = this;
    const version = versionOf(claim);
    if (version.boot > record.boot) return "superseded";
    const order = compareVersions(version, record);
    if (claim.kind === "alive") {
      if (order < 0) return "outdated";
      // Of two processes on copies of one data directory, one has to go, and both must agree on which.
      const isOther = order > 0 || compareRecords(claim.record, record) > 0;
      return isOther ? "superseded" : "agreed";
    }
    if (record.lifecycle === "left") return "agreed";
    if (order < 0) return "outdated";
    const isForgotten = claim.kind === "forgotten";
    // Who was forgotten owns nothing any more, and has to be let in again.
    const changes: RecordChanges = isForgotten ? { lifecycle: "joining" } : {};
    this.record = { ...record, ...changes, incarnation: version.incarnation + 1 };
    return "refuted";
  }
}

/** Any total order would do: that of their bytes. Zero if they say the same. */
function compareRecords(one: MemberRecord, other: MemberRecord): number {
  return Buffer.compare(bytesOf(one), bytesOf(other));
}

function bytesOf(record: MemberRecord): Buffer {
  const bytesMax = recordBytes(record);
  const writer = new ByteWriter({ capacityBytes: bytesMax, bytesMax });
  writeRecord(writer, record);
  return writer.written();
}
