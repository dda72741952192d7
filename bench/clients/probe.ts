/**
 * Load client `probe`: the second client. Asks GET of one key, the next as soon as the last was answered,
 * and tells how long the answers took. It never pauses, so that no stall falls between two questions.
 */
import { connect, type Socket } from "node:net";
import { encodeCommand } from "../resp.js";
import { percentile } from "../statistics.js";
import { serve } from "./serve.js";
import { beUrgent } from "./urgency.js";

export type ProbeRequest = { readonly kind: "start"; readonly port: number } | { readonly kind: "lap" };

/** The answer to `lap`: what was seen since the lap before. */
export interface Lap {
  readonly questions: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const key = "probe:0000000000";
const question = Buffer.from(encodeCommand(["GET", key]));
const answer = Buffer.from("$4\r\nhere\r\n");

/** A minute at 30 us an answer. Allocated and touched before the first question: no page fault while timing. */
const answersMax = 2_000_000;
const roundTripsMs = new Float64Array(answersMax).fill(-1);
let questions = 0;
/** Called at every answer: a lap may be waiting for the first. */
let answered = (): void => {};

serve(async (request: ProbeRequest): Promise<Lap | { readonly kind: "started" }> => {
  if (request.kind === "lap") return lap();
  await start(request.port);
  return { kind: "started" };
});

async function start(port: number): Promise<void> {
  beUrgent();
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(encodeCommand(["SET", key, "here"]));
  await new Promise((resolve) => socket.once("data", resolve));
  socket.on("close", () => fail("the server closed the connection of the probe"));
  askForever(socket);
}

function askForever(socket: Socket): void {
  let askedMs = 0;
  let got = 0;
  const ask = (): void => {
    got = 0;
    askedMs = performance.now();
    socket.write(question);
  };
  socket.on("data", (bytes) => {
    if (answer.compare(bytes, 0, bytes.length, got, got + bytes.length) !== 0)
      fail(`got ${bytes.toString("latin1")}`);
    got += bytes.length;
    if (got < answer.length) return;
    if (questions === answersMax) fail(`more than ${answersMax} answers in one lap`);
    roundTripsMs[questions++] = performance.now() - askedMs;
    answered();
    ask();
  });
  ask();
}

/**
 * Takes what was seen so far; at least one answer, for which it waits. A question that is under way beyond that counts for the
 * next lap.
 */
async function lap(): Promise<Lap> {
  if (questions === 0) {
    await new Promise<void>((resolve) => {
      answered = resolve;
    });
  }
  const seen = roundTripsMs.slice(0, questions).sort();
  questions = 0;
  const rank = (percent: number): number => percentile(seen, percent);
  return { questions: seen.length, p50Ms: rank(50), p99Ms: rank(99), maxMs: rank(100) };
}

function fail(reason: string): never {
  console.error(`probe: ${reason}`);
  process.exit(1);
}
