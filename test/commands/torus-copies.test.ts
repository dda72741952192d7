import { expect } from "chai";
import { readinessDigests } from "#torus/cluster/primaries/readiness.js";
import { ANNA, BERT, CARL, FakeCluster, linkOf, memberOf } from "../support/fake-cluster.js";
import { coOwnerOf, FakeReplication, REPAIR_UNDER_WAY } from "../support/fake-replication.js";
import type { SimCaller } from "../support/sim-caller.js";
import { SimServer } from "../support/sim-server.js";

const placed = (id: string) => ({ id, weight: 1, zone: "", host: id });

describe("TORUS, where there are copies", () => {
  let client: SimCaller;
  let cluster: FakeCluster;
  let replication: FakeReplication;
  beforeEach(async () => {
    const node = await SimServer.start();
    node.persistence.change({ gates: false });
    cluster = new FakeCluster(ANNA, [
      memberOf(ANNA, { name: "anna" }),
      memberOf(BERT, { name: "bert", digests: readinessDigests("ready") }),
      memberOf(CARL, { name: "carl" }, { status: "dead" }),
    ]);
    const members = [ANNA, BERT, CARL].map(placed);
    cluster.placement = {
      epoch: 9,
      by: ANNA,
      members,
      gone: [],
      change: null,
      copies: 3,
      hashSeed: "5".repeat(32),
    };
    cluster.linkViews = [linkOf(BERT), linkOf(CARL, { isUp: false })];
    cluster.assign(0, 16_383, ANNA);
    cluster.replication = replication = new FakeReplication([coOwnerOf(BERT), coOwnerOf(CARL)]);
    node.server.state.cluster = cluster;
    client = await node.connect();
    await client.ask("HELLO", "3");
  });

  it("STATUS tells how many copies there are, whether this node has caught up, and what each other owner has", async () => {
    replication.isReady = false;
    replication.position = 900;
    replication.backlogFirst = 100;
    replication.backlogBytes = 1000;
    replication.receivedBytes = 77;
    replication.counts.set(2, 10);
    Object.assign(replication.counters.shipping, { sessions: 3, faults: 1, gaps: 2 });
    Object.assign(replication.counters.repairs, { repairs: 4, stops: 5 });
    Object.assign(replication.counters.claims, { claims: 6, slotsWon: 7, slotsYielded: 8, slotsLost: 9 });
    replication.others = [
      coOwnerOf(BERT, {
        copy: "incomplete",
        lag: { bytes: 300, batches: 4, milliseconds: 12.4 },
        isWhole: false,
        acknowledged: 600,
        repair: REPAIR_UNDER_WAY,
      }),
      coOwnerOf(CARL, { copy: "dead", stream: "down", acknowledged: undefined, isReceived: false }),
    ];
    const reply = await client.ask("TORUS", "STATUS");
    expect(reply).to.include(
      '"replication": {"factor": 3 "placed": 3 "copies": 2 "in-sync": #f "slots-owned": 16384 "slots-acting": 5000 ' +
        '"position": 900 "backlog-first": 100 "backlog-bytes": 1000 "backlog-max": 67108864 "received-bytes": 77 "peers": [',
    );
    expect(reply).to.include(
      `{"id": "${BERT}" "name": "bert" "copy": "incomplete" "lag-bytes": 300 "lag-records": 4 "lag-ms": 12 "stream": "shipping" ` +
        '"acknowledged": 600 "whole": #f "received": #t "repair": {"slots": 100 "slots-compared": 40 "slots-differing": 3 ' +
        '"bytes-sent": 50 "bytes-received": 60}}',
    );
    expect(reply).to.include(
      `{"id": "${CARL}" "name": "carl" "copy": "dead" "lag-bytes": 0 "lag-records": 0 "lag-ms": 0 "stream": "down" ` +
        '"acknowledged": _ "whole": #t "received": #f "repair": _}]',
    );
    expect(reply).to.include(
      '"sessions": 3 "faults": 1 "gaps": 2 "repairs": 4 "repair-stops": 5 "claims": 6 "slots-won": 7 "slots-yielded": 8 "slots-lost": 9}',
    );
  });

  it("STATUS repeats what the cluster warns of", async () => {
    cluster.warned = ["carl is not alive"];
    expect(await client.ask("TORUS", "STATUS")).to.include('"missing": [] "warnings": ["carl is not alive"]');
  });

  it("MEMBERS tells of each node whether it says that it has caught up, and what it has of what this one executed", async () => {
    replication.others = [
      coOwnerOf(BERT, { copy: "behind", lag: { bytes: 300, batches: 4, milliseconds: 12.4 } }),
    ];
    const members = (await client.ask("TORUS", "MEMBERS")).split("} {");
    expect(members[0]).to.match(/"in-sync": #t "copy": "here" "lag-bytes": _ "lag-records": _ "lag-ms": _$/);
    expect(members[1]).to.match(
      /"in-sync": #t "copy": "behind" "lag-bytes": 300 "lag-records": 4 "lag-ms": 12$/,
    );
    expect(members[2]).to.match(
      /"in-sync": #f "copy": "none" "lag-bytes": _ "lag-records": _ "lag-ms": _\}\]$/,
    );
  });

  it("EXPLAIN tells of each copy of a key what the node has of the slot, and that a copy in sync is the same as here", async () => {
    replication.others = [
      coOwnerOf(BERT),
      coOwnerOf(CARL, { copy: "behind", lag: { bytes: 5, batches: 1, milliseconds: 7 } }),
    ];
    replication.copies.set(BERT, "in-sync");
    replication.copies.set(CARL, "behind");
    await client.ask("SET", "k", "v");
    const reply = await client.ask("TORUS", "EXPLAIN", "k");
    const copyOf = (id: string) => new RegExp(`"node": "${id}" [^}]*`).exec(reply)![0];
    expect(copyOf(ANNA)).to.match(
      /"state": "present" .* "copy": "here" "lag-bytes": _ "lag-records": _ "lag-ms": _$/,
    );
    expect(copyOf(BERT)).to.match(
      /"state": "same" .* "copy": "in-sync" "lag-bytes": 0 "lag-records": 0 "lag-ms": 0$/,
    );
    expect(copyOf(CARL)).to.match(
      /"state": "unknown" .* "copy": "behind" "lag-bytes": 5 "lag-records": 1 "lag-ms": 7$/,
    );
    replication.copies.clear();
    expect(await client.ask("TORUS", "EXPLAIN", "k"))
      .to.include('"state": "unknown"')
      .and.to.include('"copy": "unknown"');
  });
});
