/**
 * With `appendfsync always` a reply leaves when the log lasts up to all that it tells of: what its command changed, and
 * what others had changed before in the slots that it looked at. So nobody is ever shown what a loss of power could take back.
 *
 * The gate notes for each command what its reply depends on, and knows which clients have replies that wait. While
 * replies do not wait for the log it does nothing.
 */
import type { PersistenceView } from "../durability/persistence-view.js";
import type { Keyspace } from "../keyspace/keyspace.js";
import type { Sightings } from "../keyspace/sightings.js";
import { IN_DOUBT } from "../protocol/reply-error.js";
import type { ByteSink, ReplyWriter } from "../protocol/reply-writer.js";
import type { Client } from "./client.js";
import type { HeldTurn } from "./held-replies.js";

/** The gate does not watch the command at hand. */
const NOT_WATCHING = -1;

export interface ReplyGateOptions {
  readonly keyspace: Keyspace;
  readonly persistence: PersistenceView;
  /** Where commands write their replies. */
  readonly reply: ReplyWriter;
  readonly countError: (line: string) => void;
}

export class ReplyGate implements Sightings {
  /** Whether a reply in the writer depends on what does not last yet. */
  isHolding = false;
  readonly #keyspace: Keyspace;
  readonly #persistence: PersistenceView;
  readonly #reply: ReplyWriter;
  readonly #countError: (line: string) => void;
  readonly #waiting = new Set<Client>();
  // Of the command at hand: where its reply begins among all bytes and in the buffer, the position before it, what it saw.
  #start = NOT_WATCHING;
  #mark = 0;
  #positionBefore = 0;
  #seen = 0;
  // Of the replies in the writer: see `HeldTurn`.
  #dependents: number[] = [];
  #required = 0;

  constructor(options: ReplyGateOptions) {
    this.#keyspace = options.keyspace;
    this.#persistence = options.persistence;
    this.#reply = options.reply;
    this.#countError = options.countError;
    this.configure();
  }

  /** Begins, or ends, to watch. */
  configure(): void {
    this.#keyspace.sightings = this.#persistence.gates ? this : null;
  }

  saw(slot: number): void {
    const position = this.#persistence.positionOf(slot);
    if (position > this.#seen) this.#seen = position;
  }

  /** A command is about to be executed. */
  begin(): void {
    if (this.#keyspace.sightings === null) {
      this.#start = NOT_WATCHING;
      return;
    }
    this.#start = this.#reply.byteLength;
    this.#mark = this.#reply.mark();
    this.#positionBefore = this.#persistence.position;
    this.#seen = 0;
  }

  /** The command was executed and its batch ended. `seesAll`: its reply tells of keys that it did not open. */
  end(seesAll: boolean): void {
    const start = this.#start;
    if (start === NOT_WATCHING) return;
    const { position, durablePosition, inDoubtFrom } = this.#persistence;
    const required = seesAll || position !== this.#positionBefore ? position : this.#seen;
    if (required <= durablePosition) return;
    const reply = this.#reply;
    const end = reply.byteLength;
    if (end === start) return;
    if (required > inDoubtFrom) {
      reply.rollback(this.#mark);
      reply.error(IN_DOUBT);
      this.#countError(IN_DOUBT);
      return;
    }
    this.#dependents.push(start, end, required);
    if (required > this.#required) this.#required = required;
    this.isHolding = true;
  }

  /** Takes the replies out of the writer, to be held for `client`. */
  hold(client: Client): HeldTurn {
    this.#waiting.add(client);
    const parts: Buffer[] = [];
    const { byteLength } = this.#reply;
    this.#reply.sendTo(new Collector(parts));
    const turn = { parts, byteLength, dependents: this.#dependents, required: this.#required };
    this.drop();
    return turn;
  }

  /** The replies in the writer are given up. */
  drop(): void {
    if (this.#dependents.length > 0) this.#dependents = [];
    this.#required = 0;
    this.isHolding = false;
  }

  /** A client has no replies any more that wait. */
  forget(client: Client): void {
    this.#waiting.delete(client);
  }

  /** The log has got on, or has failed: what no longer has to wait leaves. */
  release(): void {
    // Who executes more because of it, and has to wait again, is met once more, and waits.
    for (const client of this.#waiting) client.releaseReplies();
  }
}

/** Keeps what it is given. It says that it has something pending, so that it is given no more than the replies' own bytes. */
class Collector implements ByteSink {
  readonly pendingBytes = 1;

  constructor(private readonly parts: Buffer[]) {}

  write(bytes: Uint8Array): boolean {
    this.parts.push(bytes as Buffer);
    return false;
  }
}
