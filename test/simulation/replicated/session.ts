/**
 * What one connection has seen and written of keys that only grow: hashes that only get fields, numbers that are only added to. A later
 * read by the same connection shows all of that, wherever it is answered (read your writes, monotonic reads: Terry et al., "Session
 * Guarantees for Weakly Consistent Replicated Data", 1994).
 */
import { Violation } from "../cluster/violation.js";

export class Session {
  readonly #fieldsByKey = new Map<string, Set<string>>();
  readonly #sumByKey = new Map<string, number>();

  wroteField(key: string, field: string): void {
    this.#fieldsOf(key).add(field);
  }

  sawFields(key: string, fields: ReadonlySet<string>): void {
    const known = this.#fieldsOf(key);
    const missing = [...known].filter((field) => !fields.has(field));
    if (missing.length > 0)
      throw new Violation(`a connection does not see again what it saw or wrote: ${missing.join(", ")}`, key);
    for (const field of fields) known.add(field);
  }

  /** It added to a key, and was told that this is the sum now. */
  wroteSum(key: string, sum: number): void {
    this.#sumByKey.set(key, Math.max(sum, this.#sumByKey.get(key) ?? 0));
  }

  sawSum(key: string, sum: number): void {
    const known = this.#sumByKey.get(key) ?? 0;
    if (sum < known) throw new Violation(`a connection saw ${known}, and then ${sum}`, key);
    this.#sumByKey.set(key, sum);
  }

  #fieldsOf(key: string): Set<string> {
    const fields = this.#fieldsByKey.get(key) ?? new Set();
    this.#fieldsByKey.set(key, fields);
    return fields;
  }
}
