/** A small server of HTTP for operators and their tools: short requests, whole replies. Clients of the database never come here. */
import type { Address } from "./datagrams.js";

/** Bytes of a request's head, and of its body; a longer one is refused (431, 413), as is a body of which the length is not told. */
export const HEAD_BYTES_MAX = 8 * 1024;
export const BODY_BYTES_MAX = 16 * 1024;
/** A request must be here whole after so long (408), and whoever neither asks nor takes an answer is cut off after so long. */
export const REQUEST_MS_MAX = 5000;
export const IDLE_MS_MAX = 10_000;
/** At once; and requests that one connection may make before it has to be opened again. */
export const CONNECTIONS_MAX = 64;
export const REQUESTS_PER_CONNECTION_MAX = 100;

/** Answers a request. One that throws, or rejects, is answered with 500. */
export type HttpHandler = (request: Request) => Response | Promise<Response>;

export interface HttpListener {
  /** What is in fact bound: with the real port where 0 was asked for. */
  readonly address: Address;
  /** Stops listening; resolves when the port is free again, which no open connection can hold up for long. */
  close(): Promise<void>;
}

export interface Http {
  /** Rejects with a `HostError` (`code` such as EADDRINUSE) if the address cannot be bound. */
  listen(address: Address, handler: HttpHandler): Promise<HttpListener>;
}
