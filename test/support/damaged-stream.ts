import type { Connection, ConnectionEvents } from "#torus/host/network.js";
import type { Interpose } from "./sim-peers.js";

/** Which byte of a stream is changed on its way, and how; or from where on nothing passes any more. */
export interface Damage {
  /** `in`: towards the node that was called; `out`: from it. */
  readonly way: "in" | "out";
  readonly at: number;
  /** What the byte is combined with; 0 cuts the stream there. */
  readonly bits: number;
}

/** Stands between a port and the wire, and damages the next stream that comes, once. */
export class Damager {
  /** Bytes that passed each way on the last stream that was damaged, or was to be. */
  passed = { in: 0, out: 0 };
  #next: Damage | undefined;

  damageNext(damage: Damage): void {
    this.#next = damage;
    this.passed = { in: 0, out: 0 };
  }

  readonly interpose: Interpose = (connection, accept) => {
    const damage = this.#next;
    this.#next = undefined;
    if (damage === undefined) return accept(connection);
    const { passed } = this;
    const pass = (way: "in" | "out", bytes: Uint8Array): Uint8Array => {
      const at = damage.way === way ? damage.at - passed[way] : -1;
      passed[way] += bytes.length;
      if (at < 0 || at >= bytes.length) return bytes;
      if (damage.bits === 0) {
        connection.destroy();
        return bytes.subarray(0, at);
      }
      const copy = Buffer.from(bytes);
      copy[at]! ^= damage.bits;
      return copy;
    };
    const through: Connection = Object.create(connection, {
      write: { value: (bytes: Uint8Array) => connection.write(pass("out", bytes)) },
      pendingBytes: { get: () => connection.pendingBytes },
    });
    const events: ConnectionEvents = accept(through);
    return {
      received(bytes, length) {
        const passing = Buffer.from(pass("in", bytes.subarray(0, length)));
        events.received(passing, passing.length);
      },
      drained: () => events.drained(),
      closed: (error) => events.closed(error),
    };
  };
}
