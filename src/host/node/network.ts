/**
 * TCP and Unix streams over `node:net`, arranged for the least work on each read: every connection reads into
 * the same static buffer, and its owner is called before the next read can overwrite it.
 */
import { chmod } from "node:fs/promises";
import { createServer, connect as openSocket, type Server } from "node:net";
import { assert } from "../../base/assert.js";
import type { Log } from "../log.js";
import type { Connection, ConnectionEvents, Endpoint, Listener, ListenOptions, Network } from "../network.js";
import { adopt, type OnRead } from "./accepted-handle.js";
import { NodeConnection } from "./connection.js";
import { toHostError } from "./os-error.js";
import { removeStaleSocket } from "./unix-socket.js";

/** As much as libuv asks of the system at once. */
const READ_BUFFER_BYTES = 64 * 1024;

type Accept = (connection: Connection) => ConnectionEvents;

/** `log` hears of connections that could not be accepted, which concern no caller. */
export function createNodeNetwork(log: Log): Network {
  const buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  return {
    listen: (options, accept) => listen(options, { accept, buffer, log }),
    connect: (endpoint, accept) => connect(endpoint, { accept, buffer }),
  };
}

/** A socket needs its read callback before there is a connection that could hear it: this stands between. */
class Reader implements OnRead {
  owner: NodeConnection | undefined;

  constructor(readonly buffer: Buffer) {}

  readonly callback = (length: number): boolean => {
    this.owner?.received(this.buffer, length);
    return true;
  };
}

async function listen(
  { endpoint, backlog, keepAliveSeconds, unixMode }: ListenOptions,
  { accept, buffer, log }: { accept: Accept; buffer: Buffer; log: Log },
): Promise<Listener> {
  const unixPath = unixPathOf(endpoint);
  const server = createServer({ pauseOnConnect: true, noDelay: true });
  server.on("connection", (accepted) => {
    const reader = new Reader(buffer);
    const connection = new NodeConnection(adopt(accepted, reader), unixPath);
    reader.owner = connection;
    if (keepAliveSeconds > 0) connection.setKeepAlive(keepAliveSeconds);
    connection.attach(accept(connection));
  });

  if (unixPath !== undefined) await removeStaleSocket(unixPath);
  await bind(server, endpoint, backlog);
  // From here on a failure is that of one connection, such as too many open files.
  server.on("error", (error) => log.warn("could not accept a connection", { reason: error.message }));
  if (unixPath !== undefined && unixMode !== undefined) {
    try {
      await chmod(unixPath, unixMode);
    } catch (error) {
      await unbind(server);
      throw toHostError(error);
    }
  }
  return { endpoint: boundEndpoint(server), close: () => unbind(server) };
}

function connect(
  endpoint: Endpoint,
  { accept, buffer }: { accept: Accept; buffer: Buffer },
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const reader = new Reader(buffer);
    // `onread` is an option that the published types know only elsewhere.
    const options = { ...endpoint, noDelay: true, allowHalfOpen: true, onread: reader };
    const socket = openSocket(options);
    const refuse = (error: Error) => reject(toHostError(error));
    socket.once("error", refuse);
    socket.once("connect", () => {
      socket.off("error", refuse);
      const connection = new NodeConnection(socket, unixPathOf(endpoint));
      reader.owner = connection;
      connection.attach(accept(connection));
      resolve(connection);
    });
  });
}

function unixPathOf(endpoint: Endpoint): string | undefined {
  return "path" in endpoint ? endpoint.path : undefined;
}

/** Rejects with a `HostError`. */
export function bind(server: Server, endpoint: Endpoint, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => reject(toHostError(error));
    server.once("error", refuse);
    // Without `ipv6Only`, `::` would also take the IPv4 port that a listener on 0.0.0.0 beside it needs.
    server.listen({ ...endpoint, backlog, ipv6Only: true }, () => {
      server.off("error", refuse);
      resolve();
    });
  });
}

export function boundEndpoint(server: Server): Endpoint {
  const bound = server.address();
  assert(bound !== null, "a server that listens has an address");
  return typeof bound === "string" ? { path: bound } : { host: bound.address, port: bound.port };
}

function unbind(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The only error is that it does not listen any more, which is what was asked for.
    server.close(() => resolve());
  });
}
