/**
 * Streams of bytes between processes, as the server sees them: TCP and Unix sockets in production, a
 * seeded model of them in simulation. Callback style on purpose: the read path must not allocate.
 */

/** A closing connection whose peer takes none of the pending bytes for so long, or at most twice that, is cut off. */
export const FLUSH_STALL_MS = 10_000;
/**
 * After the last byte and our FIN we wait for the peer's FIN, discarding what still comes: closing a socket with unread
 * input resets it, and a reset can overtake the last reply (RFC 1122, section 4.2.2.13).
 */
export const LINGER_MS = 1_000;

/** Where to listen or to connect: `{ host, port }` for TCP (port 0 lets the system choose), or `{ path }` for a Unix socket. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

export interface ListenOptions {
  readonly endpoint: Endpoint;
  /** Length of the queue of connections not yet accepted (`tcp-backlog`). */
  readonly backlog: number;
  /** Seconds between TCP keep-alive probes of accepted connections; 0 for none. */
  readonly keepAliveSeconds: number;
  /** Permission bits of a Unix socket's file, such as 0o700. */
  readonly unixMode?: number;
}

export interface Listener {
  /** The endpoint in fact bound: with the real port where 0 was asked for. */
  readonly endpoint: Endpoint;
  /** Stops accepting. Connections already accepted live on. Resolves when the endpoint is free again. */
  close(): Promise<void>;
}

/** One end of an open stream. All methods are harmless after it closed. */
export interface Connection {
  /** `address:port` of the peer as Redis prints it, `[v6]:port`, or the path with `:0` for a Unix socket. */
  readonly remote: string;
  /** The same for our own end. */
  readonly local: string;
  /** True for Unix sockets and for peers on the loopback interface (protected mode asks). */
  readonly isLoopback: boolean;
  /** True for a Unix socket. */
  readonly isUnix: boolean;
  /**
   * Sends bytes. Returns true if they are on their way and the memory may be used again at once;
   * false if the connection keeps the array (the caller must not touch it again) until it is drained.
   */
  write(bytes: Uint8Array): boolean;
  /** Bytes given to `write` and not yet taken by the operating system. */
  readonly pendingBytes: number;
  /** Stops the calls of `received` (bytes already read may still arrive once). */
  pauseReading(): void;
  resumeReading(): void;
  /** Changes the keep-alive interval; 0 turns probes off. */
  setKeepAlive(seconds: number): void;
  /**
   * Sends what is pending, then closes; nothing but `closed` is heard from here on. Neither a peer that takes none of
   * the pending bytes for `FLUSH_STALL_MS` nor one that keeps its end open for `LINGER_MS` can hold it up.
   */
  close(): void;
  /** Closes now; pending bytes are dropped. */
  destroy(): void;
}

/** What the owner of a connection wants to hear. Calls never come from within a method of `Connection`. */
export interface ConnectionEvents {
  /** `bytes[0, length)` arrived. The array is shared by all connections and valid only during the call. */
  received(bytes: Buffer, length: number): void;
  /** Everything given to `write` has been taken. Called once after one or more `write`s that returned false. */
  drained(): void;
  /** The peer closed, the stream failed (`error` says how), or `close`/`destroy` finished. Called exactly once. */
  closed(error?: Error): void;
}

export interface Network {
  /**
   * Binds an endpoint. `accept` is called for each connection and answers with its events.
   * Rejects with a `HostError` (`code` such as EADDRINUSE, EACCES, EADDRNOTAVAIL) if it cannot be bound.
   */
  listen(options: ListenOptions, accept: (connection: Connection) => ConnectionEvents): Promise<Listener>;
  /** Opens a stream. Rejects with a `HostError` (ECONNREFUSED, ...) if it cannot be opened. */
  connect(endpoint: Endpoint, events: (connection: Connection) => ConnectionEvents): Promise<Connection>;
}
