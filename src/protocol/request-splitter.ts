/** Takes requests that lie one behind the other apart. They were scanned before, so they are whole and well-formed. */
import { assert } from "../base/assert.js";
import { COMPLETE, RequestScanner } from "./request-scanner.js";

/** Views of the requests, in order. */
export function splitRequests(requests: Buffer): Buffer[] {
  const scanner = new RequestScanner();
  scanner.bulkLengthMax = Number.MAX_SAFE_INTEGER;
  scanner.begin(requests, 0, requests.length);
  const split: Buffer[] = [];
  while (scanner.next() === COMPLETE) split.push(requests.subarray(scanner.commandStart, scanner.position));
  assert(scanner.position === requests.length, "what was scanned once can be scanned again");
  return split;
}
