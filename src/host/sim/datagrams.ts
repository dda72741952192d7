/**
 * Simulated UDP between the hosts of a world: a datagram may be lost, come twice, or come late, so that others overtake it; one on a
 * cut way is lost. Unkind on purpose: what was received is overwritten after the call, so that who keeps it finds out.
 */
import type { Prng } from "../../base/prng.js";
import type { Address, DatagramReceived, DatagramSocket, Datagrams } from "../datagrams.js";
import { HostError } from "../host-error.js";
import { type Life, noAnswer } from "./life.js";
import type { Links } from "./links.js";
import { Site } from "./site.js";
import type { Timeline } from "./timeline.js";
import type { Trace } from "./trace.js";

/** Probabilities from 0 to 1. */
export interface DatagramFaults {
  readonly loss: number;
  readonly duplication: number;
  /** How many are held up on the way, by up to `straggleMs`. */
  readonly straggling: number;
  readonly straggleMs: number;
}

const NO_FAULTS: DatagramFaults = { loss: 0, duplication: 0, straggling: 0, straggleMs: 0 };

/** What is left in memory that was received, after the call. */
const STALE_BYTE = 0xa5;
const DATAGRAM_BYTES_MAX = 65_507;

/** A machine and what its process has bound. */
interface Station {
  readonly site: Site;
  readonly receiverByPort: Map<number, DatagramReceived>;
}

export class SimDatagramNetwork {
  faults = NO_FAULTS;
  /** Datagrams and bytes that were sent, lost ones too. */
  readonly traffic = { datagrams: 0, bytes: 0 };

  private readonly stations = new Map<string, Station>();

  constructor(
    private readonly wires: { readonly timeline: Timeline; readonly trace: Trace; readonly prng: Prng },
    private readonly links: Links,
  ) {}

  /** Datagrams as a process on a machine sees them. */
  datagramsOf({ name, address, life }: { name: string; address: string; life: Life }): Datagrams {
    const station = this.stations.get(name) ?? { site: new Site(name, address), receiverByPort: new Map() };
    this.stations.set(name, station).set(address, station);
    return {
      bind: async (wanted, received) => {
        if (life.isOver) return noAnswer();
        const socket = this.bind(station, wanted, received);
        return { ...socket, close: () => life.ask(socket.close) };
      },
    };
  }

  /** The process on a machine is no more, nor are its sockets. */
  crash(name: string): void {
    this.stations.get(name)?.receiverByPort.clear();
  }

  private bind(station: Station, { host, port }: Address, received: DatagramReceived): DatagramSocket {
    const { site, receiverByPort } = station;
    if (!isWildcard(host) && site.ownAddress(host) === undefined) {
      throw new HostError("EADDRNOTAVAIL", `${host} is no address of ${site.name}`);
    }
    const bound = port === 0 ? this.freePort(station) : port;
    if (receiverByPort.has(bound)) throw new HostError("EADDRINUSE", `port ${bound} is in use`);
    receiverByPort.set(bound, received);
    return {
      address: { host, port: bound },
      send: (bytes, to) => {
        if (receiverByPort.get(bound) === received) this.send(bytes, { station, port: bound, to });
      },
      close: async () => {
        if (receiverByPort.get(bound) === received) receiverByPort.delete(bound);
      },
    };
  }

  private send(
    bytes: Uint8Array,
    { station, port, to }: { station: Station; port: number; to: Address },
  ): void {
    const { prng } = this.wires;
    this.traffic.datagrams++;
    this.traffic.bytes += bytes.length;
    const isOwn = station.site.ownAddress(to.host) !== undefined;
    const target = isOwn ? station : this.stations.get(to.host);
    if (target === undefined || bytes.length > DATAGRAM_BYTES_MAX) return;
    const from = { host: isOwn ? to.host : station.site.address, port };
    const copies = prng.chance(this.faults.loss) ? 0 : prng.chance(this.faults.duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) this.carry(bytes, { from, station, target, port: to.port });
  }

  private carry(
    bytes: Uint8Array,
    { from, station, target, port }: { from: Address; station: Station; target: Station; port: number },
  ): void {
    const { timeline, trace, prng } = this.wires;
    const ends = { from: station.site.name, to: target.site.name };
    const lateMs = prng.chance(this.faults.straggling) ? prng.float() * this.faults.straggleMs : 0;
    const atMs = timeline.nowMs + this.links.travelMs(ends) + lateMs;
    timeline.plan({ atMs, kind: "datagram", place: ends.to }, () => {
      const received = target.receiverByPort.get(port);
      if (received === undefined || this.links.isCutBetween(ends)) return;
      const arrived = new Uint8Array(bytes);
      trace.bytes(arrived, arrived.length);
      received(arrived, from);
      arrived.fill(STALE_BYTE);
    });
  }

  private freePort({ site, receiverByPort }: Station): number {
    let port = site.freePort();
    while (receiverByPort.has(port)) port = site.freePort();
    return port;
  }
}

function isWildcard(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}
