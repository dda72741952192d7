import type { Reply } from "./reply.js";

const CR = 13;
const LF = 10;

/** The bytes are no RESP at all: the server under test is at fault. */
export class ReplyFormatError extends Error {
  override readonly name = "ReplyFormatError";
}

/**
 * Bytes of a server to replies. Strict where clients are lenient, and written apart from the server's
 * own protocol code, so that a common misunderstanding cannot hide.
 */
export class ReplyDecoder {
  private chunks: Buffer[] = [];
  private bytesHeld = 0;
  /** Not worth trying before so many bytes are there: keeps a large reply in small pieces from being rescanned. */
  private bytesNeeded = 1;

  /** Takes bytes in and returns the replies they completed. */
  push(bytes: Buffer): Reply[] {
    this.chunks.push(bytes);
    this.bytesHeld += bytes.length;
    if (this.bytesHeld < this.bytesNeeded) return [];
    const input = this.chunks.length === 1 ? bytes : Buffer.concat(this.chunks);
    const replies: Reply[] = [];
    const reader = new Reader(input);
    let end = 0;
    for (let reply = reader.next(); reply !== undefined; reply = reader.next()) {
      replies.push(reply);
      end = reader.offset;
    }
    this.chunks = end < input.length ? [input.subarray(end)] : [];
    this.bytesHeld = input.length - end;
    this.bytesNeeded = Math.max(this.bytesHeld + 1, reader.shortBy + this.bytesHeld);
    return replies;
  }

  /** Bytes of a reply that has not ended yet. */
  get pendingBytes(): number {
    return this.bytesHeld;
  }
}

/** Reads one value after the other; `undefined` when the input ends first, and `shortBy` then says what is known to lack. */
class Reader {
  offset = 0;
  shortBy = 0;

  constructor(private readonly input: Buffer) {}

  next(): Reply | undefined {
    const line = this.line();
    if (line === undefined) return undefined;
    const body = line.slice(1);
    switch (line[0]) {
      case "+":
        return { kind: "status", text: body };
      case "-":
        return { kind: "error", text: body };
      case ":":
        return { kind: "integer", value: BigInt(digits(body)) };
      case "$":
        return body === "-1" ? { kind: "nil" } : this.bulk(count(body));
      case "*":
        return body === "-1" ? { kind: "nil-array" } : this.aggregate("array", count(body));
      case "~":
        return this.aggregate("set", count(body));
      case ">":
        return this.aggregate("push", count(body));
      case "%":
        return this.map(count(body));
      case "_":
        return { kind: "null" };
      case "#":
        return { kind: "boolean", value: truth(body) };
      case ",":
        return { kind: "double", text: body };
      case "(":
        return { kind: "big-number", text: digits(body) };
      case "=":
        return this.verbatim(count(body));
      default:
        throw new ReplyFormatError(`not a RESP type: ${JSON.stringify(line.slice(0, 80))}`);
    }
  }

  private line(): string | undefined {
    const lf = this.input.indexOf(LF, this.offset);
    if (lf < 0) return undefined;
    if (this.input[lf - 1] !== CR) throw new ReplyFormatError("a line of a reply ends in LF without CR");
    const line = this.input.toString("latin1", this.offset, lf - 1);
    this.offset = lf + 1;
    return line;
  }

  private payload(length: number): Buffer | undefined {
    const end = this.offset + length;
    if (this.input.length < end + 2) {
      this.shortBy = end + 2 - this.input.length;
      return undefined;
    }
    if (this.input[end] !== CR || this.input[end + 1] !== LF) {
      throw new ReplyFormatError(`a string of declared length ${length} does not end there`);
    }
    const bytes = Buffer.from(this.input.subarray(this.offset, end));
    this.offset = end + 2;
    return bytes;
  }

  private bulk(length: number): Reply | undefined {
    const bytes = this.payload(length);
    return bytes && { kind: "bulk", bytes };
  }

  private verbatim(length: number): Reply | undefined {
    const bytes = this.payload(length);
    return bytes && { kind: "verbatim", format: bytes.toString("latin1", 0, 3), bytes: bytes.subarray(4) };
  }

  private aggregate(kind: "array" | "set" | "push", length: number): Reply | undefined {
    const items: Reply[] = [];
    while (items.length < length) {
      const item = this.next();
      if (item === undefined) return undefined;
      items.push(item);
    }
    return { kind, items };
  }

  private map(length: number): Reply | undefined {
    const entries: [Reply, Reply][] = [];
    while (entries.length < length) {
      const key = this.next();
      const value = key && this.next();
      if (key === undefined || value === undefined) return undefined;
      entries.push([key, value]);
    }
    return { kind: "map", entries };
  }
}

function digits(text: string): string {
  if (!/^-?\d+$/.test(text)) throw new ReplyFormatError(`not an integer: ${JSON.stringify(text)}`);
  return text;
}

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new ReplyFormatError(`not a length: ${JSON.stringify(text)}`);
  return Number(text);
}

function truth(text: string): boolean {
  if (text !== "t" && text !== "f") throw new ReplyFormatError(`not a boolean: ${JSON.stringify(text)}`);
  return text === "t";
}
