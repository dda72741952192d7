import type { PartialRequest } from "#torus/protocol/partial-request.js";
import { BROKEN, COMPLETE, RequestScanner } from "#torus/protocol/request-scanner.js";

/** What a client's bytes meant: its commands (arguments as latin1), and how it ended. */
export interface Outcome {
  readonly commands: readonly (readonly string[])[];
  readonly error: string;
  /** Bytes kept for the next read. */
  readonly keptBytes: number;
}

/** Reads of a fixed size into one shared buffer full of other clients' bytes, as the network makes them. */
const READ_BYTES = 64 * 1024;

export interface ScanOptions {
  readonly scanner?: RequestScanner;
  /** Called with what is kept after each read. */
  readonly kept?: (partial: PartialRequest | undefined) => void;
  /** Stops after so many commands of each read; the others are kept and resumed without new bytes. */
  readonly commandsPerTurn?: number;
}

/** Sends `chunks` through a scanner as a connection does. */
export function scanChunks(chunks: Iterable<Buffer>, options: ScanOptions = {}): Outcome {
  const { scanner = new RequestScanner(), kept = () => undefined, commandsPerTurn = Infinity } = options;
  const shared = Buffer.alloc(READ_BYTES, "*1\r\n$4\r\nOOPS\r\n");
  const commands: string[][] = [];
  let partial: PartialRequest | undefined;
  for (const chunk of chunks) {
    const bytes = chunk.length <= shared.length ? shared : Buffer.alloc(chunk.length);
    chunk.copy(bytes);
    let length = chunk.length;
    for (;;) {
      if (partial === undefined) scanner.begin(bytes, 0, length);
      else scanner.resume(partial, bytes, 0, length);
      let result = scanner.next();
      let taken = 0;
      while (result === COMPLETE) {
        commands.push(argumentsOf(scanner));
        if (++taken === commandsPerTurn) break;
        result = scanner.next();
      }
      if (result === BROKEN) return { commands, error: scanner.error, keptBytes: 0 };
      partial = scanner.takeRest();
      kept(partial);
      if (result !== COMPLETE) break;
      length = 0;
    }
    // The next read overwrites the buffer: nothing may still point into it.
    shared.fill(0x2a);
  }
  return { commands, error: "", keptBytes: partial?.byteLength ?? 0 };
}

export function argumentsOf(scanner: RequestScanner): string[] {
  return Array.from({ length: scanner.count }, (_, i) =>
    scanner.bytes.toString("latin1", scanner.marks[2 * i], scanner.marks[2 * i + 1]),
  );
}

/** A command as clients send it; arguments are byte strings. */
export function encode(...args: readonly string[]): Buffer {
  const bulks = args.map((arg) => `$${arg.length}\r\n${arg}\r\n`);
  return Buffer.from(`*${args.length}\r\n${bulks.join("")}`, "latin1");
}

export function* cut(bytes: Buffer, ...at: readonly number[]): Generator<Buffer> {
  let from = 0;
  for (const to of [...at, bytes.length]) {
    yield bytes.subarray(from, to);
    from = to;
  }
}

export function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}
