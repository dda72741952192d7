/** One line of CLIENT LIST: https://redis.io/docs/latest/commands/client-list/. Tools read its fields by name. */
import type { Session } from "./session.js";

const MILLIS_PER_SECOND = 1000;
/** A user may have a name of any length; the lines of all clients are put together. */
const USER_BYTES_MAX = 4096;

/** Without the line end; a byte string, as the names of users are. `nowMs` is monotonic. */
export function clientLine(session: Session, nowMs: number): string {
  const fields = Object.entries(fieldsOf(session, nowMs));
  return fields.map(([name, value]) => `${name}=${value}`).join(" ");
}

/** In the order of Redis 7.2. */
function fieldsOf(session: Session, nowMs: number): Record<string, number | string> {
  const { transaction, outputBytes, subscriptions } = session;
  return {
    id: session.id,
    addr: session.remote,
    laddr: session.local,
    fd: -1,
    name: session.name,
    age: Math.floor((nowMs - session.createdMs) / MILLIS_PER_SECOND),
    idle: Math.floor((nowMs - session.lastCommandMs) / MILLIS_PER_SECOND),
    flags: flagsOf(session),
    db: session.database,
    sub: subscriptions.channel,
    psub: subscriptions.pattern,
    ssub: subscriptions.shard,
    multi: transaction === null ? -1 : transaction.queue.length,
    qbuf: session.queryBytes,
    "qbuf-free": 0,
    "argv-mem": 0,
    "multi-mem": transaction === null ? 0 : transaction.queuedBytes,
    rbs: 0,
    rbp: 0,
    obl: 0,
    oll: outputBytes > 0 ? 1 : 0,
    omem: outputBytes,
    "tot-mem": session.memoryBytes,
    events: outputBytes > 0 ? "rw" : "r",
    cmd: session.lastCommand,
    user: session.user === null ? "(superuser)" : session.user.name.slice(0, USER_BYTES_MAX),
    redir: session.tracking?.redirect ?? -1,
    resp: session.resp,
    "lib-name": session.libraryName,
    "lib-ver": session.libraryVersion,
  };
}

function flagsOf(session: Session): string {
  let flags = session.isMonitor ? "O" : "";
  if (session.isSubscriber) flags += "P";
  if (session.transaction !== null) flags += "x";
  if (session.isParked) flags += "b";
  if (session.tracking !== null) flags += "t";
  if (session.tracking?.isBroken) flags += "R";
  if (session.tracking?.broadcasts) flags += "B";
  if (session.readsReplicas) flags += "r";
  if (session.keysChanged) flags += "d";
  if (session.isUnix) flags += "U";
  if (session.noEvict) flags += "e";
  if (session.noTouch) flags += "T";
  return flags === "" ? "N" : flags;
}
