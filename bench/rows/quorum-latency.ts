/**
 * For how much longer a client waits that wants its write on a majority of three nodes and not on one: the same connections say now the
 * one, now the other. Nothing is pinned: a quorum is work of several nodes at a time, which share all processors.
 */
import { type Bench, type Row, turnsOf } from "../bench.js";
import type { DriveAnswer } from "../clients/drive.js";
import { type Cluster, ourNode, withClusters } from "../clusters.js";
import { type Drive, Driver } from "../driver.js";
import { type Figure, type Measurement, measurementsOf, type Series } from "../measurement.js";
import { formatCount } from "../report/format.js";
import type { Side } from "../servers.js";
import { slotsOf } from "../slot-owners.js";
import { inTurns } from "../turns.js";

const copies = 3;
/** As many for each node. */
const clients = 51;
const drive: Drive = { command: "set", pipeline: 1 };
const valueBytes = 3;

export const quorumLatencyRow: Row = {
  name: "quorum-latency",
  title: `SET at quorum beside one, ${copies} nodes, one command at a time, ${clients} clients`,
  async measure(bench) {
    const node = ourNode(bench);
    if (node === undefined) return [];
    return withClusters(bench, { node, sizes: [copies], role: "anywhere", copies }, ([cluster]) =>
      measure(bench, cluster!),
    );
  },
};

interface Entrant {
  readonly side: Side;
  readonly level: "quorum" | "one";
}

const entrants: readonly Entrant[] = [
  { side: "ours", level: "quorum" },
  { side: "rival", level: "one" },
];

const figures: readonly Figure<DriveAnswer>[] = [
  { id: "p50", figure: "p50 latency", unit: "ms", of: ({ p50Ms }) => p50Ms },
  { id: "p99", figure: "p99 latency", unit: "ms", of: ({ p99Ms }) => p99Ms },
  { id: "rate", figure: "rate", unit: "op/s", of: ({ requests, seconds }) => requests / seconds },
];

const added: Figure<number> = {
  ...{ id: "p50", figure: "added p50 latency", unit: "ms", goal: "quorum-latency" },
  of: (milliseconds) => milliseconds,
};

async function measure(bench: Bench, { nodes, owners }: Cluster): Promise<Measurement[]> {
  const { note, scale } = bench;
  const ports = nodes.map(({ port }) => port);
  const driver = await Driver.start(bench, {
    sections: ports.map((port) => slotsOf(owners, port)),
    valueBytes,
  });
  try {
    for (const [section, port] of ports.entries())
      await driver.connect({ port, clients: clients / ports.length, section });
    const requests = await driver.requestsFor([ports], drive, scale.cellSeconds);
    const answers = await inTurns(turnsOf(bench, entrants, scale.rounds), async ({ level }) => {
      await driver.say(ports, "TORUS", "CONSISTENCY", level);
      const answer = await driver.drive(ports, drive, requests);
      const rate = `${(answer.requests / answer.seconds / 1000).toFixed(0)} k/s`.padStart(9);
      note(
        `  SET ${level.padEnd(8)} ${rate}  p50 ${answer.p50Ms.toFixed(3)}  p99 ${answer.p99Ms.toFixed(2)} ms`,
      );
      return answer;
    });
    const about = {
      label: "SET, P1, quorum",
      sample: `${formatCount(requests)} requests, ${clients} clients`,
    };
    return [
      ...measurementsOf({ id: "quorum", beside: "one", ...about }, figures, answers),
      ...measurementsOf({ id: "quorum-added", ...about }, [added], differences(answers)),
    ];
  } finally {
    await driver.stop();
  }
}

/** Round by round: what slowed one of the two slowed the other. */
function differences({ ours, rival }: Series<DriveAnswer>): Series<number> {
  const added = ours.map(({ value, foreignBusy }, round) => ({
    value: value.p50Ms - rival[round]!.value.p50Ms,
    foreignBusy: Math.max(foreignBusy, rival[round]!.foreignBusy),
  }));
  return { ours: added, rival: [] };
}
