/** Whether two states say the same: what tells news from what was known. */
import { equalRanges, rangeOf } from "../base/bytes.js";
import { packBody } from "./body-codec.js";
import type { RecordState } from "./record-state.js";
import { equalVersions } from "./version.js";

export function equalStates(a: RecordState, b: RecordState): boolean {
  return (
    equalVersions(a.life, b.life) &&
    a.expiry.deadlineMs === b.expiry.deadlineMs &&
    equalVersions(a.expiry.version, b.expiry.version) &&
    a.body.kind === b.body.kind &&
    (a.body === b.body || equalRanges(rangeOf(packBody(a.body)), rangeOf(packBody(b.body))))
  );
}
