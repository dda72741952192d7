/** Rounds in which the contenders take turns. */
import type { Series } from "./measurement.js";
import { isDisturbed, type Meter } from "./meter.js";
import type { Side } from "./servers.js";

export interface Turns<Entrant> {
  readonly entrants: readonly Entrant[];
  readonly rounds: number;
  /** Disturbed rounds that may be repeated; after that they are kept, and the report shows the foreign load. */
  readonly repeatsMax: number;
  readonly meter: Meter;
  readonly note: (line: string) => void;
}

/**
 * Runs every round for each entrant in turn, the order reversed every other round (A B, B A, ...): a
 * machine that slowly warms up or slows down then favours neither. A round in which others disturbed one
 * of the two is done again for both.
 */
export async function inTurns<Entrant extends { readonly side: Side }, Value>(
  { entrants, rounds, repeatsMax, meter, note }: Turns<Entrant>,
  measure: (entrant: Entrant) => Promise<Value>,
): Promise<Series<Value>> {
  const series: Series<Value> = { ours: [], rival: [] };
  for (let repeats = 0; series.ours.length < rounds; ) {
    const order = series.ours.length % 2 === 0 ? entrants : [...entrants].reverse();
    const turns = [];
    await meter.calm();
    for (const entrant of order) {
      turns.push({ side: entrant.side, ...(await meter.around(() => measure(entrant))) });
    }
    const foreignBusy = Math.max(...turns.map((turn) => turn.foreignBusy));
    if (isDisturbed(foreignBusy))
      note(`    disturbed: others used ${(foreignBusy * 100).toFixed(0)} % of a processor`);
    if (isDisturbed(foreignBusy) && repeats++ < repeatsMax) continue;
    for (const { side, ...metered } of turns) series[side].push(metered);
  }
  return series;
}
