/** What was shipped, for metrics and for whoever asks why an owner lags behind. */

export interface ShipperCounters {
  messages: number;
  /** Of batches. */
  bytes: number;
  sessions: number;
  /** Of these, such as went on where the other node was. */
  resumptions: number;
  /** Sessions that ended though the link was up. */
  faults: number;
}

/** Of all owners together, former ones included. */
export interface ShippingCounters extends ShipperCounters {
  /** Times that one lacked what it would not be shipped. */
  gaps: number;
}

/** Somebody is shipped to. */
export interface Shipped {
  readonly counters: Readonly<ShipperCounters>;
  readonly reach: { readonly gaps: number };
}

export function noShipments(): ShipperCounters {
  return { messages: 0, bytes: 0, sessions: 0, resumptions: 0, faults: 0 };
}

export function addShipments({ counters, reach }: Shipped, to: ShippingCounters): void {
  to.messages += counters.messages;
  to.bytes += counters.bytes;
  to.sessions += counters.sessions;
  to.resumptions += counters.resumptions;
  to.faults += counters.faults;
  to.gaps += reach.gaps;
}
