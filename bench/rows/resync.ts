/**
 * How long a node that was away takes to have again what the others have, while they go on writing: once from what they kept for it in
 * memory, once where that is too little and all keys have to be compared.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Bench, type Row, turnsOf } from "../bench.js";
import type { Poured, PourRequest } from "../clients/pour.js";
import type { ClusterNode } from "../cluster-node.js";
import { ourNode, settled, withClusters } from "../clusters.js";
import { fill } from "../filling.js";
import { LoadClient } from "../load-client.js";
import { type Figure, type Measurement, measurementsOf } from "../measurement.js";
import { whenCopiesAre, whenInSync } from "../replicas.js";
import { formatCount } from "../report/format.js";
import { withLog } from "../servers.js";
import { calmRounds } from "../turns.js";

const copies = 3;
const valueBytes = 100;
const answerMsMax = 30_000;

interface Way {
  readonly name: string;
  readonly title: string;
  /** Enough for the absence, or not. */
  readonly backlog: string;
}

export const resyncRows: readonly Row[] = [
  resync({ name: "resync-backlog", title: "from the backlog", backlog: "256mb" }),
  resync({ name: "resync-repair", title: "by comparing all keys", backlog: "4mb" }),
];

function resync(way: Way): Row {
  return {
    name: way.name,
    title: `One of ${copies} nodes is killed and comes back under writes, ${way.title}, ${valueBytes}-byte values`,
    async measure(bench) {
      const node = ourNode(bench);
      if (node === undefined) return [];
      const kept = [...withLog, "--repl-backlog-size", way.backlog];
      const options = { node, sizes: [copies], role: "anywhere", copies, kept } as const;
      return withClusters(bench, options, ([cluster]) => measure(bench, cluster!.nodes, way));
    },
  };
}

interface Return {
  /** From the start of the process until it says that it has caught up. */
  readonly inSyncMs: number;
  readonly firstPongMs: number;
  /** Until it executes again for the slots that it had. */
  readonly executesMs: number;
  /** Until no copy lacks anything. */
  readonly wholeMs: number;
  readonly perSecond: number;
  readonly refused: number;
}

const figures: readonly Figure<Return>[] = [
  { id: "in-sync", figure: "in sync", unit: "ms", goal: "resync", of: ({ inSyncMs }) => inSyncMs },
  { id: "first-pong", figure: "first PONG", unit: "ms", of: ({ firstPongMs }) => firstPongMs },
  { id: "executes", figure: "executes its slots", unit: "ms", of: ({ executesMs }) => executesMs },
  { id: "whole", figure: "all copies whole", unit: "ms", of: ({ wholeMs }) => wholeMs },
  { id: "rate", figure: "writes meanwhile", unit: "op/s", of: ({ perSecond }) => perSecond },
  { id: "refused", figure: "writes refused", unit: "count", of: ({ refused }) => refused },
];

async function measure(bench: Bench, nodes: readonly ClusterNode[], way: Way): Promise<Measurement[]> {
  const { children, meter, scale } = bench;
  const keys = { prefix: "key:", first: 0, count: scale.keyspace, seed: 1, salt: 0, valueBytes };
  await fill(children, { port: nodes[0]!.port, ...keys });
  const rounds = await calmRounds(turnsOf(bench, [], scale.faults), (round) =>
    meter.around(() => away(bench, nodes, nodes[round % nodes.length]!)),
  );
  const rate = `${formatCount(scale.awayWritesPerSecond)} writes/s`;
  const about = {
    id: way.name,
    label: `back after ${scale.awayMs / 1000} s, ${way.title}`,
    sample: `${formatCount(scale.keyspace)} keys, ${rate}`,
  };
  return measurementsOf(about, figures, { ours: rounds, rival: [] });
}

/** From all in order to all in order again. */
async function away(
  { children, note, scale }: Bench,
  nodes: readonly ClusterNode[],
  victim: ClusterNode,
): Promise<Return> {
  await settled(nodes);
  const pour = LoadClient.start<PourRequest, Poured>(children, "pour");
  await pour.ask(
    {
      kind: "start",
      ports: nodes.filter((node) => node !== victim).map(({ port }) => port),
      perSecond: scale.awayWritesPerSecond,
      keys: scale.keyspace,
      valueBytes,
    },
    answerMsMax,
  );
  await pause(scale.idleMs);
  await pour.ask({ kind: "lap" }, answerMsMax);
  await victim.kill();
  await pause(scale.awayMs);
  const startedMs = performance.now();
  await victim.restart();
  await whenInSync(victim);
  const inSyncMs = performance.now() - startedMs;
  await settled(nodes);
  const executesMs = performance.now() - startedMs;
  const { written, refused, seconds } = await pour.ask({ kind: "lap" }, answerMsMax);
  await whenCopiesAre(nodes);
  const wholeMs = performance.now() - startedMs;
  await pour.stop();
  const { firstPongMs } = victim;
  const times = `in sync ${inSyncMs.toFixed(0)} ms, first PONG ${firstPongMs.toFixed(0)} ms, executes ${executesMs.toFixed(0)} ms, all whole ${wholeMs.toFixed(0)} ms`;
  note(`  ${times}, ${formatCount(Math.round(written / seconds))} writes/s meanwhile, ${refused} refused`);
  return { inSyncMs, firstPongMs, executesMs, wholeMs, perSecond: written / seconds, refused };
}
