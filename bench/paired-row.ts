/**
 * A row about what our own server costs in one setting beside another: CPU per operation of a node that has all keys. The difference is
 * smaller than what a noisy minute adds, so both take turns every few hundredths of a second; and no larger than that between
 * two processes of one program, so each round has a fresh pair of them.
 */
import { type Bench, type Row, turnsOf, withServers } from "./bench.js";
import { ourNode } from "./clusters.js";
import { allSlots, type Drive, type DriveCommand, Driver } from "./driver.js";
import type { GoalId } from "./goals.js";
import { type Figure, type Measurement, measurementsOf, type Series } from "./measurement.js";
import type { Metered } from "./meter.js";
import { fineCpuSeconds } from "./proc.js";
import type { Contender, Server, Side } from "./servers.js";
import { median } from "./statistics.js";
import { calmRounds } from "./turns.js";

const clients = 50;
const pipeline = 16;
const valueBytes = 3;
const sliceSeconds = 0.05;

export interface PairedSettings {
  readonly name: string;
  readonly title: string;
  /** Of the setting that is judged, and of the one beside it. */
  readonly words: { readonly judged: string; readonly beside: string };
  readonly flags: { readonly judged: readonly string[]; readonly beside: readonly string[] };
  readonly commands: readonly DriveCommand[];
  readonly goal: GoalId;
}

export function pairedRow(settings: PairedSettings): Row {
  return {
    name: settings.name,
    title: `${settings.title}, pipelines of ${pipeline}, ${valueBytes}-byte values, ${clients} clients`,
    async measure(bench) {
      const node = ourNode(bench);
      return node === undefined ? [] : measure(bench, node, settings);
    },
  };
}

/** Microseconds of CPU for an operation. */
type CpuOfSides = Readonly<Record<Side, number>>;
type Pair = Readonly<Partial<Record<DriveCommand, CpuOfSides>>>;

async function measure(bench: Bench, node: Contender, settings: PairedSettings): Promise<Measurement[]> {
  const { name, words, flags, commands, goal } = settings;
  const contenders: readonly Contender[] = [
    { ...node, side: "ours", command: [...node.command, ...flags.judged] },
    { ...node, side: "rival", command: [...node.command, ...flags.beside] },
  ];
  const figure: Figure<number> = {
    ...{ id: "cpu", figure: "CPU per operation", unit: "us", goal },
    of: (micros) => micros,
  };
  const driver = await Driver.start(bench, { sections: [allSlots], valueBytes });
  try {
    const pairs = await calmRounds(turnsOf(bench, [], bench.scale.pairs), (round) => {
      // Whichever is started and filled first: neither always is.
      const order = round % 2 === 0 ? contenders : [...contenders].reverse();
      return withServers({ ...bench, contenders: order }, (servers) =>
        measurePair(bench, driver, { servers, commands }),
      );
    });
    return commands.flatMap((command) => {
      const about = {
        id: `${name}-${command}`,
        label: `${command.toUpperCase()}, P${pipeline}, ${words.judged}`,
        sample: `${bench.scale.slices} runs of ${sliceSeconds} s of each process, ${clients} clients`,
        beside: words.beside,
      };
      return measurementsOf(about, [figure], seriesOf(pairs, command));
    });
  } finally {
    await driver.stop();
  }
}

function seriesOf(pairs: readonly Metered<Pair>[], command: DriveCommand): Series<number> {
  const ofSide = (side: Side): Metered<number>[] =>
    pairs.map(({ value, foreignBusy }) => ({ value: value[command]![side], foreignBusy }));
  return { ours: ofSide("ours"), rival: ofSide("rival") };
}

interface PairAtWork {
  readonly servers: readonly Server[];
  readonly commands: readonly DriveCommand[];
}

async function measurePair(
  bench: Bench,
  driver: Driver,
  { servers, commands }: PairAtWork,
): Promise<Metered<Pair>> {
  const { meter, note } = bench;
  for (const { port } of servers) await driver.connect({ port, clients });
  const pair = await meter.around(async () => {
    const taken: Partial<Record<DriveCommand, CpuOfSides>> = {};
    for (const command of commands)
      taken[command] = await slices(bench, driver, servers, { command, pipeline });
    return taken;
  });
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
  const groups = servers.map(({ port }) => [port]);
  const requests = await driver.requestsFor(groups, drive, sliceSeconds);
  const micros: Record<Side, number[]> = { ours: [], rival: [] };
  for (let slice = 0; slice < scale.slices; slice++) {
    for (const server of slice % 2 === 0 ? servers : [...servers].reverse()) {
      const before = fineCpuSeconds(server.pid);
      const done = await driver.drive([server.port], drive, requests);
      micros[server.side].push(((fineCpuSeconds(server.pid) - before) * 1e6) / done.requests);
    }
  }
  return { ours: median(micros.ours), rival: median(micros.rival) };
}
