import type { MemberReport, ReplicationReport, StatusReport } from "#torus/cli/cluster-reports.js";

/** Reports of a cluster that is well, to be changed by the tests. */

export const ID_1 = "11".repeat(16);
export const ID_2 = "22".repeat(16);
export const ID_3 = "33".repeat(16);

export const wellStatus: StatusReport = {
  node: ID_1,
  name: "n1",
  cluster: "cc".repeat(16),
  lifecycle: "active",
  version: "0.1.0",
  uptimeSeconds: 3725,
  membersAlive: 3,
  membersSuspect: 0,
  membersDead: 0,
  placementEpoch: 7,
  change: null,
  slots: 5461,
  covered: true,
  missing: [],
  warnings: [],
  replication: null,
  linksUp: 2,
  linksDown: 0,
  slowness: 1,
};

export const aliveMember: MemberReport = {
  id: ID_1,
  name: "n1",
  self: true,
  lifecycle: "active",
  status: "alive",
  sinceMs: 61_000,
  host: "127.0.0.1",
  port: 7000,
  clusterPort: 17_000,
  httpPort: 9000,
  zone: "",
  weight: 1,
  slots: 16_384,
  link: "self",
  inSync: null,
  copy: "none",
  lagBytes: null,
  lagMs: null,
};

/** Of three nodes that all have everything. */
export const wellReplicated: ReplicationReport = {
  factor: 3,
  placed: 3,
  copies: 3,
  inSync: true,
  peers: [
    { id: ID_2, name: "n2", copy: "in-sync", lagBytes: 0, lagRecords: 0, lagMs: 0, repair: null },
    { id: ID_3, name: "n3", copy: "in-sync", lagBytes: 0, lagRecords: 0, lagMs: 0, repair: null },
  ],
};
