/**
 * Opens the HTTP port. What makes its pages is loaded with the first request, so that a start waits for none of it and a node that
 * nobody asks never pays for it.
 */
import type { Config } from "../config/config.js";
import type { Host } from "../host/host.js";
import type { HttpHandler } from "../host/http.js";
import type { AdminApp } from "./app.js";
import { LoopLag } from "./loop-lag.js";
import type { AdminSources } from "./sources.js";

const PORT_MAX = 65_535;
const HTTP_PORT_OFFSET = 2000;

export interface AdminPort {
  readonly port: number;
  /** Resolves when the port is free again. */
  close(): Promise<void>;
}

export interface AdminPortOptions {
  readonly host: Host;
  /** The lag is measured here. */
  readonly sources: Omit<AdminSources, "loopLag">;
}

/**
 * Binds the port that the options say; undefined if they say none. Rejects with a `HostError` if it cannot be had.
 */
export async function openAdminPort({ host, sources }: AdminPortOptions): Promise<AdminPort | undefined> {
  const config = sources.config.current;
  const wanted = httpPortOf(config);
  if (wanted === undefined) return undefined;
  const lag = new LoopLag(host);
  const answer = lazily(async () => {
    const { adminApp } = await import("./app.js");
    return adminApp({ ...sources, loopLag: lag.histogram }, host.log);
  });
  const bindHost = config.bind[0]?.host ?? "127.0.0.1";
  const listener = await host.http.listen({ host: bindHost, port: wanted }, answer);
  lag.start();
  const { port } = listener.address;
  host.log.info("HTTP port open", { host: bindHost, httpPort: port });
  return {
    port,
    close() {
      lag.stop();
      return listener.close();
    },
  };
}

/** The port to bind, 0 for the system to choose; undefined for none. */
export function httpPortOf({ clusterEnabled, httpPort, port }: Config): number | undefined {
  if (httpPort < 0) return undefined;
  if (httpPort > 0) return httpPort;
  if (!clusterEnabled) return undefined;
  return port === 0 || port + HTTP_PORT_OFFSET > PORT_MAX ? 0 : port + HTTP_PORT_OFFSET;
}

function lazily(load: () => Promise<AdminApp>): HttpHandler {
  let app: Promise<AdminApp> | undefined;
  return async (request) => {
    app ??= load();
    return (await app).answer(request);
  };
}
