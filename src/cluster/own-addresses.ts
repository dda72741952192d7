/** Where this node is to be found by others, by its options. */
import type { Config } from "../config/config.js";
import type { Host } from "../host/host.js";

const PORT_MAX = 65_535;
const CLUSTER_PORT_OFFSET = 10_000;

/** The port to bind for other nodes; 0 for the system to choose. */
export function clusterPortOf({ clusterPort, port }: Config): number {
  if (clusterPort !== 0) return clusterPort;
  return port === 0 || port + CLUSTER_PORT_OFFSET > PORT_MAX ? 0 : port + CLUSTER_PORT_OFFSET;
}

export function announcedHost({ clusterAnnounceIp, bind }: Config, { system }: Host): string {
  if (clusterAnnounceIp !== "") return clusterAnnounceIp;
  const host = bind[0]?.host ?? "127.0.0.1";
  const isEvery = host === "0.0.0.0" || host === "::";
  return isEvery ? (system.addresses()[0] ?? "127.0.0.1") : host;
}
