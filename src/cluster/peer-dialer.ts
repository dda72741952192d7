/**
 * Keeps a stream to another node's cluster port: connects, greets, and begins again when it breaks, at first at once and then
 * less and less often, at random times so that nodes that lost each other do not all come back together.
 */
import type { Clock } from "../host/clock.js";
import type { Connection, ConnectionEvents, Network } from "../host/network.js";
import type { Random } from "../host/random.js";
import type { Cancel, Timers } from "../host/timers.js";
import { PeerChannel, type Secrecy } from "./peer-channel.js";
import {
  HELLO_BYTES,
  type Hello,
  PEER_VERSION,
  type PeerIdentity,
  readWelcome,
  SALT_BYTES,
  type Verdict,
  writeHello,
} from "./peer-hello.js";

const RETRY_MS_MIN = 20;
const RETRY_MS_MAX = 1000;
/** From connect to welcome. */
const GREETING_MS_MAX = 3000;

/** Where another node is, and who. */
export interface PeerAddress {
  /** 1 to 65534: what routes call it (slot-routes.ts). */
  readonly number: number;
  /** 32 hexadecimal digits. */
  readonly nodeId: string;
  readonly host: string;
  /** Its cluster port. */
  readonly port: number;
  /** Its Unix socket, if it is on this host. */
  readonly path?: string | undefined;
}

/** Why somebody who is there is not to be linked with. `damaged`: it does not speak as we do. */
export type Trouble = Exclude<Verdict, "welcome"> | "another-node" | "damaged";

export interface DialerHost {
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

export interface DialerEvents {
  up(): void;
  /** What was sent may or may not have arrived. */
  down(): void;
  frame(kind: number, id: number, bytes: Buffer, start: number, end: number): void;
  /** Nobody listens there. */
  unreachable(): void;
  /** It is tried again all the same. */
  refused(trouble: Trouble): void;
}

export interface DialerOptions {
  readonly host: DialerHost;
  readonly peer: PeerAddress;
  readonly self: PeerIdentity;
  readonly secrecy: Secrecy | null;
  readonly events: DialerEvents;
}

export class PeerDialer {
  /** Whether something can be sent now. */
  isUp = false;
  readonly #options: DialerOptions;
  #attempt: Attempt | undefined;
  #failures = 0;
  /** Nobody was at the peer's Unix socket when it was tried last. */
  #isPathVain = false;
  #isClosed = false;
  #cancelTimer: Cancel = () => {};

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /** Begins; called once. */
  start(): void {
    this.#connect();
  }

  /** Sends frames. True if the memory may be used again at once. Only while it is up. */
  send(frames: Buffer): boolean {
    return this.#attempt?.send(frames) ?? true;
  }

  get pendingBytes(): number {
    return this.#attempt?.pendingBytes ?? 0;
  }

  /** Breaks the stream and begins again, not at once: whoever answers nonsense may do so again. */
  reset(): void {
    this.#attempt?.abandon();
    this.#broken({ isReset: true });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#attempt?.abandon();
    this.#broken();
  }

  #connect(): void {
    const { host, peer, events } = this.#options;
    const attempt = new Attempt(this.#options, {
      frame: (...frame) => events.frame(...frame),
      greeted: () => {
        this.#cancelTimer();
        this.#failures = 0;
        this.isUp = true;
        events.up();
      },
      refused: (trouble) => events.refused(trouble),
      closed: () => {
        if (this.#attempt === attempt) this.#broken();
      },
    });
    this.#attempt = attempt;
    this.#cancelTimer = host.timers.after(GREETING_MS_MAX, () => this.reset());
    const { path } = peer;
    const isByPath = path !== undefined && !this.#isPathVain;
    const endpoint = isByPath ? { path } : { host: peer.host, port: peer.port };
    host.network
      .connect(endpoint, (connection) => attempt.opened(connection))
      .catch(() => {
        if (this.#attempt !== attempt) return;
        // That nobody is there says nothing of the node. The port is tried at once, and the socket again when that link is gone.
        this.#isPathVain = isByPath;
        if (!isByPath) events.unreachable();
        this.#broken({ isVain: isByPath });
      });
  }

  /** The attempt is over, by whatever cause. */
  #broken({ isReset = false, isVain = false } = {}): void {
    if (this.#attempt === undefined) return;
    this.#attempt = undefined;
    this.#cancelTimer();
    const wasUp = this.isUp;
    this.isUp = false;
    if (!this.#isClosed) {
      const { random, timers } = this.#options.host;
      const mostMs = Math.min(RETRY_MS_MIN * 2 ** this.#failures, RETRY_MS_MAX);
      if (!isVain) this.#failures++;
      const delayMs = isVain || (wasUp && !isReset) ? 0 : mostMs * (0.5 + random.uint32() / 2 ** 33);
      this.#cancelTimer = timers.after(delayMs, () => this.#connect());
    }
    if (wasUp) this.#options.events.down();
  }
}

interface AttemptEvents {
  frame(kind: number, id: number, bytes: Buffer, start: number, end: number): void;
  greeted(): void;
  refused(trouble: Trouble): void;
  closed(): void;
}

/** One stream, from connect to its end. */
class Attempt implements ConnectionEvents {
  readonly #options: DialerOptions;
  readonly #events: AttemptEvents;
  readonly #hello: Buffer;
  #connection: Connection | undefined;
  #welcome = Buffer.alloc(0);
  #channel: PeerChannel | undefined;
  #isOver = false;

  constructor(options: DialerOptions, events: AttemptEvents) {
    const { self, secrecy, host } = options;
    this.#options = options;
    this.#events = events;
    const hello: Hello = {
      ...self,
      lowest: PEER_VERSION,
      highest: PEER_VERSION,
      isSealed: secrecy !== null,
      salt: Uint8Array.from(host.random.bytes(SALT_BYTES)),
    };
    this.#hello = writeHello(hello);
  }

  opened(connection: Connection): this {
    this.#connection = connection;
    if (this.#isOver) connection.destroy();
    else connection.write(this.#hello);
    return this;
  }

  send(frames: Buffer): boolean {
    return this.#channel?.send(frames) ?? true;
  }

  get pendingBytes(): number {
    return this.#channel?.pendingBytes ?? 0;
  }

  /** Hears nothing any more. */
  abandon(): void {
    this.#isOver = true;
    this.#channel?.stop();
    this.#connection?.destroy();
  }

  received(bytes: Buffer, length: number): void {
    if (this.#isOver) return;
    if (this.#channel !== undefined) {
      this.#channel.received(bytes, 0, length);
      return;
    }
    const taken = Math.min(length, HELLO_BYTES - this.#welcome.length);
    this.#welcome = Buffer.concat([this.#welcome, bytes.subarray(0, taken)]);
    if (this.#welcome.length < HELLO_BYTES) return;
    const trouble = this.#judge();
    if (trouble !== undefined) {
      this.#refuse(trouble);
      return;
    }
    this.#open();
    if (taken < length) this.#channel!.received(bytes, taken, length);
  }

  drained(): void {}

  closed(): void {
    this.#isOver = true;
    this.#events.closed();
  }

  #judge(): Trouble | undefined {
    const { peer, self, secrecy } = this.#options;
    const welcome = readWelcome(this.#welcome);
    if (welcome === undefined) return "damaged";
    if (welcome.verdict !== "welcome") return welcome.verdict;
    if (welcome.cluster !== self.cluster) return "other-cluster";
    if (welcome.nodeId !== peer.nodeId) return "another-node";
    if (welcome.version !== PEER_VERSION) return "no-common-version";
    return welcome.isSealed === (secrecy !== null) ? undefined : "secret";
  }

  #open(): void {
    const channel = new PeerChannel({
      connection: this.#connection!,
      secrecy: this.#options.secrecy,
      own: this.#hello,
      peers: this.#welcome,
      events: {
        proven: () => this.#events.greeted(),
        frame: (...frame) => {
          if (!this.#isOver) this.#events.frame(...frame);
        },
        damaged: (isUnproven) => this.#refuse(isUnproven ? "secret" : "damaged"),
      },
    });
    this.#channel = channel;
    if (!channel.proves) this.#events.greeted();
  }

  #refuse(trouble: Trouble): void {
    this.abandon();
    this.#events.refused(trouble);
    this.#events.closed();
  }
}
