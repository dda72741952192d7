/** An eye on one key of a cluster: notes which node each sends its commands to, and what each holds of it, whenever that changes. */
import { CLOCK_UNITS_PER_MS } from "#torus/delta/hybrid-clock.js";
import { counterValue } from "#torus/delta/packed-counter.js";
import type { RecordState } from "#torus/delta/record-state.js";
import type { Version } from "#torus/delta/version.js";
import { stateOf } from "../../support/keyspace-contents.js";
import { slotOfKey } from "../../support/sim-cluster.js";
import type { Chronicle } from "../cluster/chronicle.js";
import type { Fleet, Interior } from "../cluster/fleet.js";

const BODY_LENGTH_SHOWN = 60;

export class Lens {
  readonly #last = new Map<string, string>();

  constructor(
    private readonly fleet: Fleet,
    private readonly chronicle: Chronicle,
    private readonly key: string,
  ) {}

  look(): void {
    for (const name of this.fleet.alive) {
      const interior = this.fleet.interiorOf(name);
      if (interior === undefined) continue;
      this.#note(`${name} has the slot's commands executed by`, this.#executor(interior));
      this.#note(`${name} holds`, this.#held(interior));
    }
  }

  #note(what: string, now: string): void {
    if (this.#last.get(what) === now) return;
    this.#last.set(what, now);
    this.chronicle.note(`${what} ${now}`);
  }

  #executor({ view }: Interior): string {
    const slot = slotOfKey(this.key);
    const executor = view.executorOf(slot);
    const nameOf = (id: string) => this.fleet.nameOf(id);
    const owners = view.ownersOf(slot).map(nameOf).join(" ");
    const next = view.nextOwnersOf(slot)?.map(nameOf).join(" ");
    return `${executor === undefined ? "nobody" : nameOf(executor)}, of ${owners}${next === undefined ? "" : `, then ${next}`}`;
  }

  #held({ keyspace }: Interior): string {
    const states = keyspace.databases.flatMap((database) => {
      const state = stateOf(keyspace, database, this.key);
      return state === undefined ? [] : [shown(state)];
    });
    return states.length === 0 ? "nothing" : states.join("; ");
  }
}

function shown({ life, expiry, body }: RecordState): string {
  const deadline = expiry.deadlineMs === 0 ? "" : `, until ${expiry.deadlineMs}`;
  return `${bodyOf(body).slice(0, BODY_LENGTH_SHOWN)}, of ${versionOf(life)}${deadline}`;
}

function bodyOf(body: RecordState["body"]): string {
  switch (body.kind) {
    case "none":
      return "a tombstone";
    case "text":
      return Buffer.from(body.bytes).toString("latin1");
    case "counter":
      return String(counterValue(body));
    case "hash":
    case "set":
    case "list":
    case "zset":
    case "stream":
      return `fields ${[...body.fields].map(([name, { value }]) => (value === null ? `no ${name}` : name)).join(", ")}`;
  }
}

/** Milliseconds, of which the last digits tell writes of one run apart, and the counter. */
function versionOf({ clock, origin }: Version): string {
  const ms = Math.floor(clock / CLOCK_UNITS_PER_MS) % 1e6;
  return `${ms}+${clock % CLOCK_UNITS_PER_MS} by origin ${origin}`;
}
