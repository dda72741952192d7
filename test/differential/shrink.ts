import type { Target } from "../support/target.js";
import { type Disagreement, duel } from "./duel.js";
import { oneByOne, type Program, type Turn } from "./program.js";

/**
 * Takes away whatever the disagreement does not need: first the pipelining, then ever smaller runs of
 * turns (delta debugging, Zeller and Hildebrandt 2002, without complements).
 */
export async function shrink(found: Disagreement, left: Target, right: Target): Promise<Disagreement> {
  const dueled = async (program: Program): Promise<Disagreement | undefined> => duel(program, left, right);
  let smallest = (await dueled(oneByOne(found.program))) ?? found;
  for (let size = Math.ceil(smallest.program.turns.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < smallest.program.turns.length; ) {
      const program = { ...smallest.program, turns: without(smallest.program.turns, start, size) };
      const smaller = await dueled(program);
      if (smaller === undefined) start += size;
      else smallest = smaller;
    }
  }
  return smallest;
}

function without(turns: readonly Turn[], start: number, size: number): Turn[] {
  return [...turns.slice(0, start), ...turns.slice(start + size)];
}
