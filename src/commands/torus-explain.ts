/** TORUS EXPLAIN and ROUTE: where a key belongs, and what is known of it there. */
import { slotOf } from "../base/key-hash.js";
import { msOfClock } from "../delta/hybrid-clock.js";
import { NOWHERE } from "../keyspace/arena.js";
import { EXPIRED, TYPE_NONE } from "../keyspace/record.js";
import { ReplyError, TEXT_TOO_LONG } from "../protocol/reply-error.js";
import { type Call, TEXT_BYTES_MAX } from "./call.js";
import { type ReportedCluster, reportedCluster } from "./lone-node.js";
import { type ReplyFields, writeTree } from "./reply-tree.js";
import type { SessionCall } from "./session.js";
import { copyOfSlot } from "./torus-copies.js";
import { linkTo } from "./torus-status.js";
import { encodingName, typeName } from "./type-names.js";

/** The argument that is the key. */
const KEY = 2;

export function route(call: SessionCall): void {
  writeTree(call.reply, routeOf(call, reportedCluster(call)));
}

export function explain(call: SessionCall): void {
  const cluster = reportedCluster(call);
  const slot = slotOfKey(call);
  const replicas = holdersOf(call, cluster).map((node) => {
    const copy = copyOfSlot(cluster, slot, node);
    return {
      node,
      name: cluster.member(node)?.record.name ?? "",
      link: linkTo(cluster, node),
      ...(node === cluster.selfId ? stateHere(call) : stateElsewhere(copy["copy"] === "in-sync")),
      ...copy,
    };
  });
  writeTree(call.reply, { ...routeOf(call, cluster), replicas });
}

/** Who has a copy of the key, or is to: the owners of its slot, the next ones, and this node, which executes for it at present. */
function holdersOf(call: Call, cluster: ReportedCluster): readonly string[] {
  const slot = slotOfKey(call);
  return [...new Set([...cluster.ownersOf(slot), ...(cluster.nextOwnersOf(slot) ?? []), cluster.selfId])];
}

function slotOfKey(call: Call): number {
  return slotOf(call.bytes, call.start(KEY), call.end(KEY));
}

function routeOf(call: Call, cluster: ReportedCluster): ReplyFields {
  const slot = slotOfKey(call);
  const owners = cluster.ownersOf(slot);
  const executor = cluster.executorOf(slot);
  const record = executor === undefined ? undefined : cluster.member(executor)?.record;
  return {
    slot,
    "hash-tag": hashTag(call.copy(KEY)),
    owners,
    "next-owners": cluster.nextOwnersOf(slot) ?? null,
    primary: owners[0] ?? null,
    executor: executor ?? null,
    name: record?.name ?? null,
    host: record?.host ?? null,
    port: record?.clientPort ?? null,
    link: executor === undefined ? "none" : linkTo(cluster, executor),
  };
}

/** What of a key decides about its slot, if not all of it: what stands in its first braces. */
function hashTag(key: Buffer): string | null {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open + 1);
  if (close - open > TEXT_BYTES_MAX) throw new ReplyError(TEXT_TOO_LONG);
  return close > open + 1 ? key.toString("utf8", open + 1, close) : null;
}

/** What this node holds of the key, without a trace of having looked. */
function stateHere(call: SessionCall): ReplyFields {
  const { keyspace } = call;
  const visible = call.peek(KEY);
  const at = visible === NOWHERE ? keyspace.ghost : visible;
  if (at === NOWHERE) return { state: "absent", ...NOTHING };
  const { records } = keyspace;
  const deadlineMs = records.deadline(at);
  const clock = records.lifeClock(at);
  return {
    state: visible === NOWHERE ? ghostState(call) : "present",
    type: typeName(records.type(at)),
    encoding: visible === NOWHERE ? null : encodingName(keyspace, at),
    clock,
    origin: records.lifeOrigin(at),
    "written-ms": msOfClock(clock),
    "expires-ms": deadlineMs === 0 ? null : deadlineMs,
  };
}

/** An owner that has everything of a slot has of the key what is here. */
function stateElsewhere(hasAll: boolean): ReplyFields {
  return { state: hasAll ? "same" : "unknown", ...NOTHING, type: null };
}

const NOTHING: ReplyFields = {
  type: "none",
  encoding: null,
  clock: null,
  origin: null,
  "written-ms": null,
  "expires-ms": null,
};

/** Of a key that no client sees: whether time took it, or a command. */
function ghostState({ keyspace }: Call): "expired" | "deleted" {
  const { records, ghost } = keyspace;
  const isHusk = records.type(ghost) === TYPE_NONE && records.deadline(ghost) !== 0;
  return isHusk || (records.word1(ghost) & EXPIRED) !== 0 ? "expired" : "deleted";
}
