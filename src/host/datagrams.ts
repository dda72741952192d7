/** Datagrams between processes: UDP in production, a seeded model of it in simulation. Each arrives once, never, or twice. */

/** An IP address (or, to send to, a name) and a port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `bytes` is valid during the call only. `from` is where it says it comes from: anyone can write anything there. */
export type DatagramReceived = (bytes: Uint8Array, from: Address) => void;

export interface DatagramSocket {
  /** The address in fact bound: with the real port where 0 was asked for. */
  readonly address: Address;
  /**
   * Sends without a promise: what cannot be sent is lost like what gets lost on the way. The array is not to be changed
   * after the call. After `close` it does nothing.
   */
  send(bytes: Uint8Array, to: Address): void;
  /** Resolves when the port is free again. Nothing is received from the call on. */
  close(): Promise<void>;
}

export interface Datagrams {
  /** Rejects with a `HostError` (EADDRINUSE, EACCES, EADDRNOTAVAIL) if the address cannot be bound. */
  bind(address: Address, received: DatagramReceived): Promise<DatagramSocket>;
}
