import type { Flaw } from "./envelope.js";

/** What the driver counts since the start: for metrics, and for whoever asks why two nodes do not see each other. */
export interface GossipCounters {
  datagramsReceived: number;
  datagramsSent: number;
  bytesReceived: number;
  bytesSent: number;
  /** Not sent: too many in too short a time. */
  datagramsSuppressed: number;
  exchanges: number;
  exchangesFailed: number;
  /** Packets of exchanges that others began. */
  exchangesAnswered: number;
  exchangeBytesSent: number;
  /** Packets dropped, by reason. */
  readonly dropped: Record<Flaw, number>;
}

export function noGossipCounts(): GossipCounters {
  return {
    datagramsReceived: 0,
    datagramsSent: 0,
    bytesReceived: 0,
    bytesSent: 0,
    datagramsSuppressed: 0,
    exchanges: 0,
    exchangesFailed: 0,
    exchangesAnswered: 0,
    exchangeBytesSent: 0,
    dropped: {
      damaged: 0,
      oversized: 0,
      "unknown-format": 0,
      "other-cluster": 0,
      unsealed: 0,
      unauthentic: 0,
    },
  };
}
