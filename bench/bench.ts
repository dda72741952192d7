/** What every row gets: who competes, at which scale, and the means to start processes and to tell of progress. */
import type { Children } from "./children.js";
import type { Measurement } from "./measurement.js";
import type { Meter } from "./meter.js";
import type { Scale } from "./scale.js";
import { type Contender, type Server, startServer } from "./servers.js";
import type { Turns } from "./turns.js";

export interface Bench {
  /** Ours first, then the rival if there is one. */
  readonly contenders: readonly Contender[];
  readonly children: Children;
  readonly scale: Scale;
  readonly meter: Meter;
  readonly note: (line: string) => void;
}

/** One line of the table: measures itself. Its name is what `--only` selects by. */
export interface Row {
  readonly name: string;
  readonly title: string;
  measure(bench: Bench): Promise<Measurement[]>;
}

/** How the contenders of this benchmark, or their servers, take turns. */
export function turnsOf<Entrant>(bench: Bench, entrants: readonly Entrant[], rounds: number): Turns<Entrant> {
  const { meter, note, scale } = bench;
  return { entrants, rounds, repeatsMax: scale.repeats ? rounds : 0, meter, note };
}

/** Runs `use` with a server of each contender alive, and stops them all whatever happens. */
export async function withServers<Value>(
  { children, contenders }: Bench,
  use: (servers: readonly Server[]) => Promise<Value>,
  flags?: readonly string[],
): Promise<Value> {
  const servers: Server[] = [];
  try {
    for (const contender of contenders) {
      servers.push(await startServer(children, contender, flags === undefined ? {} : { flags }));
    }
    return await use(servers);
  } finally {
    for (const server of servers) await server.stop();
  }
}
