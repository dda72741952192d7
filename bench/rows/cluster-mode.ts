/**
 * What it costs a node to belong to a cluster when all keys are its own: CPU per operation beside the same server with
 * `--cluster-enabled no`. The difference is smaller than what a noisy minute adds, so both take turns every few
 * hundredths of a second; and no larger than that between two processes of one program, so each round has a fresh pair of them.
 */
import { type Bench, type Row, turnsOf, withServers } from "../bench.js";
import { ourNode } from "../clusters.js";
import { allSlots, type Drive, type DriveCommand, Driver, driveCommands } from "../driver.js";
import { type Figure, type Measurement, measurementsOf, type Series } from "../measurement.js";
import type { Metered } from "../meter.js";
import { fineCpuSeconds } from "../proc.js";
import type { Contender, Server, Side } from "../servers.js";
import { median } from "../statistics.js";
import { calmRounds } from "../turns.js";

const clients = 50;
const pipeline = 16;
const valueBytes = 3;
const sliceSeconds = 0.05;

export const clusterModeRow: Row = {
  name: "cluster-mode",
  title: `Cluster mode beside none, all keys local, pipelines of ${pipeline}, ${valueBytes}-byte values, ${clients} clients`,
  async measure(bench) {
    const node = ourNode(bench);
    return node === undefined ? [] : measure(bench, node);
  },
};

/** Microseconds of CPU for an operation. */
type CpuOfSides = Readonly<Record<Side, number>>;
type Pair = Readonly<Record<DriveCommand, CpuOfSides>>;

async function measure(bench: Bench, node: Contender): Promise<Measurement[]> {
  const contenders = [inMode(node, "yes"), inMode(node, "no")];
  const driver = await Driver.start(bench, { slots: allSlots, valueBytes });
  try {
    const pairs = await calmRounds(turnsOf(bench, [], bench.scale.pairs), (round) => {
      // Whichever is started and filled first: neither always is.
      const order = round % 2 === 0 ? contenders : [...contenders].reverse();
      return withServers({ ...bench, contenders: order }, (servers) => measurePair(bench, driver, servers));
    });
    return driveCommands.flatMap((command) => {
      const about = {
        id: `cluster-mode-${command}`,
        label: `${command.toUpperCase()}, P${pipeline}, cluster mode`,
        sample: `${bench.scale.slices} runs of ${sliceSeconds} s of each process, ${clients} clients`,
        beside: "cluster-enabled no",
      };
      return measurementsOf(about, [figure], seriesOf(pairs, command));
    });
  } finally {
    await driver.stop();
  }
}

const figure: Figure<number> = {
  id: "cpu",
  figure: "CPU per operation",
  unit: "us",
  goal: "cpu-cluster-mode",
  of: (micros) => micros,
};

function inMode(node: Contender, enabled: "yes" | "no"): Contender {
  const side = enabled === "yes" ? "ours" : "rival";
  return { ...node, side, command: [...node.command, "--cluster-enabled", enabled] };
}

function seriesOf(pairs: readonly Metered<Pair>[], command: DriveCommand): Series<number> {
  const ofSide = (side: Side): Metered<number>[] =>
    pairs.map(({ value, foreignBusy }) => ({ value: value[command][side], foreignBusy }));
  return { ours: ofSide("ours"), rival: ofSide("rival") };
}

async function measurePair(bench: Bench, driver: Driver, servers: readonly Server[]): Promise<Metered<Pair>> {
  const { meter, note } = bench;
  for (const { port } of servers) await driver.connect(port, clients);
  const pair = await meter.around(async () => ({
    set: await slices(bench, driver, servers, { command: "set", pipeline }),
    get: await slices(bench, driver, servers, { command: "get", pipeline }),
  }));
  const words = Object.entries(pair.value).map(([command, { ours, rival }]) => {
    return `${command.toUpperCase()} ${ours.toFixed(3)} beside ${rival.toFixed(3)} us/op, x${(ours / rival).toFixed(3)}`;
  });
  note(`  ${words.join("    ")}`);
  return pair;
}

/** The medians of many short runs, A B B A ...: whatever slows the machine for longer than one slows both alike. */
async function slices(
  { scale }: Bench,
  driver: Driver,
  servers: readonly Server[],
  drive: Drive,
): Promise<CpuOfSides> {
  const ports = servers.map(({ port }) => port);
  const requests = await driver.requestsFor(ports, drive, sliceSeconds);
  const micros: Record<Side, number[]> = { ours: [], rival: [] };
  for (let slice = 0; slice < scale.slices; slice++) {
    for (const server of slice % 2 === 0 ? servers : [...servers].reverse()) {
      const before = fineCpuSeconds(server.pid);
      const done = await driver.drive(server.port, drive, requests);
      micros[server.side].push(((fineCpuSeconds(server.pid) - before) * 1e6) / done.requests);
    }
  }
  return { ours: median(micros.ours), rival: median(micros.rival) };
}
