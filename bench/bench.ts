/** What every row gets: who competes, at which scale, and the means to start processes and to tell of progress. */
import type { Children } from "./children.js";
import type { Measurement } from "./measurement.js";
import { cpuSeconds, machineCpuSeconds, reapedCpuSeconds } from "./proc.js";
import type { Scale } from "./scale.js";
import { type Contender, type Server, type Side, startServer } from "./servers.js";

export interface Bench {
  /** Ours first, then the rival if there is one. */
  readonly contenders: readonly Contender[];
  readonly children: Children;
  readonly scale: Scale;
  readonly note: (line: string) => void;
}

/** One line of the table: measures itself. Its name is what `--only` selects by. */
export interface Row {
  readonly name: string;
  readonly title: string;
  measure(bench: Bench): Promise<Measurement[]>;
}

/** One value for each side, by round. */
export interface Series<Value> {
  readonly ours: Value[];
  readonly rival: Value[];
}

/**
 * Runs every round for each contender in turn, the order reversed every other round (A B, B A, ...): a
 * machine that slowly warms up or slows down then favours neither. A round that `disturbed` finds in
 * one of its values is done again, for both, as long as no more than `rounds` of them were.
 */
export async function inTurns<Entrant extends { readonly side: Side }, Value>(
  entrants: readonly Entrant[],
  rounds: number,
  measure: (entrant: Entrant) => Promise<Value>,
  disturbed: (value: Value) => boolean = () => false,
): Promise<Series<Value>> {
  const series: Series<Value> = { ours: [], rival: [] };
  let repeats = rounds;
  while (series.ours.length < rounds) {
    const order = series.ours.length % 2 === 0 ? entrants : [...entrants].reverse();
    const values: [Side, Value][] = [];
    for (const entrant of order) values.push([entrant.side, await measure(entrant)]);
    if (values.some(([, value]) => disturbed(value)) && repeats-- > 0) continue;
    for (const [side, value] of values) series[side].push(value);
  }
  return series;
}

/** The same figure of each value, ready for a measurement. */
export function pick<Value>(
  series: Series<Value>,
  figure: (value: Value) => number,
): { ours: number[]; rival: number[] } {
  return { ours: series.ours.map(figure), rival: series.rival.map(figure) };
}

/** Runs `use` with a server of each contender alive, and stops them all whatever happens. */
export async function withServers<Value>(
  { children, contenders }: Bench,
  use: (servers: readonly Server[]) => Promise<Value>,
): Promise<Value> {
  const servers: Server[] = [];
  try {
    for (const contender of contenders) servers.push(await startServer(children, contender));
    return await use(servers);
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** Where the machine's time went while `work` ran. */
export interface Spent<Value> {
  readonly value: Value;
  readonly wallSeconds: number;
  readonly serverCpuSeconds: number;
  /** CPU time of others than the server, its load and us: builds, neighbours, the hypervisor. */
  readonly foreignCpuSeconds: number;
}

/** The load must be a child that ends within `work`: only then is its CPU time known to be its own. */
export async function accounted<Value>(server: Server, work: () => Promise<Value>): Promise<Spent<Value>> {
  const own = (): number => cpuSeconds(server.pid) + cpuSeconds(process.pid) + reapedCpuSeconds();
  const before = { server: cpuSeconds(server.pid), own: own(), machine: machineCpuSeconds() };
  const startedMs = performance.now();
  const value = await work();
  const wallSeconds = (performance.now() - startedMs) / 1000;
  return {
    value,
    wallSeconds,
    serverCpuSeconds: cpuSeconds(server.pid) - before.server,
    foreignCpuSeconds: Math.max(0, machineCpuSeconds() - before.machine - (own() - before.own)),
  };
}
