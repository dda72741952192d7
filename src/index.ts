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
   * Executes one command on this node, without a socket. Resolves to strings, numbers, null, arrays of these, or
   * a Buffer where a value is not UTF-8; rejects with a `ReplyError` where Redis answers an error.
   */
  call(...args: readonly Argument[]): Promise<ReplyValue>;
  /** Closes ports and connections; resolves when everything is released. */
  close(): Promise<void>;
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
    stopped: () => void close(),
  });
  let closing: Promise<void> | undefined;
  close = () => (closing ??= node.close().finally(() => host.log.close()));
  return { port: node.port, call: (...args) => node.client.call(...args), close: () => close() };
}
