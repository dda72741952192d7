/** Everything that one run of the benchmark found out, as the JSON file holds it and the page shows it. */
import type { Measurement } from "../measurement.js";
import type { Scale } from "../scale.js";
import type { Side } from "../servers.js";
import { type GoalVerdict, verdictsOf } from "../verdict.js";
import type { MachineFacts } from "./facts.js";

export interface Report {
  /** Of this format: raised when a reader of older files would misunderstand newer ones. */
  readonly format: 1;
  /** ISO 8601, with the zone. */
  readonly startedAt: string;
  readonly seconds: number;
  readonly commandLine: string;
  readonly scale: Scale;
  /** Rows that ran: all of them, unless `--only` chose. */
  readonly rows: readonly string[];
  readonly machine: MachineFacts;
  readonly contenders: readonly ContenderFacts[];
  readonly verdicts: readonly GoalVerdict[];
  readonly measurements: readonly Measurement[];
  readonly failures: readonly RowFailure[];
}

/** A row that could not be measured to its end: what it serves is neither reached nor missed. */
export interface RowFailure {
  readonly row: string;
  readonly reason: string;
}

export interface ContenderFacts {
  readonly side: Side;
  readonly name: string;
  readonly version: string;
  readonly command: string;
}

export function reportOf(parts: Omit<Report, "format" | "verdicts">): Report {
  return { format: 1, ...parts, verdicts: verdictsOf(parts.measurements) };
}

/** Name of the rival, if there is one. */
export function rivalOf(report: Report): ContenderFacts | undefined {
  return report.contenders.find(({ side }) => side === "rival");
}
