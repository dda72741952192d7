/** What this node says of itself to others, by its options. */
import type { Config } from "../config/config.js";
import type { NodeFacts } from "../durability/node-file.js";
import type { Host } from "../host/host.js";
import type { MemberRecord, NodeId } from "../membership/member.js";
import type { SharedState } from "../membership/state-exchange.js";
import { PEER_VERSION } from "./peer-hello.js";
import { isMember, type PlacedMember, type Placement } from "./placement.js";

const PORT_MAX = 65_535;
const CLUSTER_PORT_OFFSET = 10_000;

/** The port to bind for other nodes; 0 for the system to choose. */
export function clusterPortOf({ clusterPort, port }: Config): number {
  if (clusterPort !== 0) return clusterPort;
  return port === 0 || port + CLUSTER_PORT_OFFSET > PORT_MAX ? 0 : port + CLUSTER_PORT_OFFSET;
}

function announcedHost({ clusterAnnounceIp, bind }: Config, { system }: Host): string {
  if (clusterAnnounceIp !== "") return clusterAnnounceIp;
  const host = bind[0]?.host ?? "127.0.0.1";
  const isEvery = host === "0.0.0.0" || host === "::";
  return isEvery ? (system.addresses()[0] ?? "127.0.0.1") : host;
}

export function ownPlacedMember(config: Config, host: Host, id: NodeId): PlacedMember {
  return { id, weight: config.nodeWeight, zone: config.zone, host: announcedHost(config, host) };
}

export interface OwnFacts {
  readonly host: Host;
  readonly config: Config;
  readonly facts: NodeFacts;
}

/** The record that gossip begins with. */
export function ownRecord(
  { host, config, facts }: OwnFacts,
  ports: { readonly clientPort: number; readonly clusterPort: number },
  { placement, state }: { readonly placement: Placement | undefined; readonly state: SharedState },
): MemberRecord {
  return {
    id: facts.nodeId,
    boot: facts.boot,
    incarnation: 0,
    origin: facts.origin,
    lifecycle: placement !== undefined && isMember(placement, facts.nodeId) ? "active" : "joining",
    name: config.nodeName,
    zone: config.zone,
    host: announcedHost(config, host),
    ...ports,
    httpPort: 0,
    weight: config.nodeWeight,
    stateVersion: state.version,
    protocolMin: PEER_VERSION,
    protocolMax: PEER_VERSION,
    digests: [],
  };
}
