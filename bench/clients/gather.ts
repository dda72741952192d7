/** Load client `gather`: adds to collections as fast as a few pipelines carry it. */
import { connect } from "node:net";
import { ReplyDecoder } from "#torus/protocol/reply-decoder.js";
import { ReplyError } from "#torus/protocol/reply-error.js";
import { collectionNamed } from "../collections.js";
import { encodeCommand } from "../resp.js";
import { serve } from "./serve.js";

export interface GatherRequest {
  readonly port: number;
  /** The name in the tables of collections. */
  readonly collection: string;
  /** Commands, of the numbers from 0. */
  readonly count: number;
}

export interface GatherAnswer {
  readonly seconds: number;
}

/** As in `fill`: what waits at the server is about a millisecond of its work. */
const connections = 4;
const batchesInFlight = 2;
const batchCommands = 128;

serve(async ({ port, collection, count }: GatherRequest): Promise<GatherAnswer> => {
  const startedMs = performance.now();
  const batches = batchesOf(collection, count);
  await Promise.all(Array.from({ length: connections }, () => pump(port, batches)));
  return { seconds: (performance.now() - startedMs) / 1000 };
});

interface Batch {
  readonly text: string;
  readonly commands: number;
}

function* batchesOf(collection: string, count: number): Generator<Batch, void, void> {
  const { add } = collectionNamed(collection);
  for (let number = 0; number < count; ) {
    const commands = Math.min(batchCommands, count - number);
    let text = "";
    for (const end = number + commands; number < end; number++) text += encodeCommand(add(number));
    yield { text, commands };
  }
}

/** One connection: takes batches from the common supply until it is empty and every reply has come. */
function pump(port: number, batches: Generator<Batch, void, void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let due = 0;
    let heard = 0;
    const send = (): void => {
      const batch = batches.next();
      if (!batch.done) {
        due += batch.value.commands;
        socket.write(batch.value.text, "latin1");
      } else if (due === 0) {
        socket.destroy();
        resolve();
      }
    };
    const decoder = new ReplyDecoder((reply) => {
      if (reply instanceof ReplyError) socket.destroy(new Error(`the server refused: ${reply.message}`));
      due -= 1;
      heard += 1;
      if (heard < batchCommands && due > 0) return;
      heard = 0;
      send();
    });
    socket.on("connect", () => {
      for (let started = 0; started < batchesInFlight; started++) send();
    });
    socket.on("data", (bytes) => decoder.push(bytes));
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the server closed a loading connection")));
  });
}
