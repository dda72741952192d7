/**
 * Exchanges in their envelopes: who may take part in one, what becomes of those who may not, and how a node without a cluster comes
 * to one. What is exchanged is decided in state-exchange.ts.
 */
import type { Address } from "../host/datagrams.js";
import { addressName, type Complaints } from "./complaints.js";
import { type Envelope, NO_CLUSTER, type Opened } from "./envelope.js";
import {
  type ExchangeMessage,
  type RefusalReason,
  readExchange,
  refusalTexts,
  writeExchange,
} from "./exchange-message.js";
import type { ExchangeOutcome } from "./exchange-plan.js";
import type { GossipCounters } from "./gossip-counters.js";
import type { ClusterId } from "./member.js";
import { answerTo, type ExchangeChannel, type ExchangeSide, helloOf, takeTable } from "./state-exchange.js";

export interface ExchangesOptions {
  readonly envelope: Envelope;
  readonly hasSecret: boolean;
  readonly channel: ExchangeChannel;
  readonly side: ExchangeSide;
  readonly counters: GossipCounters;
  readonly complaints: Complaints;
  cluster(): ClusterId | undefined;
  /** This node belongs to that cluster from now on. */
  adopt(cluster: ClusterId): void;
  refused(by: Address, reason: RefusalReason): void;
}

export class Exchanges {
  constructor(private readonly options: ExchangesOptions) {}

  /** Compares tables with whoever is at the address. Never rejects: no answer is an outcome. */
  async begin(address: Address): Promise<ExchangeOutcome> {
    const { side } = this.options;
    const answer = await this.ask(address, helloOf(side));
    if (answer?.kind === "refused" && answer.reason === "self") return { kind: "self" };
    if (answer?.kind !== "table") return { kind: "failed" };
    const back = takeTable(answer, side);
    if (back !== undefined) await this.ask(address, back);
    return { kind: "met", id: answer.record.id };
  }

  /** The answer to a packet of an exchange that another node began; `from` says where it is, for people. */
  answer(packet: Uint8Array, from: string): Uint8Array {
    const { counters } = this.options;
    counters.exchangesAnswered++;
    const answer = this.answerOpened(this.options.envelope.open(packet), from);
    counters.exchangeBytesSent += answer.length;
    return answer;
  }

  /** Undefined if there is no answer, or none that may be heeded. */
  private async ask(address: Address, message: ExchangeMessage): Promise<ExchangeMessage | undefined> {
    const { channel, counters, envelope, hasSecret } = this.options;
    const packet = this.wrap(message);
    counters.exchangeBytesSent += packet.length;
    let answered: Uint8Array;
    try {
      answered = await channel.ask(address, packet);
    } catch (error) {
      // Nobody there, or too slow: tried again in any case, here or elsewhere.
      if (this.options.cluster() === undefined) {
        const values = { seed: addressName(address), error: String(error) };
        this.options.complaints.warn(
          "no answer",
          "a seed does not answer: it is asked until one does",
          values,
        );
      }
      return undefined;
    }
    const opened = envelope.open(answered, { takesClear: true });
    const answer = opened.kind === "opened" ? readExchange(opened.body) : undefined;
    if (answer?.kind === "refused") {
      this.wasRefused(address, answer.reason);
      return answer;
    }
    if (opened.kind !== "opened") counters.dropped[opened.kind]++;
    else if (answer === undefined) counters.dropped.damaged++;
    else if (opened.isClear && hasSecret) counters.dropped.unsealed++;
    else if (this.belongsTo(opened.cluster)) return answer;
    return undefined;
  }

  /** Whether it is our cluster's. A node that has none joins that of the first who answers. */
  private belongsTo(cluster: ClusterId): boolean {
    if (this.options.cluster() === undefined && cluster !== NO_CLUSTER) this.options.adopt(cluster);
    if (cluster === this.options.cluster()) return true;
    this.options.counters.dropped["other-cluster"]++;
    return false;
  }

  private wasRefused(by: Address, reason: RefusalReason): void {
    if (reason === "self" || reason === "no-cluster") return;
    const values = { by: addressName(by), reason: refusalTexts[reason] };
    this.options.complaints.warn(`refused: ${reason}`, "a node refused to exchange state with us", values);
    this.options.refused(by, reason);
  }

  private answerOpened(opened: Opened, from: string): Uint8Array {
    const { counters, complaints, side } = this.options;
    if (opened.kind !== "opened") {
      counters.dropped[opened.kind]++;
      if (opened.kind !== "unauthentic" && opened.kind !== "unsealed") return this.refuse("unreadable");
      complaints.warn("exchange", "refused a node that has another cluster-secret, or none", { from });
      return this.refuse("secret");
    }
    const cluster = this.options.cluster();
    const message = readExchange(opened.body);
    if (message === undefined) {
      counters.dropped.damaged++;
      return this.refuse("unreadable");
    }
    if (cluster === undefined) {
      const isOwn = message.kind === "hello" && message.record.id === side.self.id;
      return this.refuse(isOwn ? "self" : "no-cluster");
    }
    if (opened.cluster !== cluster && opened.cluster !== NO_CLUSTER) {
      counters.dropped["other-cluster"]++;
      return this.refuse("other-cluster");
    }
    return this.wrap(answerTo(message, side));
  }

  private wrap(message: ExchangeMessage): Uint8Array {
    return this.options.envelope.wrap(this.options.cluster(), (writer) => writeExchange(writer, message));
  }

  private refuse(reason: RefusalReason): Uint8Array {
    const { envelope } = this.options;
    return envelope.wrapClear(this.options.cluster(), (writer) => {
      writeExchange(writer, { kind: "refused", reason });
    });
  }
}
