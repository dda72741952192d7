/**
 * `maxmemory-clients`: when the buffers of all clients together take too much, those that take most are closed, as in
 * Redis 7: https://redis.io/docs/latest/develop/reference/clients/#client-eviction
 */
import type { Config } from "../config/config.js";
import type { Log } from "../host/log.js";
import type { Client } from "./client.js";

/** As Redis: with less, clients could not even be told to stop. */
const LIMIT_BYTES_MIN = 128 * 1024;
const NO_LIMIT = Number.POSITIVE_INFINITY;

/** Who is to be watched, and what is to be told. */
export interface ClientEvictionOptions {
  /** All that are served. Their `countedBytes` belongs to the eviction. */
  readonly clients: ReadonlyMap<number, Client>;
  readonly stats: { evictedClients: number };
  readonly log: Log;
}

export class ClientEviction {
  /** Whether there is a limit: without one nothing is counted. */
  isOn = false;
  #limitBytes = NO_LIMIT;
  /** The sum of all `countedBytes`: exact after `enforce`, and between with what was noted since. */
  #totalBytes = 0;
  readonly #clients: ReadonlyMap<number, Client>;
  readonly #stats: { evictedClients: number };
  readonly #log: Log;

  constructor({ clients, stats, log }: ClientEvictionOptions) {
    this.#clients = clients;
    this.#stats = stats;
    this.#log = log;
  }

  configure({ maxmemoryClients: { bytes, percent }, maxmemoryBytes }: Config): void {
    const limitBytes = percent > 0 ? (maxmemoryBytes * percent) / 100 : bytes;
    this.isOn = limitBytes > 0;
    this.#limitBytes = this.isOn ? Math.max(limitBytes, LIMIT_BYTES_MIN) : NO_LIMIT;
    this.enforce();
  }

  /** A client's memory may have changed. */
  note(client: Client): void {
    // Who is not served is not counted: callers inside the process, and connections that are closing.
    if (this.#clients.get(client.id) !== client) return;
    this.#count(client);
    if (this.#totalBytes > this.#limitBytes) this.enforce();
  }

  /** A client is no longer served. */
  forget(client: Client): void {
    this.#totalBytes -= client.countedBytes;
    client.countedBytes = 0;
  }

  /** Counts all clients, since replies leave unnoticed, and closes the largest until the rest is within the limit. */
  enforce(): void {
    if (!this.isOn) return;
    for (const client of this.#clients.values()) this.#count(client);
    if (this.#totalBytes <= this.#limitBytes) return;
    // CLIENT NO-EVICT saves a client, but what it takes counts.
    const evictable = [...this.#clients.values()].filter(({ noEvict }) => !noEvict);
    evictable.sort((one, other) => other.countedBytes - one.countedBytes);
    for (const client of evictable) {
      if (this.#totalBytes <= this.#limitBytes) return;
      this.#log.warn("closing a client, since all clients together exceed maxmemory-clients", {
        client: client.remote,
        bytes: client.countedBytes,
      });
      this.#stats.evictedClients++;
      client.close(false);
    }
  }

  #count(client: Client): void {
    const bytes = client.memoryBytes;
    this.#totalBytes += bytes - client.countedBytes;
    client.countedBytes = bytes;
  }
}
