/** What clients asked of one key, a register or a counter, and were told: to be held against what one key can do. */
import { type Model, type Operation, unexplained } from "./linearizability.js";

export type RegisterAction =
  | { readonly kind: "set"; readonly value: string }
  /** `value` is what was read; undefined if nothing was there. */
  | { readonly kind: "get"; readonly value: string | undefined }
  /** Whether it was there is undefined if nobody knows. */
  | { readonly kind: "delete"; readonly wasThere: boolean | undefined }
  /** `reply` is undefined if nobody knows. */
  | { readonly kind: "increment"; readonly by: number; readonly reply: number | undefined };

/** No value: values are not empty. */
const ABSENT = "";
/** A value that nobody has read; which one is all the same. */
const UNSEEN = "(unseen)";

export const registerModel: Model<RegisterAction> = {
  initial: ABSENT,
  step(state, action) {
    switch (action.kind) {
      case "set":
        return action.value;
      case "get":
        return state === (action.value ?? ABSENT) ? state : undefined;
      case "delete":
        return action.wasThere === undefined || action.wasThere === (state !== ABSENT) ? ABSENT : undefined;
      case "increment": {
        const value = Number(state) + action.by;
        return action.reply === undefined || action.reply === value ? String(value) : undefined;
      }
    }
  },
};

/** An operation under way. */
export interface Call {
  readonly index: number;
}

export class RegisterHistory {
  readonly #operations: Operation<RegisterAction>[] = [];
  readonly #clock: () => number;

  /** `clock` answers a greater number each time. */
  constructor(
    readonly key: string,
    clock: () => number,
  ) {
    this.#clock = clock;
  }

  get operations(): readonly Operation<RegisterAction>[] {
    return this.#operations;
  }

  /** Unless more is heard of it, its outcome is not known. */
  call(action: RegisterAction): Call {
    const operation = { action, calledAt: this.#clock(), returnedAt: Infinity };
    return { index: this.#operations.push(operation) - 1 };
  }

  /** It was executed, with that answer. */
  returned({ index }: Call, action: RegisterAction): void {
    const { calledAt } = this.#operations[index]!;
    this.#operations[index] = { action, calledAt, returnedAt: this.#clock() };
  }

  /** It was not executed, or if it was that changed nothing. */
  withdraw({ index }: Call): void {
    const { calledAt } = this.#operations[index]!;
    this.#operations[index] = { action: NOTHING, calledAt, returnedAt: Infinity };
  }

  /** Why no order of the operations explains what was answered; undefined if one does. */
  anomaly(): string | undefined {
    const stuckAt = unexplained(relevant(this.#operations), registerModel);
    return stuckAt && `no order explains ${shown(stuckAt)}\n${this.#around(stuckAt)}`;
  }

  /** The operations that overlap that one, and some before and behind. */
  #around({ calledAt, returnedAt }: Operation<RegisterAction>): string {
    const effective = this.#operations.filter(({ action }) => action !== NOTHING);
    const before = effective.filter((one) => one.returnedAt < calledAt).slice(-SHOWN_BEFORE);
    const beside = effective.filter((one) => one.calledAt <= returnedAt && one.returnedAt >= calledAt);
    return [...before, ...beside]
      .sort((one, other) => one.calledAt - other.calledAt)
      .map((operation) => `  ${shown(operation)}`)
      .join("\n");
  }
}

const SHOWN_BEFORE = 12;
const NOTHING: RegisterAction = { kind: "get", value: undefined };

/** Without what cannot matter: reads of unknown outcome, and writes of unknown outcome that nobody can have seen. */
function relevant(operations: readonly Operation<RegisterAction>[]): readonly Operation<RegisterAction>[] {
  const seen = new Set(operations.map(({ action }) => (action.kind === "get" ? action.value : undefined)));
  const isCounted = operations.some(({ action }) => action.kind === "increment");
  const mayBeMissed = operations.some(({ action }) => action.kind === "delete" && action.wasThere === true);
  return operations.flatMap((operation) => {
    const { action, returnedAt } = operation;
    if (returnedAt < Infinity || isCounted) return action === NOTHING ? [] : [operation];
    if (action.kind === "get") return [];
    if (action.kind !== "set" || seen.has(action.value)) return [operation];
    return mayBeMissed ? [{ ...operation, action: { kind: "set", value: UNSEEN } }] : [];
  });
}

function shown({ action, calledAt, returnedAt }: Operation<RegisterAction>): string {
  const until = returnedAt < Infinity ? `${returnedAt}` : "?";
  return `${calledAt}-${until} ${JSON.stringify(action)}`;
}
