/** Holds measurements against goals. Pure: the same report always gets the same verdicts. */
import { type Goal, goals } from "./goals.js";
import type { Measurement } from "./measurement.js";
import { median, ratios } from "./statistics.js";

/** `aim`: reaches what we aim at. `must`: reaches what it must. `miss`: does not. `unjudged`: nothing to compare with. */
export type Outcome = "aim" | "must" | "miss" | "unjudged";

export interface Verdict {
  /** Of the measurement that was judged. */
  readonly id: string;
  readonly outcome: Outcome;
  /** What was judged: a ratio, or our own figure in the unit of the measurement. Undefined if unjudged. */
  readonly value: number | undefined;
}

/** A goal with the verdicts on all measurements that serve it. */
export interface GoalVerdict {
  readonly goal: Goal;
  readonly outcome: Outcome;
  readonly members: readonly Verdict[];
}

/** In the order of the goals; goals that nothing was measured for are left out. */
export function verdictsOf(measurements: readonly Measurement[]): GoalVerdict[] {
  return goals.flatMap((goal) => {
    const serving = measurements.filter((measurement) => measurement.goal === goal.id);
    const members = serving.map((measurement) => judge(goal, measurement));
    const outcome = worst(members.map((member) => member.outcome));
    return members.length === 0 ? [] : [{ goal, outcome, members }];
  });
}

export function judge(goal: Goal, { id, ours, rival }: Measurement): Verdict {
  const comparable = goal.judges === "figure" || rival.length > 0;
  const value = comparable ? median(goal.judges === "figure" ? ours : ratios(ours, rival)) : Number.NaN;
  // A ratio of nothing to nothing says nothing, and must not pass for a success.
  if (!Number.isFinite(value)) return { id, outcome: "unjudged", value: undefined };
  return { id, outcome: outcomeOf(goal, value), value };
}

/** A goal is reached by all of its measurements or not at all: its outcome is the worst of theirs. */
export function worst(outcomes: readonly Outcome[]): Outcome {
  for (const outcome of ["miss", "unjudged", "must"] as const) if (outcomes.includes(outcome)) return outcome;
  return outcomes.length === 0 ? "unjudged" : "aim";
}

function outcomeOf(goal: Goal, value: number): Outcome {
  if (reaches(goal, value, goal.aim)) return "aim";
  // Where only an aim is set, nothing that is measured can miss.
  return goal.must === undefined || reaches(goal, value, goal.must) ? "must" : "miss";
}

function reaches(goal: Goal, value: number, mark: number): boolean {
  return goal.better === "lower" ? value <= mark : value >= mark;
}
