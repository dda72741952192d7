import type { Socket } from "node:net";
import { HostError } from "../host-error.js";
import { type Connection, type ConnectionEvents, FLUSH_STALL_MS, LINGER_MS } from "../network.js";
import { toHostError } from "./os-error.js";

const MILLIS_PER_SECOND = 1000;

/** The encoding of bytes, which the published types leave out. */
const BYTES = "buffer" as BufferEncoding;

/** What a connection is called before its owner is known, and after it closed: nobody listens. */
const NOBODY: ConnectionEvents = { received() {}, drained() {}, closed() {} };

/** One TCP or Unix stream over a `net.Socket` that was made with `onread`. */
export class NodeConnection implements Connection {
  readonly remote: string;
  readonly local: string;
  readonly isLoopback: boolean;
  readonly isUnix: boolean;

  private events = NOBODY;
  /** Bytes of the writes that the socket has not taken yet, each by each; none in the common case. */
  private readonly pendingWrites: number[] = [];
  private pending = 0;
  /** The write under way was taken before it returned. */
  private isTaken = false;
  private isWriting = false;
  private closing = false;
  private failure: Error | undefined;
  private linger: NodeJS.Timeout | undefined;

  /** `unixPath` names the socket file where there is one: sockets do not know it themselves. */
  constructor(
    private readonly socket: Socket,
    unixPath: string | undefined,
  ) {
    this.isUnix = unixPath !== undefined;
    if (unixPath !== undefined) {
      this.remote = this.local = `${unixPath}:0`;
      this.isLoopback = true;
    } else {
      this.remote = nameOf(socket.remoteAddress, socket.remotePort);
      this.local = nameOf(socket.localAddress, socket.localPort);
      this.isLoopback = isLoopbackAddress(socket.remoteAddress);
    }
    socket.on("error", (error) => this.failed(error));
    socket.on("end", () => this.close());
    socket.on("close", () => this.closed());
    socket.resume();
  }

  /** From here on `events` hears what happens. Bytes arrive in later turns of the loop only. */
  attach(events: ConnectionEvents): void {
    this.events = events;
  }

  /** The socket read `length` bytes into `buffer`. */
  received(buffer: Buffer, length: number): void {
    if (!this.closing) this.events.received(buffer, length);
  }

  get pendingBytes(): number {
    return this.pending;
  }

  /**
   * Past the queue of the stream, straight into what implements its writing: the queue would make a callback of its own
   * in a later tick for each write, which costs a tenth of a short command. What the system does not take at once, the
   * socket keeps in order all the same.
   */
  write(bytes: Uint8Array): boolean {
    const { socket } = this;
    if (this.closing || socket.destroyed) return true;
    this.isTaken = false;
    this.isWriting = true;
    socket._write(bytes, BYTES, this.onTaken);
    this.isWriting = false;
    if (this.isTaken) return true;
    this.pendingWrites.push(bytes.length);
    this.pending += bytes.length;
    return false;
  }

  /** Called for each write, in their order. */
  private readonly onTaken = (error?: Error | null): void => {
    if (this.isWriting) this.isTaken = true;
    else this.pending -= this.pendingWrites.shift() ?? 0;
    const { socket } = this;
    if (error) socket.destroy(error);
    else if (!this.isWriting && this.pending === 0 && !this.closing && !socket.destroyed)
      this.events.drained();
  };

  pauseReading(): void {
    if (!this.closing) this.socket.pause();
  }

  resumeReading(): void {
    if (!this.closing) this.socket.resume();
  }

  setKeepAlive(seconds: number): void {
    this.socket.setKeepAlive(seconds > 0, seconds * MILLIS_PER_SECOND);
  }

  close(): void {
    const { socket } = this;
    if (this.closing || socket.destroyed) return;
    this.closing = true;
    // Not reading while flushing, so that only progress of the peer's own reading counts as activity.
    socket.pause();
    socket.setTimeout(FLUSH_STALL_MS, () =>
      socket.destroy(new HostError("ETIMEDOUT", "the peer took none of the last bytes")),
    );
    socket.end(() => {
      if (socket.destroyed) return;
      socket.resume();
      this.linger = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    });
  }

  destroy(): void {
    this.closing = true;
    this.socket.destroy();
  }

  private failed(error: Error): void {
    // Once all is sent, how the peer ends the stream is its own affair.
    if (!this.socket.writableFinished) this.failure = toHostError(error);
  }

  private closed(): void {
    clearTimeout(this.linger);
    const { events } = this;
    this.events = NOBODY;
    events.closed(this.failure);
  }
}

/** As Redis prints a peer; `?:0` if it was gone before anyone could ask. */
function nameOf(address: string | undefined, port: number | undefined): string {
  if (address === undefined) return "?:0";
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && (address === "::1" || address.startsWith("127."));
}
