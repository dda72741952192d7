/**
 * What becomes of commands that this node does not execute, or not alone: they are sent on, or parts of them, and their replies
 * are gathered. There is one only if other nodes execute commands too.
 */
import type { Forwarder } from "../cluster/forwarder.js";
import type { Route } from "../cluster/slot-routes.js";
import type { Transaction } from "../commands/session.js";
import { NOT_IN_TRANSACTION, ReplyError } from "../protocol/reply-error.js";
import type { Client } from "./client.js";
import { BLOCKING, type Entry, EXECUTES, WATCHES, WRITE } from "./command-index.js";
import type { CommandLookup } from "./command-lookup.js";
import { ErrandRunner } from "./errand-runner.js";
import type { Executor } from "./executor.js";
import { Gatherer, type Plan } from "./gatherer.js";
import type { InnerSessions } from "./inner-sessions.js";
import type { NodeState } from "./node-state.js";
import type { RemoteWatches } from "./remote-watches.js";
import { ACROSS, type Router } from "./router.js";

export interface ElsewhereOptions {
  readonly executor: Executor;
  readonly lookup: CommandLookup;
  readonly node: NodeState;
  readonly router: Router;
  readonly forwarder: Forwarder;
  readonly inner: InnerSessions;
  readonly watches: RemoteWatches;
}

export class Elsewhere {
  readonly errands: ErrandRunner;
  readonly gatherer: Gatherer;
  readonly #executor: Executor;
  readonly #lookup: CommandLookup;
  readonly #node: NodeState;
  readonly #router: Router;

  constructor(options: ElsewhereOptions) {
    const { executor, router, forwarder, inner, watches } = options;
    this.#executor = executor;
    this.#lookup = options.lookup;
    this.#node = options.node;
    this.#router = router;
    const { call } = executor;
    const delay = (ms: number) => options.node.delay(ms);
    this.gatherer = new Gatherer({ call, router, forwarder, inner, delay });
    this.errands = new ErrandRunner({ executor, routes: forwarder.routes, watches, node: options.node });
  }

  /** Has the command at hand executed by its route. False if it must wait: nothing happened. */
  execute(client: Client, entry: Entry, route: Route | typeof ACROSS): boolean {
    client.lastEntry = entry;
    const { written } = client;
    if (written !== null && (entry.bits & WRITE) !== 0) {
      const isKnown = route !== ACROSS && written.at(route).isAny;
      if (!isKnown) written.noteCommand(entry, this.#executor.call, this.#router);
    }
    if (route === ACROSS || (entry.bits & WATCHES) !== 0) return this.#gather(client, entry, route);
    // Counted where it is executed.
    this.#node.stats.totalCommands--;
    const mayWait = (entry.bits & BLOCKING) !== 0;
    if (!client.elsewhere.forward(route, client.replyMode !== "on", mayWait)) return false;
    this.#sent(client, entry);
    return true;
  }

  /**
   * For a command between MULTI and EXEC, and EXEC itself. Undefined if it is queued, or executed, here as on a lone node; false if it
   * must wait.
   */
  executeInTransaction(client: Client, entry: Entry, transaction: Transaction): boolean | undefined {
    if ((entry.bits & EXECUTES) !== 0) return this.#executeTransaction(client, entry, transaction);
    const concernsAll = entry.across !== null && entry.across !== "acknowledged" && entry.firstKey === 0;
    if (!concernsAll || this.#router.isLone) return undefined;
    return this.#executor.reject(client, entry, new ReplyError(NOT_IN_TRANSACTION));
  }

  /** Has others execute what no one node may, or what must be known to have arrived before the client goes on. */
  #gather(client: Client, entry: Entry, route: Route | typeof ACROSS): boolean {
    const { gatherer } = this;
    try {
      const isWatch = route !== ACROSS;
      const plan = isWatch
        ? gatherer.planWatch(client, this.#router.slotOf(entry))
        : gatherer.planFor(client, entry);
      if (!this.#carryOut(client, plan)) return false;
    } catch (error) {
      if (error instanceof ReplyError) return this.#executor.reject(client, entry, error);
      throw error;
    }
    this.#sent(client, entry);
    return true;
  }

  #executeTransaction(client: Client, exec: Entry, transaction: Transaction): boolean | undefined {
    try {
      const { gatherer } = this;
      if (!gatherer.travels(client, transaction)) return undefined;
      // Not judged before it leaves, for what is denied is noted.
      if (!client.settles()) {
        this.#node.stats.totalCommands--;
        return false;
      }
      // Here it is known what the client's user may do, and nowhere else.
      const refusals = this.#executor.refusalsOf(client, transaction);
      this.#executor.rememberQueued(client, transaction);
      const plan = gatherer.planTransaction(client, transaction, refusals);
      if (transaction.writes && transaction.slot >= 0) {
        client.written?.noteTransaction(transaction, client.written.at(this.#router.of(transaction.slot)));
      }
      if (!this.#carryOut(client, plan)) return false;
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      client.unwatch();
      client.transaction = null;
      return this.#executor.reject(client, undefined, error);
    }
    exec.calls++;
    client.forgetWatches();
    client.transaction = null;
    if (!this.#node.monitors.isEmpty) this.#showQueued(client, transaction);
    this.#sent(client, exec);
    return true;
  }

  #carryOut(client: Client, plan: Plan): boolean {
    this.#node.stats.totalCommands--;
    return client.elsewhere.gather(plan, client.replyMode !== "on");
  }

  #sent(client: Client, entry: Entry): void {
    if (client.replyMode === "skip-next") client.replyMode = "on";
    this.#executor.show(client, entry);
  }

  #showQueued(client: Client, { queue }: Transaction): void {
    const { call } = this.#executor;
    const { bytes, marks, count } = call;
    for (const request of queue) {
      this.#lookup.take(request);
      const entry = this.#lookup.find();
      if (entry !== undefined) this.#executor.show(client, entry);
    }
    call.bytes = bytes;
    call.marks = marks;
    call.count = count;
  }
}
