/**
 * For how long the keys of a node are not served when its process is killed, or stopped so that its connections stay open: as clients see it
 * who know only the other nodes. Nothing is pinned: the nodes stand for machines of their own.
 */
import { setTimeout as pause } from "node:timers/promises";
import { type Bench, type Row, turnsOf } from "../bench.js";
import { firstOf, keyFor, numbersIn } from "../clients/keys.js";
import type { Watched, WatchedKey, WatchRequest } from "../clients/watch.js";
import type { ClusterNode } from "../cluster-node.js";
import { type Cluster, ourNode, settled, withClusters } from "../clusters.js";
import type { GoalId } from "../goals.js";
import { LoadClient } from "../load-client.js";
import { type Figure, type Measurement, measurementsOf } from "../measurement.js";
import { whenCopiesAre } from "../replicas.js";
import { withLog } from "../servers.js";
import { slotsOf } from "../slot-owners.js";
import { calmRounds } from "../turns.js";

const copies = 3;
/** Of each node, in as many slots: those of one node have different owners after it. */
const keysOfNode = 12;
const prefix = "key:";
const answerMsMax = 30_000;

/** What is done to a node, and how it is undone. */
interface Fault {
  readonly name: string;
  readonly title: string;
  readonly goal: GoalId;
  befall(node: ClusterNode): Promise<void>;
  undo(node: ClusterNode): Promise<void>;
}

export const takeoverRows: readonly Row[] = [
  takeover({
    name: "takeover-kill",
    title: "killed",
    goal: "takeover-kill",
    befall: (node) => node.kill(),
    undo: (node) => node.restart(),
  }),
  takeover({
    name: "takeover-freeze",
    title: "frozen",
    goal: "takeover-freeze",
    befall: async (node) => node.freeze(),
    undo: async (node) => node.thaw(),
  }),
];

function takeover(fault: Fault): Row {
  return {
    name: fault.name,
    title: `One of ${copies} nodes is ${fault.title}, its keys are asked for at the others`,
    async measure(bench) {
      const node = ourNode(bench);
      if (node === undefined) return [];
      // With nothing kept it would not come back as the node that it was.
      const options = { node, sizes: [copies], role: "anywhere", copies, kept: withLog } as const;
      return withClusters(bench, options, ([cluster]) => measure(bench, cluster!, fault));
    },
  };
}

interface Takeover {
  /** Of keys that the node executed for, and of all others. */
  readonly gapMs: number;
  readonly otherGapMs: number;
  /** While the node came back. */
  readonly returnGapMs: number;
  readonly lost: number;
  readonly refused: number;
}

const figures = (goal: GoalId): readonly Figure<Takeover>[] => [
  { id: "gap", figure: "longest gap", unit: "ms", goal, of: ({ gapMs }) => gapMs },
  { id: "other", figure: "longest gap of other keys", unit: "ms", of: ({ otherGapMs }) => otherGapMs },
  { id: "return", figure: "longest gap at its return", unit: "ms", of: ({ returnGapMs }) => returnGapMs },
  { id: "lost", figure: "acknowledged writes lost", unit: "count", of: ({ lost }) => lost },
  { id: "refused", figure: "commands refused", unit: "count", of: ({ refused }) => refused },
];

async function measure(bench: Bench, { nodes }: Cluster, fault: Fault): Promise<Measurement[]> {
  const { meter, scale } = bench;
  const rounds = await calmRounds(turnsOf(bench, [], scale.faults), (round) =>
    meter.around(() => befallen(bench, { nodes, fault, victim: nodes[round % nodes.length]! })),
  );
  const about = {
    id: fault.name,
    label: `one of ${copies} nodes ${fault.title}`,
    sample: `${keysOfNode * copies} keys, watched for ${scale.watchMs / 1000} s`,
  };
  return measurementsOf(about, figures(fault.goal), { ours: rounds, rival: [] });
}

interface Scene {
  readonly nodes: readonly ClusterNode[];
  readonly fault: Fault;
  readonly victim: ClusterNode;
}

/** From all in order to all in order again. */
async function befallen(
  { children, note, scale }: Bench,
  { nodes, fault, victim }: Scene,
): Promise<Takeover> {
  const { owners, watched } = await chooseKeys(nodes, victim);
  const watch = LoadClient.start<WatchRequest, Watched>(children, "watch");
  const lap = (): Promise<Watched> => watch.ask({ kind: "lap" }, answerMsMax);
  const longest = ({ gapsMs }: Watched, ofVictim: boolean): number =>
    Math.max(...gapsMs.filter((_, place) => (owners[place] === victim) === ofVictim));
  await watch.ask({ kind: "start", keys: watched }, answerMsMax);
  await pause(scale.idleMs);
  await lap();
  await fault.befall(victim);
  await pause(scale.watchMs);
  const gone = await lap();
  await fault.undo(victim);
  await settled(nodes);
  await whenCopiesAre(nodes);
  const back = await lap();
  await watch.stop();
  const takeover = {
    gapMs: longest(gone, true),
    otherGapMs: longest(gone, false),
    returnGapMs: Math.max(...back.gapsMs),
    lost: gone.lost + back.lost,
    refused: gone.refused + back.refused,
  };
  const { gapMs, otherGapMs, returnGapMs, lost, refused } = takeover;
  const gaps = [gapMs, otherGapMs, returnGapMs].map((ms) => ms.toFixed(0));
  const words = `${gaps[0]} ms, other keys ${gaps[1]} ms, at its return ${gaps[2]} ms`;
  note(`  longest gap ${words}, ${lost} writes lost, ${refused} refused`);
  return takeover;
}

/** Keys of each node, asked for in turn at the nodes to which nothing will happen; and who executes for each. */
async function chooseKeys(
  nodes: readonly ClusterNode[],
  victim: ClusterNode,
): Promise<{ readonly owners: readonly ClusterNode[]; readonly watched: readonly WatchedKey[] }> {
  const slotOwners = await settled(nodes);
  const entries = nodes.filter((node) => node !== victim);
  const chosen = nodes.flatMap((owner) =>
    firstOf(numbersIn(prefix, slotsOf(slotOwners, owner.port)), keysOfNode).map((number, place) => {
      const { port } = entries[place % entries.length]!;
      return { owner, watched: { key: keyFor(prefix, number), port } };
    }),
  );
  return {
    owners: chosen.map(({ owner }) => owner),
    watched: chosen.map(({ watched }) => watched),
  };
}
