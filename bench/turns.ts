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
 * machine that slowly warms up or slows down then favours neither.
 */
export async function inTurns<Entrant extends { readonly side: Side }, Value>(
  turns: Turns<Entrant>,
  measure: (entrant: Entrant) => Promise<Value>,
): Promise<Series<Value>> {
  const { entrants, meter } = turns;
  const rounds = await calmRounds(turns, async (round) => {
    const order = round % 2 === 0 ? entrants : [...entrants].reverse();
    const done = [];
    for (const entrant of order) {
      done.push({ side: entrant.side, ...(await meter.around(() => measure(entrant))) });
    }
    return { value: done, foreignBusy: Math.max(...done.map((turn) => turn.foreignBusy)) };
  });
  const kept = rounds.flatMap(({ value }) => value);
  const ofSide = (side: Side): Metered<Value>[] =>
    kept.filter((turn) => turn.side === side).map(({ value, foreignBusy }) => ({ value, foreignBusy }));
  return { ours: ofSide("ours"), rival: ofSide("rival") };
}

/**
 * As many rounds as asked for. One that others disturbed is followed by one more; of all of them the calmest are kept, in the order
 * of time.
 */
export async function calmRounds<Value>(
  { rounds, repeatsMax, meter, note }: Omit<Turns<never>, "entrants">,
  measure: (round: number) => Promise<Metered<Value>>,
): Promise<Metered<Value>[]> {
  const done: Metered<Value>[] = [];
  for (let calm = 0; calm < rounds && done.length < rounds + repeatsMax; ) {
    await meter.calm();
    const round = await measure(done.length);
    done.push(round);
    if (isDisturbed(round.foreignBusy))
      note(`    disturbed: others used ${(round.foreignBusy * 100).toFixed(0)} % of a processor`);
    else calm += 1;
  }
  return calmest(done, rounds);
}

function calmest<Value>(done: readonly Metered<Value>[], count: number): Metered<Value>[] {
  const byCalm = [...done].sort((a, b) => a.foreignBusy - b.foreignBusy);
  const kept = new Set(byCalm.slice(0, count));
  return done.filter((round) => kept.has(round));
}
