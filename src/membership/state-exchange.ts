/**
 * Comparing tables with another member (anti-entropy): what gossip lost for one of the two comes with it, and so does the state
 * that members share beside the table. Pure: bytes in, bytes out; who carries them is an `ExchangeChannel`.
 */

import type { Address } from "../host/datagrams.js";
import type { ExchangeMessage, Hello, Table } from "./exchange-message.js";
import type { Member } from "./member.js";
import { compareVersions, type MemberRecord, type MemberVersion, type NodeId } from "./member.js";
import type { MemberTable } from "./member-table.js";
import type { TableClaim } from "./swim-events.js";
import { equalDigests } from "./table-hash.js";

/** Carries one packet to a member and brings back the answer. Rejects if there is none within its patience. */
export interface ExchangeChannel {
  ask(to: Address, packet: Uint8Array): Promise<Uint8Array>;
}

/** What members share beside the table: the same bytes for all, of which the highest version holds. */
export interface SharedState {
  /** 0 as long as there is none. */
  readonly version: number;
  /** Up to `STATE_BYTES_MAX`. */
  bytes(): Uint8Array;
  /** A member has a higher version. It may be refused by doing nothing. */
  offer(version: number, bytes: Uint8Array, from: NodeId): void;
}

/** What an exchange sees of this node. */
export interface ExchangeSide {
  readonly self: MemberRecord;
  readonly table: MemberTable;
  readonly state: SharedState;
  learn(claims: readonly TableClaim[], from: NodeId): void;
}

export function helloOf({ self, table, state }: ExchangeSide): Hello {
  return { kind: "hello", record: self, digest: table.hash.digest, stateVersion: state.version };
}

/** The answer to what another member asks. */
export function answerTo(message: ExchangeMessage, side: ExchangeSide): ExchangeMessage {
  switch (message.kind) {
    case "hello":
      return answerHello(message, side);
    case "table":
      take(message, side);
      return { kind: "taken" };
    default:
      return { kind: "refused", reason: "unreadable" };
  }
}

/** Takes the answer to a hello; answers what to send back, if the other one lacks something. */
export function takeTable(table: Table, side: ExchangeSide): Table | undefined {
  // What the other one has is compared with what we had before: the rest it just told us.
  const claims = table.isEqual ? [] : lackedBy(table.claims, side.table);
  take(table, side);
  const state = stateFor(table.stateVersion, side);
  if (claims.length === 0 && state === undefined) return undefined;
  return {
    kind: "table",
    record: side.self,
    isEqual: false,
    stateVersion: side.state.version,
    state,
    claims,
  };
}

function answerHello({ record, digest, stateVersion }: Hello, side: ExchangeSide): ExchangeMessage {
  const { self, table } = side;
  side.learn([{ kind: "alive", record }], record.id);
  if (record.id === self.id) return { kind: "refused", reason: "self" };
  const isEqual = equalDigests(digest, table.hash.digest);
  const claims = isEqual ? [] : [...table.members].flatMap((member) => claimsOf(member, table));
  const state = stateFor(stateVersion, side);
  return { kind: "table", record: self, isEqual, stateVersion: side.state.version, state, claims };
}

function take({ record, claims, stateVersion, state }: Table, side: ExchangeSide): void {
  side.learn([{ kind: "alive", record }, ...claims], record.id);
  if (state !== undefined && stateVersion > side.state.version) {
    side.state.offer(stateVersion, state, record.id);
  }
}

function stateFor(theirVersion: number, { state }: ExchangeSide): Uint8Array | undefined {
  return state.version > theirVersion ? state.bytes() : undefined;
}

/** A member as a table tells it: its record and, if it is gone, that. */
function claimsOf({ record, status }: Member, table: MemberTable): TableClaim[] {
  const alive: TableClaim = { kind: "alive", record };
  if (status === "alive" || status === "suspect") return [alive];
  const { id } = record;
  const { boot, incarnation } = table.versionOf(id) ?? record;
  return [alive, { kind: status, id, boot, incarnation, by: table.declarerOf(id) }];
}

interface Known {
  record?: MemberVersion;
  gone?: MemberVersion & { readonly kind: "dead" | "forgotten" };
}

/** Of our table, what is not in the claims, or is there in an older version. */
function lackedBy(claims: readonly TableClaim[], table: MemberTable): TableClaim[] {
  const knownById = new Map<NodeId, Known>();
  for (const claim of claims) {
    const id = claim.kind === "alive" ? claim.record.id : claim.id;
    const known = knownById.get(id) ?? {};
    knownById.set(id, known);
    if (claim.kind === "alive") known.record = claim.record;
    else known.gone = claim;
  }
  return [...table.members].flatMap((member) =>
    claimsOf(member, table).filter((claim) => {
      const { record, gone } = knownById.get(member.record.id) ?? {};
      if (claim.kind === "alive") return record === undefined || compareVersions(claim.record, record) > 0;
      return gone === undefined || compareVersions(claim, gone) > 0 || claim.kind !== gone.kind;
    }),
  );
}
