/** Holds measurements against goals. Pure: the same report always gets the same verdicts. */
import { type Goal, type GoalId, goals } from "./goals.js";
import type { Measurement } from "./measurement.js";
import { median, ratios } from "./statistics.js";

/** `aim`: reaches what we aim at. `must`: reaches what it must. `miss`: does not. `unjudged`: nothing to compare with. */
export type Outcome = "aim" | "must" | "miss" | "unjudged";

export interface Verdict {
  readonly goal: Goal;
  readonly outcome: Outcome;
  /** What was judged: a ratio, or our own figure in the unit of the measurement. Undefined if unjudged. */
  readonly value: number | undefined;
}

/** One verdict for each measurement that serves a goal. */
export function judge(measurement: Measurement): Verdict | undefined {
  if (measurement.goal === undefined) return undefined;
  const goal = goalOf(measurement.goal);
  const values =
    goal.judges === "figure"
      ? measurement.ours
      : measurement.rival.length === 0
        ? []
        : ratios(measurement.ours, measurement.rival);
  if (values.length === 0) return { goal, outcome: "unjudged", value: undefined };
  const value = median(values);
  return { goal, outcome: outcomeOf(goal, value), value };
}

/** A goal is reached by all of its measurements or not at all: its outcome is the worst of theirs. */
export function worst(outcomes: readonly Outcome[]): Outcome {
  for (const outcome of ["miss", "unjudged", "must"] as const) if (outcomes.includes(outcome)) return outcome;
  return outcomes.length === 0 ? "unjudged" : "aim";
}

function outcomeOf(goal: Goal, value: number): Outcome {
  // A ratio of nothing to nothing says nothing, and must not pass for a success.
  if (Number.isNaN(value)) return "unjudged";
  if (reaches(goal, value, goal.aim)) return "aim";
  // Where only an aim is set, nothing that is measured can miss.
  return goal.must === undefined || reaches(goal, value, goal.must) ? "must" : "miss";
}

function reaches(goal: Goal, value: number, mark: number): boolean {
  return goal.better === "lower" ? value <= mark : value >= mark;
}

export function goalOf(id: GoalId): Goal {
  const goal = goals.find((candidate) => candidate.id === id);
  if (goal === undefined) throw new RangeError(`no goal is called ${id}`);
  return goal;
}
