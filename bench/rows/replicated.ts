/**
 * What a write costs that three nodes hold in the end: CPU time of all three together, beside a redis-server with two replicas. Each of our
 * nodes is sent the keys that it executes for, as the rival's primary is: forwarding is in the rows of remote keys.
 */
import { type Bench, type Row, turnsOf } from "../bench.js";
import { firstOf, keyFor, numbersIn } from "../clients/keys.js";
import { type Cluster, ourNode, withClusters } from "../clusters.js";
import { allSlots, type Drive, Driver } from "../driver.js";
import { type Figure, type Measurement, measurementsOf } from "../measurement.js";
import { fineCpuSeconds } from "../proc.js";
import { type Replicated, whenCopied, withReplicas } from "../replicas.js";
import { formatCount } from "../report/format.js";
import { type Contender, type Server, type Side, withLog, withoutDisk } from "../servers.js";
import { type SlotRange, slotsOf } from "../slot-owners.js";
import { inTurns } from "../turns.js";

const copies = 3;
/** As many for each node. */
const clients = 51;
const drive: Drive = { command: "set", pipeline: 16 };
const valueBytes = 3;
interface Keeping {
  readonly name: string;
  readonly title: string;
  readonly flags: readonly string[];
}

export const replicatedRows: readonly Row[] = [
  replicated({ name: "replicated-memory", title: "no log", flags: withoutDisk }),
  replicated({
    name: "replicated-log",
    title: "log, everysec",
    flags: withLog,
  }),
];

function replicated(keeping: Keeping): Row {
  return {
    name: keeping.name,
    title: `SET on ${copies} nodes, pipelines of ${drive.pipeline}, ${valueBytes}-byte values, ${clients} clients, ${keeping.title}`,
    async measure(bench) {
      const node = ourNode(bench);
      if (node === undefined) return [];
      const options = { node, sizes: [copies], role: "server", copies, kept: keeping.flags } as const;
      return withClusters(bench, options, ([cluster]) =>
        withRival(bench, keeping, (rival) => measure(bench, { keeping, cluster: cluster!, rival })),
      );
    },
  };
}

/** Undefined if there is no rival, or its replicas cannot be told whom to copy. */
function withRival<Value>(
  bench: Bench,
  { flags }: Keeping,
  use: (rival: Replicated | undefined) => Promise<Value>,
): Promise<Value> {
  const rival: Contender | undefined = bench.contenders.find(({ side }) => side === "rival");
  if (rival?.takesFlags) return withReplicas(bench, { rival, count: copies - 1, kept: flags }, use);
  return use(undefined);
}

/** Whom clients ask: each server for the keys of its slots, which the others copy. */
interface Entrant {
  readonly side: Side;
  readonly name: string;
  readonly driven: readonly {
    readonly server: Server;
    readonly section: number | undefined;
    readonly ownKey: string;
  }[];
  readonly servers: readonly Server[];
}

interface Setting {
  readonly keeping: Keeping;
  readonly cluster: Cluster;
  readonly rival: Replicated | undefined;
}

async function measure(bench: Bench, { keeping, cluster, rival }: Setting): Promise<Measurement[]> {
  const { note, scale } = bench;
  const sections = cluster.nodes.map(({ port }) => slotsOf(cluster.owners, port));
  const entrants: Entrant[] = [
    {
      side: "ours",
      name: "cluster",
      driven: cluster.nodes.map((server, section) => ({
        ...{ server, section },
        ownKey: keyIn(sections[section]!),
      })),
      servers: cluster.nodes,
    },
  ];
  if (rival !== undefined) {
    const { primary, replicas } = rival;
    const driven = [{ server: primary, section: undefined, ownKey: keyIn(allSlots) }];
    entrants.push({ side: "rival", name: primary.name, driven, servers: [primary, ...replicas] });
  }
  const driver = await Driver.start(bench, { sections, valueBytes });
  try {
    for (const { driven } of entrants) {
      for (const { server, section } of driven)
        await driver.connect({ port: server.port, clients: clients / driven.length, section });
    }
    const groups = entrants.map(({ driven }) => driven.map(({ server }) => server.port));
    const requests = await driver.requestsFor(groups, drive, scale.cellSeconds);
    for (let round = 0; round < scale.warmUpRounds; round++) {
      for (const entrant of entrants) await cellOf(driver, entrant, requests);
    }
    const cells = await inTurns(turnsOf(bench, entrants, scale.rounds), async (entrant) => {
      const cell = await cellOf(driver, entrant, requests);
      const rate = `${(cell.perSecond / 1000).toFixed(0)} k/s`.padStart(9);
      note(`  SET ${entrant.name.padEnd(8)} ${rate} ${cell.cpuMicros.toFixed(2).padStart(7)} us/op`);
      return cell;
    });
    const about = {
      id: keeping.name,
      label: `SET, P${drive.pipeline}, three copies, ${keeping.title}`,
      sample: `${formatCount(requests)} requests, ${clients} clients, after ${scale.warmUpRounds} rounds to warm up`,
      beside: "redis-server with two replicas",
    };
    return measurementsOf(about, figures, cells);
  } finally {
    await driver.stop();
  }
}

interface Cell {
  readonly cpuMicros: number;
  readonly perSecond: number;
}

const figures: readonly Figure<Cell>[] = [
  {
    id: "cpu",
    figure: "CPU per operation",
    unit: "us",
    goal: "cpu-replicated",
    of: ({ cpuMicros }) => cpuMicros,
  },
  { id: "rate", figure: "rate", unit: "op/s", of: ({ perSecond }) => perSecond },
];

/** To the moment at which all have all: what the copies are behind is work that is still to be done. */
async function cellOf(driver: Driver, { driven, servers }: Entrant, count: number): Promise<Cell> {
  const allCopied = async (): Promise<void> => {
    for (const { server, ownKey } of driven) await whenCopied(server, ownKey, copies - 1);
  };
  const cpu = (): number => servers.reduce((sum, { pid }) => sum + fineCpuSeconds(pid), 0);
  await allCopied();
  const before = cpu();
  const ports = driven.map(({ server }) => server.port);
  const { requests, seconds } = await driver.drive(ports, drive, count);
  await allCopied();
  return { cpuMicros: ((cpu() - before) * 1e6) / requests, perSecond: requests / seconds };
}

/** A key that is none of the load's. */
function keyIn(slots: readonly SlotRange[]): string {
  const prefix = "own:";
  return keyFor(prefix, firstOf(numbersIn(prefix, slots), 1)[0]!);
}
