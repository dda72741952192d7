import { expect } from "chai";
import fc from "fast-check";
import { type Operation, unexplained } from "./linearizability.js";
import { type RegisterAction, RegisterHistory, registerModel } from "./register-history.js";

type History = readonly Operation<RegisterAction>[];

const UNKNOWN = Infinity;

function op(calledAt: number, returnedAt: number, action: RegisterAction): Operation<RegisterAction> {
  return { calledAt, returnedAt, action };
}
const set = (value: string): RegisterAction => ({ kind: "set", value });
const get = (value: string | undefined): RegisterAction => ({ kind: "get", value });
const remove = (wasThere: boolean | undefined): RegisterAction => ({ kind: "delete", wasThere });
const increment = (by: number, reply: number | undefined): RegisterAction => ({
  kind: "increment",
  by,
  reply,
});

function isLinearizable(history: History): boolean {
  return unexplained(history, registerModel) === undefined;
}

describe("the check for linearizability", () => {
  const good: Readonly<Record<string, History>> = {
    "nothing at all": [],
    "one after the other": [op(1, 2, set("a")), op(3, 4, get("a")), op(5, 6, set("b")), op(7, 8, get("b"))],
    "a read beside a write that sees it, or not": [
      op(1, 10, set("a")),
      op(2, 3, get(undefined)),
      op(4, 5, get("a")),
    ],
    "writes side by side, in either order": [op(1, 10, set("a")), op(1, 10, set("b")), op(11, 12, get("a"))],
    "a write in doubt that is seen": [op(1, UNKNOWN, set("a")), op(2, 3, get("a"))],
    "a write in doubt that is never seen": [op(1, UNKNOWN, set("a")), op(2, 3, get(undefined))],
    "a write in doubt that is executed late": [
      op(1, UNKNOWN, set("a")),
      op(2, 3, set("b")),
      op(4, 5, get("b")),
      op(6, 7, get("a")),
    ],
    "a deletion that says what was there": [
      op(1, 2, set("a")),
      op(3, 4, remove(true)),
      op(5, 6, remove(false)),
    ],
    "a deletion of what a write in doubt wrote": [op(1, UNKNOWN, set("a")), op(2, 3, remove(true))],
    "increments side by side": [op(1, 10, increment(1, 3)), op(1, 10, increment(2, 2))],
    "an increment in doubt that counts": [op(1, UNKNOWN, increment(5, undefined)), op(2, 3, increment(1, 6))],
  };
  for (const [name, history] of Object.entries(good)) {
    it(`finds an order for ${name}`, () => expect(unexplained(history, registerModel)).to.equal(undefined));
  }

  const bad: Readonly<Record<string, History>> = {
    "a read of what nobody wrote": [op(1, 2, get("a"))],
    "a lost write": [op(1, 2, set("a")), op(3, 4, get(undefined))],
    "a stale read": [op(1, 2, set("a")), op(3, 4, set("b")), op(5, 6, get("a"))],
    "reads that disagree on the order of two writes": [
      op(1, 10, set("a")),
      op(1, 10, set("b")),
      op(11, 12, get("a")),
      op(13, 14, get("b")),
    ],
    "a read before the write in doubt that it saw": [op(1, 2, get("a")), op(3, UNKNOWN, set("a"))],
    "a write in doubt that was executed twice": [
      op(1, UNKNOWN, set("a")),
      op(2, 3, get("a")),
      op(4, 5, set("b")),
      op(6, 7, get("b")),
      op(8, 9, get("a")),
    ],
    "a deletion that returned": [op(1, 2, set("a")), op(3, 4, remove(true)), op(5, 6, get("a"))],
    "a deletion of nothing that was acknowledged": [op(1, 2, remove(true))],
    "two increments with one reply": [op(1, 10, increment(1, 1)), op(2, 9, increment(1, 1))],
    "an increment in doubt that counts twice": [
      op(1, UNKNOWN, increment(5, undefined)),
      op(2, 3, increment(1, 11)),
    ],
  };
  for (const [name, history] of Object.entries(bad)) {
    it(`finds none for ${name}`, () => expect(unexplained(history, registerModel)).to.not.equal(undefined));
  }

  it("names the operation that finds no place", () => {
    const stale = op(5, 6, get("a"));
    const history = [op(1, 2, set("a")), op(3, 4, set("b")), stale, op(7, 8, get("b"))];
    expect(unexplained(history, registerModel)).to.equal(stale);
  });

  it("passes every history of an object that executes each operation at one instant", () => {
    fc.assert(
      fc.property(executions(40), (history) => isLinearizable(history)),
      { numRuns: 300 },
    );
  });

  it("agrees with trying all orders, on histories of an object that now and then lies", () => {
    const verdicts = new Set<boolean>();
    fc.assert(
      fc.property(liesIn(executions(6)), (history) => {
        const verdict = isLinearizable(history);
        verdicts.add(verdict);
        return verdict === hasOrder(history, registerModel.initial);
      }),
      { numRuns: 2000 },
    );
    expect([...verdicts].sort()).to.deep.equal([false, true]);
  });

  it("takes no time over long histories with many outcomes in doubt", function () {
    this.timeout(5000);
    const history: Operation<RegisterAction>[] = [];
    for (let i = 0; i < 60; i++) history.push(op(i, UNKNOWN, remove(undefined)));
    for (let i = 0; i < 300; i++) {
      const at = 100 + 4 * i;
      history.push(op(at, at + 5, set(`v${i}`)), op(at + 1, at + 6, get(i % 10 === 5 ? undefined : `v${i}`)));
    }
    expect(isLinearizable(history.slice(0, -1))).to.equal(true);
    history.push(op(2000, 2001, get("v7")));
    expect(isLinearizable(history)).to.equal(false);
  });
});

describe("the history of a register", () => {
  it("judges as if what nobody can have seen were not there", () => {
    fc.assert(
      fc.property(liesIn(executions(8)), (operations) => {
        let now = 0;
        const history = new RegisterHistory("key", () => now);
        const calls = operations.map(({ action, calledAt }) => {
          now = calledAt;
          return history.call(action);
        });
        for (const [i, { action, returnedAt }] of operations.entries()) {
          now = returnedAt;
          if (returnedAt < UNKNOWN) history.returned(calls[i]!, action);
        }
        return (history.anomaly() === undefined) === isLinearizable(operations);
      }),
      { numRuns: 1000 },
    );
  });

  it("leaves out what was not executed, and tells the operations around the one that has no place", () => {
    let now = 0;
    const history = new RegisterHistory("key", () => ++now);
    history.withdraw(history.call(set("refused")));
    const write = history.call(set("a"));
    history.returned(write, set("a"));
    expect(history.anomaly()).to.equal(undefined);
    history.returned(history.call(get(undefined)), get("refused"));
    expect(history.anomaly())
      .to.match(/no order explains 4-5 .*"refused"/)
      .and.match(/2-3 .*"set".*"a"/);
  });
});

/** Histories of an object that executes each operation at one instant; of some nobody hears. */
function executions(maxLength: number): fc.Arbitrary<History> {
  const drawn = fc.record({
    kind: fc.constantFrom("set", "set", "get", "get", "delete"),
    value: fc.constantFrom("a", "b", "c"),
    calledAt: fc.integer({ min: 0, max: 3 * maxLength }),
    waitsFor: fc.integer({ min: 0, max: 6 }),
    takes: fc.integer({ min: 0, max: 6 }),
    fate: fc.constantFrom("answered", "answered", "answered", "unheard", "lost"),
  });
  return fc.array(drawn, { maxLength, size: "max" }).map((items) => {
    const executed = items
      .map((item, index) => ({ ...item, index, instant: item.calledAt + item.waitsFor }))
      .sort((one, other) => one.instant - other.instant || one.index - other.index);
    let state = registerModel.initial;
    return executed.map(({ kind, value, calledAt, instant, takes, fate }) => {
      const action = answeredIn(state, kind, value);
      if (fate !== "lost") state = registerModel.step(state, action)!;
      const returnedAt = fate === "answered" ? instant + takes : UNKNOWN;
      return op(calledAt, returnedAt, fate === "answered" ? action : unheard(action));
    });
  });
}

function answeredIn(state: string, kind: string, value: string): RegisterAction {
  if (kind === "set") return set(value);
  return kind === "get" ? get(state === "" ? undefined : state) : remove(state !== "");
}

function unheard(action: RegisterAction): RegisterAction {
  return action.kind === "delete" ? remove(undefined) : action;
}

/** The same, but one answer may be another. */
function liesIn(histories: fc.Arbitrary<History>): fc.Arbitrary<History> {
  const lie = fc.record({ at: fc.nat(), value: fc.constantFrom("a", "b", undefined) });
  return fc.tuple(histories, lie).map(([history, { at, value }]) =>
    history.map((operation, index) => {
      const { action, returnedAt } = operation;
      if (index !== at % history.length || returnedAt === UNKNOWN) return operation;
      if (action.kind === "get") return { ...operation, action: get(value) };
      return action.kind === "delete" ? { ...operation, action: remove(!action.wasThere) } : operation;
    }),
  );
}

/** Tries each operation that may come next, without memory. */
function hasOrder(rest: History, state: string): boolean {
  if (rest.every(({ returnedAt }) => returnedAt === UNKNOWN)) return true;
  const firstReturn = Math.min(...rest.map(({ returnedAt }) => returnedAt));
  return rest.some((next) => {
    if (next.calledAt > firstReturn) return false;
    const behind = registerModel.step(state, next.action);
    if (behind === undefined) return false;
    return hasOrder(
      rest.filter((each) => each !== next),
      behind,
    );
  });
}
