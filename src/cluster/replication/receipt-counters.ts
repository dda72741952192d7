/** What came of streams of other nodes, since this one started. */
export interface ReceiverCounters {
  /** That other nodes opened to ship. */
  sessions: number;
  messages: number;
  /** In them; and bytes of these. */
  batches: number;
  bytes: number;
  /** Messages that were damaged on their way, and such as made no sense. */
  damaged: number;
  refused: number;
  /** Batches of dead nodes that owners which are left told. */
  pulledBatches: number;
  /** Records that batches built on and that were not here, and were fetched one by one. */
  fetchedRecords: number;
}

export function noReceipts(): ReceiverCounters {
  return {
    sessions: 0,
    messages: 0,
    batches: 0,
    bytes: 0,
    damaged: 0,
    refused: 0,
    pulledBatches: 0,
    fetchedRecords: 0,
  };
}
