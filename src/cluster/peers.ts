/** The other nodes that this one may have to ask, each with its link, by the number that routes call it. */
import type { Log } from "../host/log.js";
import type { Secrecy } from "./peer-channel.js";
import type { DialerHost, PeerAddress, Trouble } from "./peer-dialer.js";
import type { PeerIdentity } from "./peer-hello.js";
import { PeerLink } from "./peer-link.js";

export interface PeersOptions {
  readonly host: DialerHost & { readonly log: Log };
  readonly self: PeerIdentity;
  readonly secrecy: Secrecy | null;
}

/** What the owner may want to hear of links. */
export interface PeersEvents {
  up(peer: PeerAddress): void;
  down(peer: PeerAddress): void;
  /** Nobody listens at its address. */
  unreachable(peer: PeerAddress): void;
  /** It is no longer to be linked with. */
  removed?(peer: PeerAddress): void;
}

export class Peers {
  readonly #options: PeersOptions;
  /** By number, with gaps. */
  readonly #links: (PeerLink | undefined)[] = [];
  readonly #numbers = new Map<string, number>();
  /** Node ids by number. */
  readonly #ids: string[] = [""];
  readonly #listeners = new Set<PeersEvents>();
  /** Of each peer the trouble that was last said in the log. */
  readonly #said = new Map<PeerLink, Trouble>();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  /** Hears of links until what is returned is called. */
  subscribe(listener: PeersEvents): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The number of a node: the same for it, and for no other, as long as this process runs. */
  numberOf(nodeId: string): number {
    let number = this.#numbers.get(nodeId);
    if (number === undefined) {
      this.#numbers.set(nodeId, (number = this.#ids.length));
      this.#ids.push(nodeId);
    }
    return number;
  }

  /** The node of a number that `numberOf` gave. */
  idOf(number: number): string | undefined {
    return this.#ids[number];
  }

  /** The link to a node; undefined if none is kept. */
  linkTo(nodeId: string): PeerLink | undefined {
    const number = this.#numbers.get(nodeId);
    return number === undefined ? undefined : this.#links[number];
  }

  /** The link to a peer; undefined if there is none of that number. */
  link(number: number): PeerLink | undefined {
    return this.#links[number];
  }

  get links(): readonly PeerLink[] {
    return this.#links.filter((link) => link !== undefined);
  }

  /** Begins to link with a node. One known by that number with another address, or another id, is given up. */
  add(peer: PeerAddress): void {
    const known = this.#links[peer.number]?.peer;
    const isKnown =
      known?.nodeId === peer.nodeId &&
      known.host === peer.host &&
      known.port === peer.port &&
      known.path === peer.path;
    if (isKnown) return;
    this.#unlink(peer.number);
    const { host, self, secrecy } = this.#options;
    const { log } = host;
    this.#links[peer.number] = new PeerLink({
      host,
      self,
      secrecy,
      peer,
      events: {
        up: (link) => {
          this.#said.delete(link);
          log.info("linked with a node", { node: peer.nodeId, host: peer.host, port: peer.port });
          for (const listener of this.#listeners) listener.up(peer);
        },
        down: () => {
          log.warn("lost the link with a node", { node: peer.nodeId, host: peer.host, port: peer.port });
          for (const listener of this.#listeners) listener.down(peer);
        },
        unreachable: () => {
          for (const listener of this.#listeners) listener.unreachable(peer);
        },
        refused: (link, trouble) => {
          if (this.#said.get(link) === trouble) return;
          this.#said.set(link, trouble);
          log.warn("cannot link with a node", {
            node: peer.nodeId,
            host: peer.host,
            port: peer.port,
            trouble,
          });
        },
      },
    });
  }

  remove(number: number): void {
    const link = this.#unlink(number);
    if (link === undefined) return;
    for (const listener of this.#listeners) listener.removed?.(link.peer);
  }

  #unlink(number: number): PeerLink | undefined {
    const link = this.#links[number];
    if (link === undefined) return undefined;
    this.#links[number] = undefined;
    this.#said.delete(link);
    link.close();
    return link;
  }

  close(): void {
    for (const number of this.#links.keys()) this.remove(number);
  }
}
