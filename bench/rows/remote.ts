/**
 * What a command costs whose key lies on another node: CPU time of the node that was asked and of the one that executes, beside
 * a node that does both. All keys of the load lie in slots of the other node.
 */
import { type Bench, type Row, turnsOf } from "../bench.js";
import type { DriveAnswer } from "../clients/drive.js";
import { type Cluster, ourNode, withClusters } from "../clusters.js";
import { type Drive, Driver, driveCommands } from "../driver.js";
import type { GoalId } from "../goals.js";
import { type Figure, type Measurement, measurementsOf, type Series } from "../measurement.js";
import { fineCpuSeconds } from "../proc.js";
import { formatCount } from "../report/format.js";
import type { Server, Side } from "../servers.js";
import { slotsOf } from "../slot-owners.js";
import { inTurns } from "../turns.js";

const clients = 50;
const valueBytes = 3;

export const remoteRows: readonly Row[] = [
  remote(1, "cpu-remote-p1"),
  remote(16, "cpu-remote-p16"),
  remote(64, "cpu-remote-p64"),
];

function remote(pipeline: number, goal: GoalId): Row {
  return {
    name: `remote-p${pipeline}`,
    title: `Every key on another node, pipelines of ${pipeline}, ${valueBytes}-byte values, ${clients} clients`,
    async measure(bench) {
      const node = ourNode(bench);
      if (node === undefined) return [];
      return withClusters(bench, { node, sizes: [2, 1], role: "server", copies: 1 }, ([pair, lone]) =>
        measure(bench, { pair: pair!, lone: lone!, pipeline, goal }),
      );
    },
  };
}

interface Setting {
  readonly pair: Cluster;
  readonly lone: Cluster;
  readonly pipeline: number;
  readonly goal: GoalId;
}

/** Whom clients ask, and who works for it. */
interface Entrant {
  readonly side: Side;
  readonly name: string;
  readonly entry: Server;
  /** Executes what the entry does not; undefined if the entry does it all. */
  readonly other: Server | undefined;
}

async function measure(bench: Bench, { pair, lone, pipeline, goal }: Setting): Promise<Measurement[]> {
  const [entry, other] = [pair.nodes[0]!, pair.nodes[1]!];
  const entrants: readonly Entrant[] = [
    { side: "ours", name: "remote", entry, other },
    { side: "rival", name: "local", entry: lone.nodes[0]!, other: undefined },
  ];
  const driver = await Driver.start(bench, { sections: [slotsOf(pair.owners, other.port)], valueBytes });
  try {
    for (const { entry } of entrants) await driver.connect({ port: entry.port, clients });
    const measurements: Measurement[] = [];
    for (const command of driveCommands) {
      const { cells, requests } = await measureDrive(bench, driver, entrants, { command, pipeline });
      const about = {
        id: `remote-p${pipeline}-${command}`,
        label: `${command.toUpperCase()}, P${pipeline}, all keys on another node`,
        sample: `${formatCount(requests)} requests, ${clients} clients`,
        beside: "all keys local",
      };
      measurements.push(...measurementsOf(about, figuresOf(goal), cells));
    }
    return measurements;
  } finally {
    await driver.stop();
  }
}

interface Cell {
  readonly entryMicros: number;
  readonly otherMicros: number;
  readonly perSecond: number;
}

async function measureDrive(
  bench: Bench,
  driver: Driver,
  entrants: readonly Entrant[],
  drive: Drive,
): Promise<{ readonly cells: Series<Cell>; readonly requests: number }> {
  const { note, scale } = bench;
  const ports = entrants.map(({ entry }) => [entry.port]);
  const requests = await driver.requestsFor(ports, drive, scale.cellSeconds);
  const cells = await inTurns(turnsOf(bench, entrants, scale.rounds), async (entrant) => {
    const cell = await cellOf(entrant, () => driver.drive([entrant.entry.port], drive, requests));
    note(`  ${drive.command.toUpperCase()} ${entrant.name.padEnd(8)} ${describe(cell)}`);
    return cell;
  });
  return { cells, requests };
}

async function cellOf({ entry, other }: Entrant, run: () => Promise<DriveAnswer>): Promise<Cell> {
  const otherSeconds = (): number => (other === undefined ? 0 : fineCpuSeconds(other.pid));
  const before = { entry: fineCpuSeconds(entry.pid), other: otherSeconds() };
  const { requests, seconds } = await run();
  return {
    entryMicros: ((fineCpuSeconds(entry.pid) - before.entry) * 1e6) / requests,
    otherMicros: ((otherSeconds() - before.other) * 1e6) / requests,
    perSecond: requests / seconds,
  };
}

function figuresOf(goal: GoalId): readonly Figure<Cell>[] {
  return [
    {
      id: "cpu",
      figure: "CPU per operation",
      unit: "us",
      goal,
      of: ({ entryMicros, otherMicros }) => entryMicros + otherMicros,
    },
    { id: "entry-cpu", figure: "CPU per operation of the entry", unit: "us", of: (cell) => cell.entryMicros },
    { id: "rate", figure: "rate", unit: "op/s", of: (cell) => cell.perSecond },
  ];
}

function describe({ entryMicros, otherMicros, perSecond }: Cell): string {
  const rate = `${(perSecond / 1000).toFixed(0)} k/s`.padStart(9);
  const cpu = `${(entryMicros + otherMicros).toFixed(2)} us/op`.padStart(13);
  const parts =
    otherMicros === 0 ? "" : `  (entry ${entryMicros.toFixed(2)}, other ${otherMicros.toFixed(2)})`;
  return `${rate} ${cpu}${parts}`;
}
