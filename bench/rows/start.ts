/** Time from the start of a process, empty, to its first PONG: what a test suite that starts a server waits for. */
import { type Bench, type Row, turnsOf } from "../bench.js";
import { type Measurement, measurementsOf } from "../measurement.js";
import { type Server, startServer } from "../servers.js";
import { inTurns } from "../turns.js";

export const startRow: Row = { name: "start", title: "First PONG after process start, empty", measure };

async function measure(bench: Bench): Promise<Measurement[]> {
  const { children, contenders, scale, note } = bench;
  const starts = await inTurns(
    turnsOf(bench, contenders, scale.starts),
    async (contender): Promise<Server> => {
      const server = await startServer(children, contender);
      await server.stop();
      return server;
    },
  );
  const figure = { id: "first-pong", figure: "first PONG", unit: "ms", goal: "first-pong" } as const;
  const common = { id: "start", label: "empty", sample: `${scale.starts} starts` };
  const measurements = measurementsOf<Server>(
    common,
    [{ ...figure, of: (server) => server.firstPongMs }],
    starts,
  );
  for (const {
    value: { firstPongMs, name },
  } of [...starts.ours, ...starts.rival]) {
    note(`  ${name.padEnd(8)} ${firstPongMs.toFixed(0)} ms`);
  }
  return measurements;
}
