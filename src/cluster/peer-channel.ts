/** A stream between two nodes that have greeted each other: frames out, frames in, sealed if the cluster has a secret. */
import type { Cipher } from "../host/cipher.js";
import type { Connection } from "../host/network.js";
import { FRAME_BYTES_MAX, FRAME_REST_BYTES } from "./peer-frames.js";
import { PeerSeal } from "./peer-seal.js";
import { PieceReader } from "./piece-reader.js";

export interface ChannelEvents {
  /** The other side is who it says: frames may be sent. */
  proven(): void;
  /** A frame came; the payload is `bytes[start, end)`, valid during the call only. */
  frame(kind: number, id: number, bytes: Buffer, start: number, end: number): void;
  /** What came is no frame, or sealed by another secret (`isUnproven`). The owner is to close; nothing more is heard. */
  damaged(isUnproven: boolean): void;
}

export interface ChannelOptions {
  readonly connection: Connection;
  readonly events: ChannelEvents;
  /** If the cluster has a secret. */
  readonly secrecy: Secrecy | null;
  /** The greetings as bytes. */
  readonly own: Uint8Array;
  readonly peers: Uint8Array;
}

export interface Secrecy {
  readonly cipher: Cipher;
  readonly key: Uint8Array;
}

export class PeerChannel {
  readonly #connection: Connection;
  readonly #frames: PieceReader;
  readonly #seal: PeerSeal | null = null;
  #isProven = false;

  constructor({ connection, events, secrecy, own, peers }: ChannelOptions) {
    this.#connection = connection;
    this.#frames = new PieceReader(
      { bytesMin: FRAME_REST_BYTES, bytesMax: FRAME_BYTES_MAX },
      {
        piece: (bytes, start, end) =>
          events.frame(bytes[start]!, bytes.readUInt32LE(start + 1), bytes, start + FRAME_REST_BYTES, end),
        damaged: () => events.damaged(false),
      },
    );
    if (secrecy === null) return;
    this.#seal = new PeerSeal({
      ...secrecy,
      own,
      peers,
      opened: (bytes) => {
        if (!this.#isProven) {
          this.#isProven = true;
          events.proven();
        }
        this.#frames.received(bytes, 0, bytes.length);
      },
      damaged: () => events.damaged(!this.#isProven),
    });
    for (const record of this.#seal.seal(NOTHING)) connection.write(record);
  }

  /** Whether what comes proves who sent it: then `proven` is called when it does. */
  get proves(): boolean {
    return this.#seal !== null;
  }

  get pendingBytes(): number {
    return this.#connection.pendingBytes;
  }

  /** Sends frames. True if the memory may be used again at once; false if it is kept. */
  send(frames: Buffer): boolean {
    if (this.#seal === null) return this.#connection.write(frames);
    for (const record of this.#seal.seal(frames)) this.#connection.write(record);
    return true;
  }

  received(bytes: Buffer, start: number, length: number): void {
    (this.#seal ?? this.#frames).received(bytes, start, length);
  }

  /** Nothing more is heard. */
  stop(): void {
    this.#seal?.stop();
    this.#frames.stop();
  }
}

const NOTHING = Buffer.alloc(0);
