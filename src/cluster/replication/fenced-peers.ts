/** The other nodes, but for those that nothing is to be asked of: to whoever has these peers their links seem to be down. */
import type { PeerLink } from "../peer-link.js";
import type { Peers, PeersEvents } from "../peers.js";

/** What shipping, claims and their like take of peers. */
export type ReplicationPeers = Pick<Peers, "numberOf" | "idOf" | "linkTo" | "link" | "subscribe">;

export class FencedPeers implements ReplicationPeers {
  readonly #peers: ReplicationPeers;
  readonly #isFenced: (nodeId: string) => boolean;

  constructor(peers: ReplicationPeers, isFenced: (nodeId: string) => boolean) {
    this.#peers = peers;
    this.#isFenced = isFenced;
  }

  numberOf(nodeId: string): number {
    return this.#peers.numberOf(nodeId);
  }

  idOf(number: number): string | undefined {
    return this.#peers.idOf(number);
  }

  linkTo(nodeId: string): PeerLink | undefined {
    return this.#isFenced(nodeId) ? undefined : this.#peers.linkTo(nodeId);
  }

  link(number: number): PeerLink | undefined {
    const nodeId = this.idOf(number);
    return nodeId === undefined ? undefined : this.linkTo(nodeId);
  }

  /** Links of nodes that are fenced come up too: who asks for them finds none. */
  subscribe(listener: PeersEvents): () => void {
    return this.#peers.subscribe(listener);
  }
}
