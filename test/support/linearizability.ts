/**
 * Tells whether a history of operations on one object is linearizable (Herlihy and Wing, "Linearizability: A Correctness
 * Condition for Concurrent Objects", 1990): whether each seems to have been executed at one instant between its call and its return.
 * An operation whose outcome nobody knows may have been executed at any instant after its call, or never.
 *
 * The search is that of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993), which tries each operation that may
 * come next and takes it back where that leads nowhere, with Lowe's memory ("Testing for Linearizability", 2017): the same
 * operations done, with the same state behind them, are not tried twice.
 */

export interface Operation<Action> {
  readonly action: Action;
  /** Whatever counts: of two events the later one has the greater number. */
  readonly calledAt: number;
  /** Infinity if the outcome is not known. */
  readonly returnedAt: number;
}

/** What the object does when operations come one after the other. */
export interface Model<Action> {
  readonly initial: string;
  /** The state behind an operation, or undefined if it cannot have been answered like that in the state before. */
  step(state: string, action: Action): string | undefined;
}

/**
 * Undefined if the history, in any order, is linearizable; if not, the operation that the attempt which got furthest could not
 * find a place for.
 */
export function unexplained<Action>(
  history: readonly Operation<Action>[],
  model: Model<Action>,
): Operation<Action> | undefined {
  return new Search(history, model).run();
}

/** A call or a return, in a list of those whose operations have not been placed yet. */
interface Event<Action> {
  readonly of: Placing<Action>;
  readonly isCall: boolean;
  previous: Event<Action> | undefined;
  next: Event<Action> | undefined;
}

interface Placing<Action> {
  readonly operation: Operation<Action>;
  /** In sets of operations. */
  readonly bit: bigint;
  /** The outcome of neither is known and both do the same: this one, called earlier, is tried first. */
  readonly twin: Placing<Action> | undefined;
  isPlaced: boolean;
  call: Event<Action>;
  /** Undefined if the outcome is not known. */
  end: Event<Action> | undefined;
}

class Search<Action> {
  readonly #model: Model<Action>;
  /** Before the first event. */
  readonly #head: { next: Event<Action> | undefined } = { next: undefined };
  /** Sets of operations that were placed, by the state behind them. */
  readonly #tried = new Map<string, Set<bigint>>();
  #placed = 0n;
  #state: string;
  /** Operations that must still be placed. */
  #missing = 0;

  constructor(history: readonly Operation<Action>[], model: Model<Action>) {
    this.#model = model;
    this.#state = model.initial;
    this.#link(history);
  }

  run(): Operation<Action> | undefined {
    const choices: { readonly placing: Placing<Action>; readonly stateBefore: string }[] = [];
    let stuckAt: Operation<Action> | undefined;
    let fewestMissing = Infinity;
    let event = this.#head.next;
    while (this.#missing > 0) {
      if (event?.isCall) {
        const stateBefore = this.#state;
        if (this.#place(event.of)) {
          choices.push({ placing: event.of, stateBefore });
          event = this.#head.next;
        } else {
          event = event.next;
        }
        continue;
      }
      // An operation has returned that found no place.
      if (event !== undefined && this.#missing < fewestMissing) {
        fewestMissing = this.#missing;
        stuckAt = event.of.operation;
      }
      const choice = choices.pop();
      if (choice === undefined) return stuckAt;
      this.#takeBack(choice.placing);
      this.#state = choice.stateBefore;
      event = choice.placing.call.next;
    }
    return undefined;
  }

  #link(history: readonly Operation<Action>[]): void {
    const sorted = [...history].sort((one, other) => one.calledAt - other.calledAt);
    const lastUnknown = new Map<string, Placing<Action>>();
    const events = sorted.flatMap((operation, index) => {
      const isKnown = operation.returnedAt < Infinity;
      const name = JSON.stringify(operation.action);
      const twin = isKnown ? undefined : lastUnknown.get(name);
      const placing = { operation, bit: 1n << BigInt(index), twin, isPlaced: false } as Placing<Action>;
      placing.call = { of: placing, isCall: true, previous: undefined, next: undefined };
      placing.end = isKnown ? { ...placing.call, isCall: false } : undefined;
      if (isKnown) this.#missing++;
      else lastUnknown.set(name, placing);
      return placing.end === undefined ? [placing.call] : [placing.call, placing.end];
    });
    const timeOf = ({ of: { operation }, isCall }: Event<Action>) =>
      isCall ? operation.calledAt : operation.returnedAt;
    // At one time calls come first: those that touch are concurrent.
    events.sort((one, other) => timeOf(one) - timeOf(other) || Number(other.isCall) - Number(one.isCall));
    let previous: Event<Action> | undefined;
    for (const event of events) {
      event.previous = previous;
      (previous ?? this.#head).next = event;
      previous = event;
    }
  }

  /** Lets an operation be the next one, unless that cannot be or has been tried. */
  #place(placing: Placing<Action>): boolean {
    if (placing.twin !== undefined && !placing.twin.isPlaced) return false;
    const state = this.#model.step(this.#state, placing.operation.action);
    if (state === undefined || this.#isTried(state, this.#placed | placing.bit)) return false;
    this.#state = state;
    this.#placed |= placing.bit;
    placing.isPlaced = true;
    this.#unlink(placing.call);
    if (placing.end !== undefined) {
      this.#unlink(placing.end);
      this.#missing--;
    }
    return true;
  }

  #takeBack(placing: Placing<Action>): void {
    if (placing.end !== undefined) {
      this.#relink(placing.end);
      this.#missing++;
    }
    this.#relink(placing.call);
    placing.isPlaced = false;
    this.#placed ^= placing.bit;
  }

  #isTried(state: string, placed: bigint): boolean {
    const tried = this.#tried.get(state) ?? new Set();
    this.#tried.set(state, tried);
    if (tried.has(placed)) return true;
    tried.add(placed);
    return false;
  }

  #unlink({ previous, next }: Event<Action>): void {
    (previous ?? this.#head).next = next;
    if (next !== undefined) next.previous = previous;
  }

  /** What is unlinked still knows its neighbours: they are put back in the opposite order. */
  #relink(event: Event<Action>): void {
    (event.previous ?? this.#head).next = event;
    if (event.next !== undefined) event.next.previous = event;
  }
}
