/** Executes the errands (errands.ts) that come for slots of this node; others it sends on. */
import type { SlotRoutes } from "../cluster/slot-routes.js";
import { HERE, type Route } from "../cluster/slot-routes.js";
import type { SessionCall } from "../commands/session.js";
import { ReplyError } from "../protocol/reply-error.js";
import type { ReplyWriter } from "../protocol/reply-writer.js";
import { requestOf } from "../protocol/request-builder.js";
import type { Client } from "./client.js";
import type { CopiesFound } from "./copy-waits.js";
import {
  ANY_SLOT,
  EXEC_ERRAND,
  EXEC_HEAD,
  NO_WRITES,
  PART_ERRAND,
  PART_HEAD,
  UNWATCH_ERRAND,
  WAIT_ERRAND,
  WAIT_HEAD,
  WATCH_ERRAND,
  WATCH_HEAD,
} from "./errands.js";
import type { Executor } from "./executor.js";
import type { NodeState } from "./node-state.js";
import type { RemoteWatches } from "./remote-watches.js";
import { ownSlots } from "./roll-call.js";

const EXEC = requestOf([Buffer.from("EXEC")]);

export interface ErrandRunnerOptions {
  readonly executor: Executor;
  readonly routes: SlotRoutes;
  readonly watches: RemoteWatches;
  readonly node: NodeState;
}

export class ErrandRunner {
  readonly #executor: Executor;
  readonly #call: SessionCall;
  readonly #routes: SlotRoutes;
  readonly #watches: RemoteWatches;
  readonly #node: NodeState;

  constructor({ executor, routes, watches, node }: ErrandRunnerOptions) {
    this.#executor = executor;
    this.#call = executor.call;
    this.#routes = routes;
    this.#watches = watches;
    this.#node = node;
  }

  /**
   * Executes the command at hand for a session that may send errands. Undefined if it is none; false if it must wait, or was passed
   * on too often: nothing happened.
   */
  run(client: Client): boolean | undefined {
    const run = this.#runnerOf(this.#call);
    if (run === undefined) return undefined;
    try {
      return this.#execute(client, run);
    } catch (error) {
      // What another node has written wrongly is not to end this one.
      if (!(error instanceof ReplyError)) throw error;
      this.#node.countError(error.line);
      this.#call.reply.error(error.line);
      return true;
    }
  }

  #execute(client: Client, run: (client: Client) => boolean): boolean {
    const number = this.#call.integer(1);
    // Some are for the node that they were sent to, whatever it executes.
    const isForNode = run === this.#part || run === this.#wait;
    const route: Route = isForNode ? (client.hops > 0 ? HERE : number) : this.#routes.of(number);
    return route === HERE ? run.call(this, client) : client.elsewhere.forward(route, false);
  }

  #runnerOf(call: SessionCall): ((client: Client) => boolean) | undefined {
    if (call.is(0, PART_ERRAND)) return this.#part;
    if (call.is(0, WAIT_ERRAND)) return this.#wait;
    if (call.is(0, EXEC_ERRAND)) return this.#exec;
    if (call.is(0, WATCH_ERRAND)) return this.#watch;
    return call.is(0, UNWATCH_ERRAND) ? this.#unwatch : undefined;
  }

  #part(client: Client): boolean {
    const { reply, bytes, marks, count } = this.#call;
    const slots = ownSlots(this.#routes);
    const mark = reply.mark();
    reply.array(2);
    reply.bulk(slots, 0, slots.length);
    client.isPart = true;
    const isExecuted = this.#executor.execute(
      client,
      bytes,
      marks.subarray(2 * PART_HEAD),
      count - PART_HEAD,
    );
    client.isPart = false;
    if (!isExecuted) reply.rollback(mark);
    return isExecuted;
  }

  #exec(client: Client): boolean {
    const call = this.#call;
    const token = call.text(2);
    if (token !== "" && this.#hasChanged(token)) {
      this.#watches.release(token);
      call.reply.nullArray();
      return true;
    }
    const requests = Array.from({ length: call.count - EXEC_HEAD }, (_, i) => call.copy(EXEC_HEAD + i));
    client.transaction = this.#executor.transactionOf(requests);
    const isExecuted = this.#executor.executeRequest(client, EXEC);
    client.transaction = null;
    if (isExecuted) this.#watches.release(token);
    return isExecuted;
  }

  #hasChanged(token: string): boolean {
    const watch = this.#watches.find(token);
    if (watch === undefined) return true;
    const { keyspace } = this.#call;
    // A watched key whose time has come has changed, whether or not anyone has looked at it since.
    keyspace.watchers.expire(keyspace, watch);
    return watch.keysChanged;
  }

  #watch(client: Client): boolean {
    const call = this.#call;
    const token = call.text(2);
    if (call.text(3) === "1") this.#watches.expect(token, client.link);
    call.keyspace.select(client.database);
    for (let i = WATCH_HEAD; i < call.count; i++) {
      // What has expired goes now: its removal later must not count as a change.
      call.peek(i);
      this.#watches.watch(token, client.link, client.database, call.copy(i));
    }
    call.reply.ok();
    return true;
  }

  #wait(client: Client): boolean {
    const call = this.#call;
    const { reply } = call;
    const marks = this.#marks();
    if (marks === undefined) {
      writeFound(reply, { count: -1, isAll: false });
      return true;
    }
    const found = this.#node.copyWaits.wait(client, {
      marks,
      needed: call.integer(2),
      timeoutMs: call.integer(3),
    });
    client.input.postpone(found.then((copies) => () => writeFound(reply, copies)));
    return true;
  }

  /** Up to where owners are to have which slots. Undefined if one is executed elsewhere. */
  #marks(): number[] | undefined {
    const call = this.#call;
    const { copies } = this.#node;
    const { bySlot } = this.#routes;
    const marks: number[] = [];
    const isAny = call.is(WAIT_HEAD, ANY_SLOT);
    if (isAny || call.is(WAIT_HEAD, NO_WRITES)) {
      for (const [slot, route] of bySlot.entries()) {
        if (route === HERE) marks.push(slot, isAny ? copies.positionOf(slot) : 0);
      }
      return marks;
    }
    for (let i = WAIT_HEAD; i < call.count; i++) {
      const slot = call.integer(i);
      if (bySlot[slot] !== HERE) return undefined;
      marks.push(slot, copies.positionOf(slot));
    }
    return marks;
  }

  #unwatch(): boolean {
    this.#watches.release(this.#call.text(2));
    this.#call.reply.ok();
    return true;
  }
}

function writeFound(reply: ReplyWriter, { count, isAll }: CopiesFound): void {
  reply.array(2);
  reply.integer(count);
  reply.integer(isAll ? 1 : 0);
}
