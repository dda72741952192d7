/**
 * Takes a command whose keys lie at several nodes apart, into one of the same name for each, and makes one reply of theirs. That the
 * parts are executed at different times, and one may fail without the others, is the price of it.
 */
import { slotOf } from "../base/key-hash.js";
import { HELD, type Route } from "../cluster/slot-routes.js";
import type { Call } from "../commands/call.js";
import { keyPositions } from "../commands/command-facts.js";
import { ReplyError, wrongNumberOfArguments } from "../protocol/reply-error.js";
import { buildRequest } from "../protocol/request-builder.js";
import type { Entry } from "./command-index.js";

/** A command of some of the keys. */
export interface Part {
  readonly request: Buffer;
  /** Which of the keys of the whole they are, in order. */
  readonly keys: readonly number[];
}

export interface Scattered {
  readonly parts: readonly Part[];
  /** Keys of the whole. */
  readonly keyCount: number;
}

/** Keys with the arguments that follow each, by who is to execute them. Throws a `ReplyError` for a key that lacks an argument. */
export function scatter(call: Call, { command, name }: Entry, routeOf: (slot: number) => Route): Scattered {
  const positions = keyPositions(command, call);
  const groups = new Map<string, number[]>();
  for (const [key, { at, spec }] of positions.entries()) {
    if (at + spec.step > call.count) throw new ReplyError(wrongNumberOfArguments(name));
    const slot = slotOf(call.bytes, call.start(at), call.end(at));
    const route = routeOf(slot);
    // Those that nobody executes at present may come to be executed by different nodes.
    const group = route === HELD ? `slot ${slot}` : `route ${route}`;
    const keys = groups.get(group);
    if (keys === undefined) groups.set(group, [key]);
    else keys.push(key);
  }
  const parts = Array.from(groups.values(), (keys) => {
    const marks = [call.start(0), call.end(0)];
    for (const key of keys) {
      const { at, spec } = positions[key]!;
      for (let i = at; i < at + spec.step; i++) marks.push(call.start(i), call.end(i));
    }
    return { request: buildRequest(call.bytes, Int32Array.from(marks), marks.length / 2), keys };
  });
  return { parts, keyCount: positions.length };
}
