/** The report on the terminal: the goals with their verdicts, since that is what the benchmark is for. */
import type { Outcome } from "../verdict.js";
import { formatDuration } from "./format.js";
import { type Report, rivalOf } from "./report.js";
import { markWords, ratioWords, scaleWords, spreadWords } from "./words.js";

const marks: Readonly<Record<Outcome, string>> = { aim: "aim", must: "pass", miss: "MISS", unjudged: "-" };

export function terminalReport(report: Report): string {
  const byId = new Map(report.measurements.map((measurement) => [measurement.id, measurement]));
  const rivalName = rivalOf(report)?.name;
  const lines: string[] = [];
  for (const { goal, outcome, members } of report.verdicts) {
    const unit = byId.get(members[0]!.id)!.unit;
    lines.push(`${marks[outcome].padEnd(5)} ${goal.title} (${markWords(goal, unit)})`);
    for (const member of members) {
      const measurement = byId.get(member.id)!;
      const { label, figure, ours, rival, beside } = measurement;
      const cells = [marks[member.outcome].padEnd(5), `${label}: ${figure}`.padEnd(52)];
      cells.push((ratioWords(measurement) ?? "").padEnd(18), `ours ${spreadWords(ours, unit)}`.padEnd(36));
      if (rival.length > 0) cells.push(`${beside ?? rivalName} ${spreadWords(rival, unit)}`);
      lines.push(`      ${cells.join(" ").trimEnd()}`);
    }
  }
  for (const { row, reason } of report.failures) lines.push(`FAILED ${row}: ${reason}`);
  lines.push("", scaleWords(report.scale), `Took ${formatDuration(report.seconds)}.`);
  return lines.join("\n");
}
