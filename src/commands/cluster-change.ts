/** Whom the cluster consists of, as an operator changes it: MEET and FORGET of CLUSTER and TORUS, and TORUS LEAVE. */
import type { ClusterView } from "../cluster/cluster-view.js";
import { HOST_BYTES_MAX, type Member, type NodeId } from "../membership/member.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import { isCalled, memberOfId } from "./redis-node-id.js";
import type { SessionCall } from "./session.js";

const CLUSTER_DISABLED = "ERR This instance has cluster support disabled";
const CLUSTER_STARTS = "LOADING The node serves already, and joins its cluster in a moment";
const PORT_MAX = 65535;
/** What Redis adds to the port for clients, and we do by default. */
const CLUSTER_PORT_OFFSET = 10_000;

/** The cluster that this node belongs to. Refuses where there is none, or none yet: clients know that word, and ask again. */
export function clusterOf({ node, config }: SessionCall): ClusterView {
  if (node.cluster !== null) return node.cluster;
  throw new ReplyError(config.current.clusterEnabled ? CLUSTER_STARTS : CLUSTER_DISABLED);
}

/** The member whose id is an argument, in either form. Refuses an unknown one. */
export function memberIn(call: SessionCall, index: number): Member {
  const id = call.text(index);
  const member = memberOfId(clusterOf(call), id);
  if (member === undefined) throw new ReplyError(`ERR Unknown node ${id}`);
  return member;
}

/** `MEET ip port [cluster-bus-port]`. */
export function meet(call: SessionCall): void {
  const cluster = clusterOf(call);
  if (call.count > 5) throw new ReplyError(SYNTAX_ERROR);
  const host = call.text(2);
  const port = portIn(call, 3, "base");
  const clusterPort = call.count === 5 ? portIn(call, 4, "bus") : port + CLUSTER_PORT_OFFSET;
  const isAddress =
    /^[!-~]+$/.test(host) && host.length <= HOST_BYTES_MAX && isPort(port) && isPort(clusterPort);
  if (!isAddress) throw new ReplyError(`ERR Invalid node address specified: ${host}:${call.text(3)}`);
  settle(call, () => cluster.meet({ host, port: clusterPort }));
}

function portIn(call: SessionCall, index: number, kind: "base" | "bus"): number {
  return call.integer(index, `ERR Invalid TCP ${kind} port specified: ${call.text(index)}`);
}

function isPort(port: number): boolean {
  return port >= 1 && port <= PORT_MAX;
}

/** `FORGET node-id [node-id ...] [FORCE]`. */
export function forget(call: SessionCall): void {
  const cluster = clusterOf(call);
  const isForced = call.count > 3 && call.text(call.count - 1).toUpperCase() === "FORCE";
  const ids = new Set<NodeId>();
  for (let index = 2; index < call.count - (isForced ? 1 : 0); index++) ids.add(forgettableIn(call, index));
  if (ids.has(cluster.selfId)) throw new ReplyError("ERR I tried hard but I can't forget myself...");
  settle(call, () => cluster.forget([...ids], isForced));
}

/** An id of a member, or of a node that owns slots though nobody here knows more of it. */
function forgettableIn(call: SessionCall, index: number): NodeId {
  const id = call.text(index);
  const { placement } = clusterOf(call);
  return placement?.members.find((member) => isCalled(member.id, id))?.id ?? memberIn(call, index).record.id;
}

/** `LEAVE`. */
export function leave(call: SessionCall): void {
  const cluster = clusterOf(call);
  settle(call, () => cluster.leave());
}

/** Replies OK when what is begun is done, or with the reason why it cannot be. A transaction cannot wait for it. */
function settle(call: SessionCall, begin: () => Promise<string | undefined>): void {
  const { session, reply, postpone } = call;
  if (session.transaction !== null) {
    throw new ReplyError(
      `ERR ${call.text(0).toUpperCase()} ${call.text(1).toUpperCase()} is not allowed in a transaction`,
    );
  }
  postpone(
    begin().then((problem) => () => {
      if (problem === undefined) reply.ok();
      // It may name nodes; lines of errors are byte strings.
      else reply.error(Buffer.from(problem).toString("latin1"));
    }),
  );
}
