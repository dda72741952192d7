/**
 * The one function that decides what two states of a record make together: commutative, associative and idempotent, so
 * it does not matter in which order, how often and in what company states arrive.
 *
 * It is lexicographic. The higher life wins whole. Within one life the registers join by themselves, and of two
 * bodies the higher rank wins; bodies of one kind join as their kind does (Shapiro et al., "A comprehensive study
 * of Convergent and Commutative Replicated Data Types", 2011: a product of last-writer-wins registers, counters kept
 * per replica, and maps of registers with marks for what was removed).
 */
import { compareBytes } from "../base/bytes.js";
import { maxInt64 } from "../base/int64.js";
import {
  type Body,
  type Contribution,
  type CounterBody,
  type ExpiryRegister,
  type Field,
  type FieldsBody,
  hasFields,
  RANKS,
  type RecordState,
} from "./record-state.js";
import { laterItem, withoutGone } from "./stream-items.js";
import { compareVersions, equalVersions, maxVersion, VERSION_ZERO, type Version } from "./version.js";

/**
 * The join of two states of one key. All lives up to `birthFloor`, the birth floor of the slot, count as one: see
 * `isSameLife`.
 */
export function merge(a: RecordState, b: RecordState, birthFloor: Version = VERSION_ZERO): RecordState {
  if (!isSameLife(a.life, b.life, birthFloor)) return compareVersions(a.life, b.life) > 0 ? a : b;
  return {
    life: maxVersion(a.life, b.life),
    expiry: joinExpiry(a.expiry, b.expiry),
    body: joinBodies(a.body, b.body),
  };
}

/**
 * A node takes a birth floor only when every delta up to it is merged at all owners, so of the lives up to the floor
 * a key has one at most that still matters; what else claims such a life was born of its remains, at an owner that
 * took the floor earlier or later. Were those lives told apart, additions made on two sides of a partition that cut
 * a floor in half would not add up.
 */
export function isSameLife(a: Version, b: Version, birthFloor: Version): boolean {
  return equalVersions(a, b) || (compareVersions(a, birthFloor) <= 0 && compareVersions(b, birthFloor) <= 0);
}

function joinExpiry(a: ExpiryRegister, b: ExpiryRegister): ExpiryRegister {
  const order = compareVersions(a.version, b.version) || a.deadlineMs - b.deadlineMs;
  return order >= 0 ? a : b;
}

function joinBodies(a: Body, b: Body): Body {
  if (a.kind === "text" && b.kind === "text") return compareBytes(a.bytes, b.bytes) >= 0 ? a : b;
  if (a.kind === "counter" && b.kind === "counter") return joinCounters(a, b);
  if (hasFields(a) && hasFields(b) && a.kind === b.kind) return joinFields(a, b);
  return RANKS[a.kind] >= RANKS[b.kind] ? a : b;
}

function joinCounters(a: CounterBody, b: CounterBody): CounterBody {
  const contributions: Contribution[] = [];
  let i = 0;
  let j = 0;
  while (i < a.contributions.length && j < b.contributions.length) {
    const ours = a.contributions[i]!;
    const theirs = b.contributions[j]!;
    const order = compareContributors(ours, theirs);
    if (order <= 0) i++;
    if (order >= 0) j++;
    contributions.push(order === 0 ? laterContribution(ours, theirs) : order < 0 ? ours : theirs);
  }
  contributions.push(...a.contributions.slice(i), ...b.contributions.slice(j));
  return { kind: "counter", base: maxInt64(a.base, b.base), contributions };
}

/** The order of contributions in a counter. */
export function compareContributors(a: Contribution, b: Contribution): number {
  return a.origin - b.origin || a.boot - b.boot;
}

function laterContribution(a: Contribution, b: Contribution): Contribution {
  if (a.clock !== b.clock) return a.clock > b.clock ? a : b;
  return a.sum >= b.sum ? a : b;
}

function joinFields(a: FieldsBody, b: FieldsBody): FieldsBody {
  const fields = new Map(a.fields);
  const later = a.kind === "list" ? laterElement : laterField;
  const isStream = a.kind === "stream";
  for (const [name, theirs] of b.fields) {
    const ours = fields.get(name);
    if (ours === undefined) fields.set(name, theirs);
    else fields.set(name, isStream ? laterItem(name, ours, theirs) : later(ours, theirs));
  }
  return { kind: a.kind, fields: isStream ? withoutGone(fields) : fields };
}

function laterField(a: Field, b: Field): Field {
  return (compareVersions(a.version, b.version) || compareValues(a.value, b.value)) >= 0 ? a : b;
}

/**
 * Who pops an element has it, whatever others make of it meanwhile: a removal is for good. The mark takes the version of what it wins against, if
 * that is higher: were it collected before all owners know that one, the element would come back.
 */
function laterElement(a: Field, b: Field): Field {
  if ((a.value === null) === (b.value === null)) return laterField(a, b);
  return { value: null, version: maxVersion(a.version, b.version) };
}

/** The mark of a removal is below every value: of an add to a set and a removal of one version the add wins. */
function compareValues(a: Uint8Array | null, b: Uint8Array | null): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  return compareBytes(a, b);
}
