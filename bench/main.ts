/** `npm run bench`: measures our server beside redis-server from outside and says which goals are met. */
import { mkdirSync, writeFileSync } from "node:fs";
import type { Bench } from "./bench.js";
import { Children } from "./children.js";
import { ourContender, repository, resultsDirectory, rivalContender } from "./contenders.js";
import type { Measurement } from "./measurement.js";
import { machineMeter } from "./meter.js";
import { type Options, parseOptions, usage } from "./options.js";
import { pinningHere } from "./pinning.js";
import { commandLineOf, contenderFacts, machineFacts } from "./report/facts.js";
import { page } from "./report/page.js";
import { type Report, type RowFailure, reportOf } from "./report/report.js";
import { terminalReport } from "./report/terminal.js";
import { rowsNamed } from "./rows.js";
import type { Contender } from "./servers.js";

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(usage);
  else await run(options);
} catch (error) {
  process.stderr.write(`bench: ${reasonOf(error)}\n`);
  process.exit(1); // At once: whatever still runs is ended with us.
}

async function run(options: Options): Promise<void> {
  const { scale } = options;
  const rows = rowsNamed(options.only);
  const contenders = contendersOf(options);
  const pinning = options.pin ? pinningHere() : undefined;
  const children = new Children(pinning);
  const release = endWithUs(children, scale.minutesMax);
  const note = (line: string): void => void process.stdout.write(`${line}\n`);
  const bench: Bench = { contenders, children, scale, meter: machineMeter(children, scale.patienceMs), note };
  const startedAt = new Date().toISOString();
  const startedMs = performance.now();
  const measurements: Measurement[] = [];
  const failures: RowFailure[] = [];
  for (const row of rows) {
    note(`${row.name}: ${row.title}`);
    try {
      measurements.push(...(await row.measure(bench)));
    } catch (error) {
      // One row that fails does not cost the figures of the others; it costs the success of the run.
      failures.push({ row: row.name, reason: reasonOf(error) });
      process.stderr.write(`${row.name} FAILED: ${reasonOf(error)}\n`);
      children.endAll();
    }
  }
  release();
  const report = reportOf({
    startedAt,
    seconds: (performance.now() - startedMs) / 1000,
    commandLine: `npm run bench -- ${commandLineOf(process.argv.slice(2))}`,
    scale,
    rows: rows.map((row) => row.name),
    machine: machineFacts(pinning),
    contenders: contenders.map((contender) => contenderFacts(contender, repository)),
    measurements,
    failures,
  });
  note(`\n${terminalReport(report)}`);
  for (const path of write(report, options.jsonPath)) note(path);
  if (failures.length > 0) process.exitCode = 1;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Gives the paths of what it wrote. */
function write(report: Report, jsonPath: string | undefined): string[] {
  const name = `${resultsDirectory}/${report.startedAt.slice(0, 19).replaceAll(":", "")}-${report.scale.name}`;
  const json = `${JSON.stringify(report, undefined, 1)}\n`;
  mkdirSync(resultsDirectory, { recursive: true });
  writeFileSync(`${name}.json`, json);
  writeFileSync(`${name}.html`, page(report));
  if (jsonPath !== undefined) writeFileSync(jsonPath, json);
  return [`${name}.json`, `${name}.html`, ...(jsonPath === undefined ? [] : [jsonPath])];
}

function contendersOf(options: Options): Contender[] {
  const rival = rivalContender(options);
  if (rival === undefined && !options.alone) {
    process.stderr.write("redis-server is not on the PATH: MEASURING OURS ALONE, ratios cannot be judged\n");
  }
  return [ourContender(options), ...(rival === undefined ? [] : [rival])];
}

/** However this process ends, by an error, Ctrl-C or the overall time limit, it takes its children along. */
function endWithUs(children: Children, minutesMax: number): () => void {
  const end = (why: string, exitCode: number) => (): void => {
    process.stderr.write(`\nbench: ${why}\n`);
    process.exit(exitCode);
  };
  process.on("exit", () => children.endAll());
  process.stdout.on("error", () => process.exit(1)); // Whoever read it has gone, as `head` does.
  process.on("SIGINT", end("interrupted", 130)).on("SIGTERM", end("asked to end", 143));
  const overdue = setTimeout(end(`not done within ${minutesMax} minutes`, 1), minutesMax * 60_000);
  return () => clearTimeout(overdue);
}
