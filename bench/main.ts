/** `npm run bench`: measures our server beside redis-server from outside and says which goals are met. */
import { mkdirSync, writeFileSync } from "node:fs";
import type { Bench } from "./bench.js";
import { Children } from "./children.js";
import { ourContender, resultsDirectory, rivalContender } from "./contenders.js";
import type { Measurement } from "./measurement.js";
import { machineMeter } from "./meter.js";
import { type Options, parseOptions, usage } from "./options.js";
import { pinningHere } from "./pinning.js";
import { formatDuration } from "./report/format.js";
import { terminalReport } from "./report/terminal.js";
import { rowsNamed } from "./rows.js";
import type { Contender } from "./servers.js";

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(usage);
  else await run(options);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`bench: ${message}\n`);
  process.exitCode = 1;
}

async function run(options: Options): Promise<void> {
  const rows = rowsNamed(options.only);
  const contenders = contendersOf(options);
  const children = new Children(options.pin ? pinningHere() : undefined);
  const release = endWithUs(children, options.scale.minutesMax);
  const note = (line: string): void => void process.stdout.write(`${line}\n`);
  const meter = machineMeter(children, options.scale.patienceMs);
  const bench: Bench = { contenders, children, scale: options.scale, meter, note };
  const startedMs = performance.now();
  const measurements: Measurement[] = [];
  try {
    for (const row of rows) {
      note(`${row.name}: ${row.title}`);
      measurements.push(...(await row.measure(bench)));
    }
  } finally {
    release();
    children.endAll();
  }
  note(`\n${terminalReport(measurements)}\n\n${formatDuration((performance.now() - startedMs) / 1000)}`);
  const json = JSON.stringify({ measurements }, undefined, 1);
  mkdirSync(resultsDirectory, { recursive: true });
  if (options.jsonPath !== undefined) writeFileSync(options.jsonPath, json);
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
  process.on("SIGINT", end("interrupted", 130)).on("SIGTERM", end("asked to end", 143));
  const overdue = setTimeout(end(`not done within ${minutesMax} minutes`, 1), minutesMax * 60_000);
  return () => clearTimeout(overdue);
}
