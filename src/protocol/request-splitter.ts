/** Takes requests that lie one behind the other apart: those that nodes send each other. */
import { assert } from "../base/assert.js";
import { ASTERISK } from "./ascii.js";
import { COMPLETE, RequestScanner } from "./request-scanner.js";

/** Views of the requests, in order. They were scanned before, so they are whole and well-formed. */
export function splitRequests(requests: Buffer): Buffer[] {
  const scanner = newScanner();
  scanner.begin(requests, 0, requests.length);
  const split: Buffer[] = [];
  while (scanner.next() === COMPLETE) split.push(requests.subarray(scanner.commandStart, scanner.position));
  assert(scanner.position === requests.length, "what was scanned once can be scanned again");
  return split;
}

/** Looks whether bytes are requests as nodes write them: arrays, whole, one behind the other, and nothing else. */
export class RequestCounter {
  readonly #scanner = newScanner();

  /** Whether `bytes[start, end)` are `count` requests. */
  are(count: number, bytes: Buffer, start: number, end: number): boolean {
    const scanner = this.#scanner;
    scanner.begin(bytes, start, end);
    let found = 0;
    while (found <= count && scanner.next() === COMPLETE) {
      if (bytes[scanner.commandStart] !== ASTERISK) return false;
      found++;
    }
    return found === count && scanner.position === end;
  }
}

function newScanner(): RequestScanner {
  const scanner = new RequestScanner();
  scanner.bulkLengthMax = Number.MAX_SAFE_INTEGER;
  return scanner;
}
