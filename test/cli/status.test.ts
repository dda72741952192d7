import { expect } from "chai";
import type { StatusReport } from "#torus/cli/cluster-reports.js";
import { unpainted } from "#torus/cli/paint.js";
import { changeText, copiesText, problemsOf, statusLines } from "#torus/cli/status.js";
import { ID_1, ID_2, wellReplicated, wellStatus } from "./reports.js";

describe("torus status", () => {
  it("shows a healthy node in six lines", () => {
    expect(statusLines(wellStatus, unpainted)).to.deep.equal([
      "status   healthy",
      `node     n1 (${ID_1}), active, up 1h 2m, version 0.1.0`,
      `cluster  ${wellStatus.cluster}, placement 7`,
      "members  3 alive",
      "links    2 up",
      "slots    5461 of 16384 here, all assigned",
    ]);
  });

  it("says first what is missing", () => {
    const lines = statusLines(
      {
        ...wellStatus,
        covered: false,
        missing: ["n2 is not alive", "some slots are nobody's"],
        membersAlive: 1,
        membersSuspect: 1,
        membersDead: 1,
        linksUp: 1,
        linksDown: 1,
        slowness: 2.5,
      },
      unpainted,
    );
    expect(lines).to.deep.equal([
      "status    not healthy",
      "missing   n2 is not alive",
      "          some slots are nobody's",
      `node      n1 (${ID_1}), active, up 1h 2m, version 0.1.0`,
      `cluster   ${wellStatus.cluster}, placement 7`,
      "members   1 alive, 1 suspect, 1 dead",
      "links     1 up, 1 down",
      "slots     5461 of 16384 here, not all assigned",
      "slowness  2.5: the node finds itself slow, and waits longer before it suspects others",
    ]);
  });

  it("shows how far a change of owners is, which is no problem", () => {
    const change = {
      kind: "join",
      phase: "transfer",
      node: ID_2,
      name: "n2",
      others: [],
      slots: 5461,
      slotsDone: 120,
      bytesShipped: 4096,
    } as const;
    const status: StatusReport = { ...wellStatus, change };
    expect(problemsOf(status)).to.deep.equal([]);
    const lines = statusLines(status, unpainted);
    expect(lines[0]).to.equal("status   healthy, with a change under way");
    expect(lines.at(-1)).to.equal("change   n2 joins: 120 of 5461 slots copied, 4096 bytes shipped");
    expect(changeText({ ...change, kind: "leave", phase: "switch", name: "" })).to.equal(
      `${ID_2} leaves: 120 of 5461 slots handed over, 4096 bytes shipped`,
    );
    expect(changeText({ ...change, kind: "forget", slots: 0 })).to.equal("n2 is forgotten: transfer");
    expect(changeText({ ...change, kind: "forget", others: [ID_1], slots: 0 })).to.equal(
      "n2 (and 1 more) is forgotten: transfer",
    );
    expect(changeText({ ...change, slots: 0 })).to.equal("n2 joins: transfer");
  });

  it("shows how many copies there are, and what others lack", () => {
    const status = { ...wellStatus, replication: wellReplicated };
    expect(statusLines(status, unpainted).at(-1)).to.equal("copies   3 of 3, this node has caught up");
    const [n2, n3] = wellReplicated.peers as [
      (typeof wellReplicated.peers)[0],
      (typeof wellReplicated.peers)[0],
    ];
    const replication = {
      ...wellReplicated,
      copies: 1,
      inSync: false,
      peers: [
        { ...n2, copy: "behind", lagBytes: 4096, lagRecords: 12, lagMs: 30 } as const,
        { ...n3, copy: "incomplete", repair: { slots: 100, slotsCompared: 40 } } as const,
      ],
    };
    expect(statusLines({ ...status, replication }, unpainted).slice(-3)).to.deep.equal([
      "copies   1 of 3 at least, this node has not caught up",
      "         n2 is behind: 4096 bytes, 12 records, 30 ms",
      "         n3 is incomplete: 40 of 100 slots compared",
    ]);
  });

  it("takes fewer nodes than copies for no problem, and says so", () => {
    const replication = { ...wellReplicated, placed: 2, copies: 2 };
    expect(copiesText(replication, unpainted)).to.equal(
      "2 of 3, there are no more nodes, this node has caught up",
    );
    expect(problemsOf({ ...wellStatus, replication })).to.deep.equal([]);
  });

  it("takes what the node warns of for a problem", () => {
    const warnings = ["n3 is not alive: 2 of 3 copies are left"];
    const status = { ...wellStatus, warnings, membersDead: 1 };
    expect(problemsOf(status)).to.deep.equal(warnings);
    expect(statusLines(status, unpainted).slice(0, 2)).to.deep.equal([
      "status   not healthy",
      "warning  n3 is not alive: 2 of 3 copies are left",
    ]);
  });

  const alone: readonly [change: Partial<StatusReport>, problem: string][] = [
    [{ covered: false }, "some slots have no node that executes their commands"],
    [{ membersDead: 1 }, "a member is dead"],
    [{ membersDead: 2 }, "2 members are dead"],
    [{ linksDown: 1 }, "the link to a node is down"],
    [{ linksDown: 3 }, "the links to 3 nodes are down"],
  ];
  for (const [change, problem] of alone) {
    it(`takes ${JSON.stringify(change)} for a problem, even if the node names none`, () => {
      expect(problemsOf({ ...wellStatus, ...change })).to.deep.equal([problem]);
    });
  }

  it("takes neither a suspicion nor slowness for a problem", () => {
    expect(problemsOf({ ...wellStatus, membersSuspect: 1, slowness: 3 })).to.deep.equal([]);
  });
});
