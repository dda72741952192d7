/**
 * Exchanges over streams of their own, for nodes whose cluster port serves nothing else. On a stream each side sends frames,
 * `"TKVX" length:u32 packet`; every request gets one answer.
 */
import { assert } from "../base/assert.js";
import type { Address } from "../host/datagrams.js";
import { HostError } from "../host/host-error.js";
import type { Connection, ConnectionEvents, Network } from "../host/network.js";
import type { Timers } from "../host/timers.js";
import { EXCHANGE_BYTES_MAX } from "./exchange-message.js";
import type { ExchangeChannel } from "./state-exchange.js";

/** "TKVX" as a little-endian word. */
export const EXCHANGE_MAGIC = 0x58564b54;
const HEAD_BYTES = 8;
/** A packet is a little more than what it holds. */
const PACKET_BYTES_MAX = EXCHANGE_BYTES_MAX + 1024;
/** Others that may ask at the same time: each may hold a packet's bytes. */
const STREAMS_MAX = 32;
/** A hello and a table, with an allowance for more kinds. */
const REQUESTS_PER_STREAM_MAX = 8;

export interface StreamsOptions {
  readonly network: Network;
  readonly timers: Timers;
  /** From connect to answer; and of who asks us, for all of its requests. */
  readonly timeoutMs: number;
}

export class ExchangeStreams implements ExchangeChannel {
  /** Streams broken off by us: too many, no frames, too slow. */
  refused = 0;
  private accepted = 0;

  constructor(private readonly options: StreamsOptions) {}

  ask({ host, port }: Address, packet: Uint8Array): Promise<Uint8Array> {
    const { network, timers, timeoutMs } = this.options;
    return new Promise((resolve, reject) => {
      let opened: Connection | undefined;
      let isOver = false;
      const end = (settle: () => void) => {
        if (isOver) return;
        isOver = true;
        cancel();
        opened?.destroy();
        settle();
      };
      const fail = (code: string, message: string) => end(() => reject(new HostError(code, message)));
      const cancel = timers.after(timeoutMs, () => fail("ETIMEDOUT", "no answer to an exchange"));
      const frames = new Frames({
        taken: (answer) => end(() => resolve(answer)),
        damaged: () => fail("EPROTO", "the answer to an exchange is none"),
      });
      const events = (connection: Connection): ConnectionEvents => {
        opened = connection;
        if (isOver) connection.destroy();
        else sendFrame(connection, packet);
        return {
          received: (bytes, length) => frames.received(bytes, length),
          drained() {},
          closed: () => fail("ECONNRESET", "the stream of an exchange was closed"),
        };
      };
      network.connect({ host, port }, events).catch((error: unknown) => {
        end(() => reject(error));
      });
    });
  }

  /** Serves a stream that another node opened: for the listener on the cluster port. */
  serve(connection: Connection, answer: (packet: Uint8Array, from: string) => Uint8Array): ConnectionEvents {
    const { timers, timeoutMs } = this.options;
    let requests = 0;
    const refuse = () => {
      this.refused++;
      connection.destroy();
    };
    const cancel = timers.after(timeoutMs, refuse);
    const frames = new Frames({
      taken: (packet) => {
        if (++requests > REQUESTS_PER_STREAM_MAX) refuse();
        else sendFrame(connection, answer(packet, connection.remote));
      },
      damaged: refuse,
    });
    if (++this.accepted > STREAMS_MAX) refuse();
    return {
      received: (bytes, length) => frames.received(bytes, length),
      drained() {},
      closed: () => {
        cancel();
        this.accepted--;
      },
    };
  }
}

/** Packets out of a stream of bytes. */
class Frames {
  private parts: Uint8Array[] = [];
  private bytesHeld = 0;
  private isDamaged = false;

  constructor(private readonly hearer: { taken(packet: Uint8Array): void; damaged(): void }) {}

  received(bytes: Buffer, length: number): void {
    if (this.isDamaged) return;
    this.parts.push(Uint8Array.from(bytes.subarray(0, length)));
    this.bytesHeld += length;
    while (this.bytesHeld >= HEAD_BYTES && !this.isDamaged) {
      // Joined only when a head is due, or all of a packet is there: not for each of its pieces.
      const head = this.joinedIf(this.parts[0]!.length < HEAD_BYTES);
      const size = head.readUInt32LE(4);
      if (head.readUInt32LE(0) !== EXCHANGE_MAGIC || size > PACKET_BYTES_MAX) {
        this.isDamaged = true;
        this.parts = [];
        this.hearer.damaged();
        return;
      }
      if (this.bytesHeld < HEAD_BYTES + size) return;
      const all = this.joinedIf(true);
      const rest = all.subarray(HEAD_BYTES + size);
      this.parts = rest.length > 0 ? [rest] : [];
      this.bytesHeld = rest.length;
      this.hearer.taken(all.subarray(HEAD_BYTES, HEAD_BYTES + size));
    }
  }

  private joinedIf(isDue: boolean): Buffer {
    if (isDue) this.parts = [Buffer.concat(this.parts)];
    const [first] = this.parts;
    assert(first !== undefined, "there are bytes");
    return Buffer.from(first.buffer, first.byteOffset, first.length);
  }
}

function sendFrame(connection: Connection, packet: Uint8Array): void {
  const frame = Buffer.allocUnsafe(HEAD_BYTES + packet.length);
  frame.writeUInt32LE(EXCHANGE_MAGIC, 0);
  frame.writeUInt32LE(packet.length, 4);
  frame.set(packet, HEAD_BYTES);
  connection.write(frame);
}
