/** Load client `fill`: writes many distinct keys as fast as a few pipelines carry them, and checks what it wrote. */
import { connect } from "node:net";
import { Connection } from "../resp.js";
import { keyDigits, keyFor, letterOf, permutation, tellingLetters, valueFor } from "./keys.js";
import { serve } from "./serve.js";

export interface FillRequest {
  readonly port: number;
  /** Four bytes, such as `key:`, or `{t}:` to put every key into one slot. */
  readonly prefix: string;
  /** Writes the keys of the numbers `first` to `first + count - 1`, in an order drawn from `seed`. */
  readonly first: number;
  readonly count: number;
  readonly seed: number;
  readonly valueBytes: number;
  /** Added to a key's number to get its value's, so that an overwrite changes the value. */
  readonly salt: number;
}

export interface FillAnswer {
  readonly seconds: number;
}

/**
 * A bulk load by a few clients, not a flood: at most 4 x 2 x 128 commands wait at the server, about a
 * millisecond of its work, so that a longer stall is the server's doing and not the load's.
 */
const connections = 4;
const batchesInFlight = 2;
const batchCommands = 128;
const reply = "+OK\r\n";
const checkedKeys = 200;

serve(async (request: FillRequest): Promise<FillAnswer> => {
  const startedMs = performance.now();
  const batches = batchesOf(request);
  await Promise.all(Array.from({ length: connections }, () => pump(request.port, batches)));
  const seconds = (performance.now() - startedMs) / 1000;
  await check(request);
  return { seconds };
});

interface Batch {
  readonly bytes: Buffer;
  readonly commands: number;
}

/** All commands in order; each batch gets a buffer of its own, since the socket may keep it for a while. */
function* batchesOf(request: FillRequest): Generator<Batch, void, void> {
  const { prefix, first, count, seed, valueBytes, salt } = request;
  const visit = permutation(count, seed);
  const head = `*3\r\n$3\r\nSET\r\n$${prefix.length + keyDigits}\r\n${prefix}`;
  const command = `${head}${"0".repeat(keyDigits)}\r\n$${valueBytes}\r\n${"x".repeat(valueBytes)}\r\n`;
  const valueAt = command.length - 2 - valueBytes;
  const lettersCount = Math.min(valueBytes, tellingLetters);
  const template = Buffer.from(command.repeat(batchCommands), "latin1");
  for (let index = 0; index < count; ) {
    const commands = Math.min(batchCommands, count - index);
    const bytes = Buffer.from(template.subarray(0, commands * command.length));
    for (let start = 0; start < bytes.length; start += command.length, index++) {
      const number = first + visit(index);
      writeDigits(bytes, start + head.length, number);
      for (let place = 0; place < lettersCount; place++) {
        bytes[start + valueAt + place] = letterOf(number + salt, place);
      }
    }
    yield { bytes, commands };
  }
}

function writeDigits(bytes: Buffer, at: number, number: number): void {
  let rest = number;
  for (let place = at + keyDigits - 1; rest > 0; place--) {
    bytes[place] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

/** One connection: takes batches from the common supply until it is empty and every reply has come. */
function pump(port: number, batches: Generator<Batch, void, void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let due = 0;
    const send = (): void => {
      const batch = batches.next();
      if (!batch.done) {
        due += batch.value.commands * reply.length;
        socket.write(batch.value.bytes);
      } else if (due === 0) {
        socket.destroy();
        resolve();
      }
    };
    socket.on("connect", () => {
      for (let started = 0; started < batchesInFlight; started++) send();
    });
    let heard = 0;
    socket.on("data", (bytes) => {
      if (bytes.includes("-"))
        socket.destroy(new Error(`the server refused: ${bytes.toString("latin1", 0, 200)}`));
      due -= bytes.length;
      heard += bytes.length;
      // Half of what may be in flight has been answered as soon as a batch's worth of replies came.
      while (heard >= batchCommands * reply.length || (due === 0 && heard > 0)) {
        heard = Math.max(0, heard - batchCommands * reply.length);
        send();
      }
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the server closed a loading connection")));
  });
}

/** Reads some keys back, spread over all of them: a fast load that lost its data is no load. */
async function check(request: FillRequest): Promise<void> {
  const connection = await Connection.open(request.port);
  const step = Math.max(1, Math.floor(request.count / checkedKeys));
  for (let index = 0; index < request.count; index += step) {
    const number = request.first + index;
    const expected = valueFor(number + request.salt, request.valueBytes);
    const got = await connection.call("GET", keyFor(request.prefix, number));
    if (got !== expected) throw new Error(`${keyFor(request.prefix, number)} holds ${got}, not ${expected}`);
  }
  connection.close();
}
