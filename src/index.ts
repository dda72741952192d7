/**
 * TorusKV inside your own process:
 *
 *     const node = await startNode({ port: 0 });
 *     await node.call("SET", "city", "Roma");
 *     await node.close();
 */
import { parseOptions } from "./config/library-options.js";
import { createNodeHost } from "./host/node/node-host.js";
import { runNode } from "./node.js";
import type { ReplyValue } from "./protocol/reply-decoder.js";
import type { Argument } from "./server/local-session.js";

export { ConfigError } from "./config/config-error.js";
export { HostError } from "./host/host-error.js";
export type { ReplyValue } from "./protocol/reply-decoder.js";
export { ReplyError } from "./protocol/reply-error.js";
export type { Argument } from "./server/local-session.js";

/** Options by their names in docs/configuration.md, such as `{ port: 0, maxmemory: "100mb", "maxmemory-policy": "allkeys-lru" }`. */
export type NodeOptions = Readonly<Record<string, string | number | boolean>>;

export interface TorusNode {
  /** The TCP port that clients connect to. */
  readonly port: number;
  /**
   * Executes one command on this node, without a socket. Resolves to strings, numbers (a bigint where a number would not
   * be exact), null, arrays of these, or a Buffer where a value is not UTF-8; rejects with a `ReplyError` where Redis
   * answers an error. Commands are executed in the order of calls, whether or not the promises are awaited.
   *
   * All calls share one connection, so commands that would change it for the others, such as MULTI, WATCH, SELECT or
   * HELLO, are refused with a `ReplyError`: they need a `session()`.
   */
  call(...args: readonly Argument[]): Promise<ReplyValue>;
  /** Opens a connection of one's own, without a socket. Throws once the node is closed. */
  session(): TorusSession;
  /** Closes ports, connections and sessions; calls without a reply are rejected. Resolves when everything is released. */
  close(): Promise<void>;
}

/**
 * A connection of one's own: what MULTI, WATCH, SELECT and the like do in it concerns nobody else.
 *
 *     const session = node.session();
 *     await session.call("WATCH", "stock");
 *     const stock = Number(await session.call("GET", "stock"));
 *     await session.call("MULTI");
 *     await session.call("SET", "stock", stock - 1);
 *     const done = await session.call("EXEC"); // null if another client changed the stock meanwhile
 *     session.close();
 */
export interface TorusSession {
  /**
   * As `TorusNode.call`. Refuses what would leave a call without its reply, or the reply in another form: CLIENT REPLY OFF
   * and SKIP, HELLO 3. Rejects with an `Error` once the session is closed, as by QUIT.
   */
  call(...args: readonly Argument[]): Promise<ReplyValue>;
  /** Closes at once: an open transaction is dropped, calls without a reply are rejected. Again, it does nothing. */
  close(): void;
}

/**
 * Starts a node in this process. It logs only what needs attention, unless `loglevel` says otherwise.
 * Rejects with a `ConfigError` for an option that is unknown or malformed, with a `HostError` (`code` such as
 * EADDRINUSE) if it cannot listen.
 */
export async function startNode(options: NodeOptions = {}): Promise<TorusNode> {
  const config = parseOptions({ loglevel: "warning", ...options });
  const host = createNodeHost({ log: { level: "warn", format: "text" } });
  let close = async (): Promise<void> => {};
  const node = await runNode({
    host,
    config,
    configFile: "",
    // A fault of our own is in the log, and the reason why calls are rejected from here on.
    // That it could not end well is for whoever closes it to hear: it must not end the process around it.
    stopped: () => void close().catch(() => {}),
  });
  let closing: Promise<void> | undefined;
  close = () => (closing ??= node.close().finally(() => host.log.close()));
  return {
    port: node.port,
    call: (...args) => node.client.call(...args),
    session() {
      const session = node.client.session();
      return { call: (...args) => session.call(args), close: () => session.close() };
    },
    close: () => close(),
  };
}
