/** Executes the errands (errands.ts) that come for slots of this node; others it sends on. */
import type { SlotRoutes } from "../cluster/slot-routes.js";
import { HERE, type Route } from "../cluster/slot-routes.js";
import type { SessionCall } from "../commands/session.js";
import { requestOf } from "../protocol/request-builder.js";
import type { Client } from "./client.js";
import {
  EXEC_ERRAND,
  EXEC_HEAD,
  PART_ERRAND,
  PART_HEAD,
  UNWATCH_ERRAND,
  WATCH_ERRAND,
  WATCH_HEAD,
} from "./errands.js";
import type { Executor } from "./executor.js";
import type { RemoteWatches } from "./remote-watches.js";
import { ownSlots } from "./roll-call.js";

const EXEC = requestOf([Buffer.from("EXEC")]);

export interface ErrandRunnerOptions {
  readonly executor: Executor;
  readonly routes: SlotRoutes;
  readonly watches: RemoteWatches;
}

export class ErrandRunner {
  readonly #executor: Executor;
  readonly #call: SessionCall;
  readonly #routes: SlotRoutes;
  readonly #watches: RemoteWatches;

  constructor({ executor, routes, watches }: ErrandRunnerOptions) {
    this.#executor = executor;
    this.#call = executor.call;
    this.#routes = routes;
    this.#watches = watches;
  }

  /**
   * Executes the command at hand for a session that may send errands. Undefined if it is none; false if it must wait, or was passed
   * on too often: nothing happened.
   */
  run(client: Client): boolean | undefined {
    const call = this.#call;
    const isPart = call.is(0, PART_ERRAND);
    const run = isPart ? this.#part : this.#runnerOf(call);
    if (run === undefined) return undefined;
    const number = call.integer(1);
    // A part is for the node that it was sent to.
    const route: Route = isPart ? (client.hops > 0 ? HERE : number) : this.#routes.of(number);
    return route === HERE ? run.call(this, client) : client.forward(route, false);
  }

  #runnerOf(call: SessionCall): ((client: Client) => boolean) | undefined {
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

  #unwatch(): boolean {
    this.#watches.release(this.#call.text(2));
    this.#call.reply.ok();
    return true;
  }
}
