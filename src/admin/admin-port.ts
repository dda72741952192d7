/**
 * The HTTP port. What makes its pages is loaded with the first request, so that a start waits for none of it and a node that
 * nobody asks never pays for it.
 */
import type { Config } from "../config/config.js";
import type { Host } from "../host/host.js";
import type { HttpListener } from "../host/http.js";
import type { Cancel } from "../host/timers.js";
import type { AdminApp } from "./app.js";
import { LoopLag } from "./loop-lag.js";
import type { AdminSources } from "./sources.js";

const PORT_MAX = 65_535;
const HTTP_PORT_OFFSET = 2000;
/** A start that takes longer is worth looking at; a shorter one is not to be made longer. */
const PATIENCE_MS = 100;

export interface AdminPortOptions {
  readonly host: Host;
  /** The lag is measured here. */
  readonly sources: Omit<AdminSources, "loopLag">;
}

export class AdminPort {
  readonly #options: AdminPortOptions;
  readonly #lag: LoopLag;
  #opening: Promise<void> | undefined;
  #listener: HttpListener | undefined;
  #app: Promise<AdminApp> | undefined;
  #cancelSoon: Cancel = () => {};

  constructor(options: AdminPortOptions) {
    this.#options = options;
    this.#lag = new LoopLag(options.host);
  }

  /** The port in fact bound; 0 if there is none. */
  get port(): number {
    return this.#listener?.address.port ?? 0;
  }

  /** Opens the port if the node takes its time to start, so that one can see what it is at. `open` is to be called all the same. */
  openSoon(): void {
    this.#cancelSoon = this.#options.host.timers.after(PATIENCE_MS, () => {
      // Whoever calls `open` is told.
      this.open().catch(() => {});
    });
  }

  /** Binds the port that the options say, if they say one. Rejects with a `HostError` if it cannot be had. */
  open(): Promise<void> {
    this.#cancelSoon();
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** Resolves when the port is free again. */
  async close(): Promise<void> {
    this.#cancelSoon();
    await Promise.allSettled([this.#opening]);
    this.#lag.stop();
    await this.#listener?.close();
  }

  async #open(): Promise<void> {
    const { host, sources } = this.#options;
    const config = sources.config.current;
    const wanted = httpPortOf(config);
    if (wanted === undefined) return;
    const address = { host: config.bind[0]?.host ?? "127.0.0.1", port: wanted };
    this.#listener = await host.http.listen(address, (request) => this.#answer(request));
    this.#lag.start();
  }

  async #answer(request: Request): Promise<Response> {
    this.#app ??= this.#load();
    const app = await this.#app;
    return app.answer(request);
  }

  async #load(): Promise<AdminApp> {
    const { host, sources } = this.#options;
    const { adminApp } = await import("./app.js");
    return adminApp({ ...sources, loopLag: this.#lag.histogram }, host.log);
  }
}

/** The port to bind, 0 for the system to choose; undefined for none. */
export function httpPortOf({ clusterEnabled, httpPort, port }: Config): number | undefined {
  if (httpPort < 0) return undefined;
  if (httpPort > 0) return httpPort;
  if (!clusterEnabled) return undefined;
  return port === 0 || port + HTTP_PORT_OFFSET > PORT_MAX ? 0 : port + HTTP_PORT_OFFSET;
}
