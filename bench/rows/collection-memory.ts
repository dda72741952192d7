/** Resident bytes per element: how much a fresh process grew while collections were loaded, keys and all, divided by the number of elements. */
import { setTimeout as pause } from "node:timers/promises";
import { type Bench, type Row, turnsOf } from "../bench.js";
import { largeCollections, smallCollections } from "../collections.js";
import { expectKeys } from "../filling.js";
import { gather } from "../gathering.js";
import { type Measurement, measurementsOf } from "../measurement.js";
import { residentBytes } from "../proc.js";
import { formatCount } from "../report/format.js";
import type { Scale } from "../scale.js";
import { type Contender, startServer } from "../servers.js";
import { inTurns } from "../turns.js";

interface Load {
  readonly name: string;
  readonly title: string;
  /** How many commands load it, how many keys there are then, and how many elements in them. */
  readonly sizes: (scale: Scale) => {
    readonly commands: number;
    readonly keys: number;
    readonly elements: number;
  };
}

const loads: readonly Load[] = [
  ...smallCollections.map(
    ({ name, title, elements }): Load => ({
      name,
      title,
      sizes: ({ collections }) => ({
        commands: collections,
        keys: collections,
        elements: collections * elements,
      }),
    }),
  ),
  ...largeCollections.map(
    ({ name, title }): Load => ({
      name,
      title,
      sizes: ({ elements }) => ({ commands: elements, keys: 1, elements }),
    }),
  ),
];

export const collectionMemoryRows: readonly Row[] = loads.map((load) => ({
  name: `elements-${load.name}`,
  title: `Resident memory per element, ${load.title}`,
  measure: (bench) => measure(bench, load),
}));

async function measure(bench: Bench, load: Load): Promise<Measurement[]> {
  const { scale, contenders } = bench;
  // Bytes do not depend on how busy others are: no round is repeated.
  const turns = { ...turnsOf(bench, contenders, scale.memoryRounds), repeatsMax: 0 };
  const bytes = await inTurns(turns, (contender) => grow(bench, contender, load));
  const sample = `${formatCount(load.sizes(scale).elements)} elements`;
  return measurementsOf<number>(
    { id: `elements-${load.name}`, label: load.title, sample },
    [
      {
        id: "bytes",
        figure: "resident bytes per element",
        unit: "bytes",
        goal: "bytes-collections",
        of: (each) => each,
      },
    ],
    bytes,
  );
}

async function grow(bench: Bench, contender: Contender, { name, sizes }: Load): Promise<number> {
  const { children, note, scale } = bench;
  const { commands, keys, elements } = sizes(scale);
  const server = await startServer(children, contender);
  try {
    await pause(scale.settleMs);
    const empty = residentBytes(server.pid);
    await gather(children, { port: server.port, collection: name, count: commands });
    await expectKeys(server.port, keys);
    await pause(scale.settleMs);
    const bytesPerElement = (residentBytes(server.pid) - empty) / elements;
    note(`  ${server.name.padEnd(8)} ${bytesPerElement.toFixed(1)} B/element`);
    return bytesPerElement;
  } finally {
    await server.stop();
  }
}
