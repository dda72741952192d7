/**
 * Listens for HTTP. Heads, time and connections are bounded by `node:http`; what it leaves open is bounded here. The package
 * that makes a `Request` of what comes is loaded with the first one: to listen costs a start next to nothing.
 */
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { Address } from "../datagrams.js";
import {
  BODY_BYTES_MAX,
  CONNECTIONS_MAX,
  HEAD_BYTES_MAX,
  type HttpHandler,
  type HttpListener,
  IDLE_MS_MAX,
  REQUEST_MS_MAX,
  REQUESTS_PER_CONNECTION_MAX,
} from "../http.js";
import { bind, boundEndpoint } from "./network.js";
import { nodeTimers } from "./timers.js";

const BACKLOG = 64;
/** How soon a request that takes too long is noticed. */
const CHECK_MS = 500;
/** Who closes waits no longer for answers under way. */
const CLOSING_MS_MAX = 250;

const LIMITS = {
  maxHeaderSize: HEAD_BYTES_MAX,
  headersTimeout: REQUEST_MS_MAX,
  requestTimeout: REQUEST_MS_MAX,
  keepAliveTimeout: IDLE_MS_MAX,
  connectionsCheckingInterval: CHECK_MS,
} as const;

type Serve = (...args: Parameters<RequestListener>) => Promise<void>;

export async function listen({ host, port }: Address, handler: HttpHandler): Promise<HttpListener> {
  const server = createServer(LIMITS, listenerOf(handler));
  server.timeout = IDLE_MS_MAX;
  server.maxConnections = CONNECTIONS_MAX;
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX;
  await bind(server, { host, port }, BACKLOG);
  // From here on a failure is that of one connection, such as too many open files: whoever asks finds out.
  server.on("error", () => {});
  return { address: boundEndpoint(server) as Address, close: () => close(server) };
}

function listenerOf(handler: HttpHandler): RequestListener {
  let loading: Promise<Serve> | undefined;
  return (incoming, outgoing) => {
    const { "content-length": length = "0", "transfer-encoding": encoding } = incoming.headers;
    if (encoding !== undefined || Number(length) > BODY_BYTES_MAX) {
      answerEmpty(outgoing, 413);
      return;
    }
    loading ??= load(handler);
    loading
      .then((serve) => serve(incoming, outgoing))
      // The package, or what it could not foresee: the next request tries again.
      .catch(() => {
        loading = undefined;
        answerEmpty(outgoing, 500);
      });
  };
}

async function load(handler: HttpHandler): Promise<Serve> {
  const { getRequestListener, RequestError } = await import("@hono/node-server");
  return getRequestListener(handler, {
    // The globals are everybody's: a library leaves them alone.
    overrideGlobalObjects: false,
    errorHandler: (error) => new Response(null, { status: error instanceof RequestError ? 400 : 500 }),
  });
}

/** Without a word, and the connection is closed: more of the request may be on its way. */
function answerEmpty(outgoing: ServerResponse, status: number): void {
  if (outgoing.headersSent) outgoing.destroy();
  else outgoing.writeHead(status, { connection: "close", "content-length": 0 }).end();
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cancel = nodeTimers.after(CLOSING_MS_MAX, () => server.closeAllConnections());
    // The only error is that it does not listen any more, which is what was asked for.
    server.close(() => {
      cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}
