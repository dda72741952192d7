/** Which slots are whose: keeps the placement that members agree on, and sets the routes by it. */
import { SLOT_COUNT } from "../base/key-hash.js";
import type { Address } from "../host/datagrams.js";
import type { Host } from "../host/host.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { NodeId } from "../membership/member.js";
import type { SharedState } from "../membership/state-exchange.js";
import { Ring } from "../ring/ring.js";
import type { ChangeView } from "./cluster-view.js";
import type { Service } from "./peer-server.js";
import type { Peers } from "./peers.js";
import {
  comparePlacements,
  firstPlacement,
  formatPlacement,
  type PlacedMember,
  type Placement,
  parsePlacement,
} from "./placement.js";
import { HERE, type SlotRoutes } from "./slot-routes.js";

export interface OwnershipOptions {
  readonly host: Host;
  readonly keyspace: Keyspace;
  /** Undefined for a node that keeps nothing. */
  readonly directory: string | undefined;
  readonly self: PlacedMember;
  readonly peers: Peers;
  readonly routes: SlotRoutes;
  readonly isAlive: (id: NodeId) => boolean;
}

export class Ownership {
  readonly services: ReadonlyMap<string, Service> = new Map();
  readonly state: SharedState;
  change: ChangeView | undefined;
  #placement: Placement | undefined;
  readonly #options: OwnershipOptions;
  readonly #listeners = new Set<() => void>();

  constructor(options: OwnershipOptions) {
    this.#options = options;
    const placement = () => this.#placement;
    this.state = {
      get version() {
        return placement()?.epoch ?? 0;
      },
      bytes: () => Buffer.from(formatPlacement(this.#placement!)),
      offer: (_version, bytes) => {
        const offered = parsePlacement(Buffer.from(bytes).toString());
        if (offered !== undefined) this.#adopt(offered);
      },
    };
  }

  get placement(): Placement | undefined {
    return this.#placement;
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  async load(): Promise<void> {}

  start(): void {}

  /** This node is the first of its cluster. */
  found(): void {
    this.#adopt(firstPlacement(this.#options.self));
  }

  membersChanged(): void {}

  forgotten(): void {}

  async forget(_id: NodeId): Promise<string | undefined> {
    return "ERR not yet";
  }

  async leave(): Promise<string | undefined> {
    return "ERR not yet";
  }

  refusalToMeet(_address: Address): string | undefined {
    return "ERR not yet";
  }

  close(): void {
    this.#listeners.clear();
  }

  #adopt(placement: Placement): void {
    if (this.#placement !== undefined && comparePlacements(placement, this.#placement) <= 0) return;
    this.#placement = placement;
    const { routes, peers, self } = this.#options;
    const ring = Ring.of(placement.members, { copies: 1 });
    const numbers = ring.members.map(({ id }) => (id === self.id ? HERE : peers.numberOf(id)));
    const slots = new Map<number, number[]>();
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const route = numbers[ring.owners[slot]!]!;
      if (slots.has(route)) slots.get(route)!.push(slot);
      else slots.set(route, [slot]);
    }
    for (const [route, list] of slots) routes.setEach(list, route);
    for (const listener of this.#listeners) listener();
  }
}
