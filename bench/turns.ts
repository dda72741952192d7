/** Rounds in which the contenders take turns. */
import type { Series } from "./measurement.js";
import { isDisturbed, type Meter, type Metered } from "./meter.js";
import type { Side } from "./servers.js";

export interface Turns<Entrant> {
  readonly entrants: readonly Entrant[];
  readonly rounds: number;
  /** How many more rounds there may be for disturbed ones. What is kept in the end shows its foreign load. */
  readonly repeatsMax: number;
  readonly meter: Meter;
  readonly note: (line: string) => void;
}

/**
 * Runs every round for each entrant in turn, the order reversed every other round (A B, B A, ...): a
 * machine that slowly warms up or slows down then favours neither. A round in which others disturbed one
 * of the two is followed by one more; of all rounds the calmest are kept, in the order of time.
 */
export async function inTurns<Entrant extends { readonly side: Side }, Value>(
  { entrants, rounds, repeatsMax, meter, note }: Turns<Entrant>,
  measure: (entrant: Entrant) => Promise<Value>,
): Promise<Series<Value>> {
  const done: Round<Value>[] = [];
  for (let calm = 0; calm < rounds && done.length < rounds + repeatsMax; ) {
    const order = done.length % 2 === 0 ? entrants : [...entrants].reverse();
    const turns = [];
    await meter.calm();
    for (const entrant of order) {
      turns.push({ side: entrant.side, ...(await meter.around(() => measure(entrant))) });
    }
    const foreignBusy = Math.max(...turns.map((turn) => turn.foreignBusy));
    done.push({ turns, foreignBusy });
    if (isDisturbed(foreignBusy))
      note(`    disturbed: others used ${(foreignBusy * 100).toFixed(0)} % of a processor`);
    else calm += 1;
  }
  const kept = calmest(done, rounds).flatMap(({ turns }) => turns);
  const ofSide = (side: Side): Metered<Value>[] =>
    kept.filter((turn) => turn.side === side).map(({ value, foreignBusy }) => ({ value, foreignBusy }));
  return { ours: ofSide("ours"), rival: ofSide("rival") };
}

interface Round<Value> {
  readonly turns: readonly (Metered<Value> & { readonly side: Side })[];
  /** The larger of its turns. */
  readonly foreignBusy: number;
}

function calmest<Value>(done: readonly Round<Value>[], count: number): Round<Value>[] {
  const byCalm = [...done].sort((a, b) => a.foreignBusy - b.foreignBusy);
  const kept = new Set(byCalm.slice(0, count));
  return done.filter((round) => kept.has(round));
}
