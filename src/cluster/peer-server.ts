/**
 * The other end of links (peer-link.ts): greets who calls on the cluster port, hands runs of commands to whoever executes them,
 * and answers requests to services. Of who is no node of this cluster it counts that he came, and closes.
 */
import type { Log } from "../host/log.js";
import type { Connection, ConnectionEvents } from "../host/network.js";
import type { Random } from "../host/random.js";
import type { Timers } from "../host/timers.js";
import type { Secrecy } from "./peer-channel.js";
import type { RunHead } from "./peer-frames.js";
import type { PeerIdentity, Verdict } from "./peer-hello.js";
import type { ParkedEnd } from "./run.js";
import { type PeerSession, ServedPeer } from "./served-peer.js";

/** Callers that have not proven who they are. A cluster has as many nodes; each calls at most once. */
const STRANGERS_MAX = 256;

/** Executes the runs of one link. */
export interface RunServer {
  /** Whether a run is still to be answered. */
  readonly isServing: boolean;
  /**
   * Executes a run: the requests are `bytes[start, end)`, valid during the call only. It is answered by `session.done`, in
   * this call or later. False, and nothing is executed, if this is no run.
   */
  run(id: number, head: RunHead, bytes: Buffer, start: number, end: number): boolean;
  /** The replies that were sent as parts are taken. */
  goOn(id: number): void;
  /** What waits for a key there is to wait no longer. The run may be over already. */
  unpark(id: number, end: ParkedEnd): void;
  /** The link has taken all answers. */
  drained(): void;
  /** The link is gone; nothing can be answered any more. */
  closed(): void;
}

/** Answers a request; what it throws, or rejects with, is answered as a failure. */
export type Service = (body: Buffer, from: PeerIdentity) => Uint8Array | Promise<Uint8Array>;

export interface PeerServerOptions {
  readonly host: { readonly timers: Timers; readonly random: Random; readonly log: Log };
  readonly self: PeerIdentity;
  readonly secrecy: Secrecy | null;
  /** What answers requests and hears what is told, by name. */
  readonly services: ReadonlyMap<string, Service>;
  readonly serve: (session: PeerSession) => RunServer;
}

export interface PeerServerCounters {
  accepted: number;
  /** By what was wrong with them. `stranger`: it did not greet as a node does, or not in time. */
  readonly refused: Record<Exclude<Verdict, "welcome"> | "stranger" | "damaged", number>;
}

export class PeerServer {
  readonly counters: PeerServerCounters = {
    accepted: 0,
    refused: { "other-cluster": 0, "no-common-version": 0, secret: 0, self: 0, stranger: 0, damaged: 0 },
  };
  readonly #options: PeerServerOptions;
  readonly #sessions = new Set<ServedPeer>();
  #strangers = 0;
  #isClosed = false;

  constructor(options: PeerServerOptions) {
    this.#options = options;
  }

  /** Takes a new connection on the cluster port. */
  accept(connection: Connection): ConnectionEvents {
    const session = new ServedPeer(connection, this.#options, {
      greeted: () => {
        this.#strangers--;
        this.counters.accepted++;
      },
      spoke: () => {
        // A node that asks anew has given up its link before: what still lies unread there must not be executed after what comes now.
        for (const other of this.#sessions) {
          if (other !== session && other.isGreeted && other.peer.nodeId === session.peer.nodeId)
            other.close();
        }
      },
      refused: (verdict) => {
        this.counters.refused[verdict]++;
        if (verdict === "secret") {
          this.#options.host.log.warn("refused a link: another cluster-secret, or none", {
            from: connection.remote,
          });
        }
      },
      closed: (wasGreeted) => {
        if (!wasGreeted) this.#strangers--;
        this.#sessions.delete(session);
      },
    });
    this.#sessions.add(session);
    if (++this.#strangers > STRANGERS_MAX || this.#isClosed) session.refuse("stranger");
    return session;
  }

  /** Whether any node waits for the answer to a run. */
  get isServing(): boolean {
    return Array.from(this.#sessions).some((session) => session.isServing);
  }

  close(): void {
    this.#isClosed = true;
    for (const session of this.#sessions) session.close();
  }
}
