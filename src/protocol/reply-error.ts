/**
 * The errors that clients see: lines of the form `CODE text`, without the `-` and the line end of the wire. Codes are
 * stable and programs depend on them; the texts here are Redis 7.0's, letter by letter. Lines are byte
 * strings (one character a byte, latin1), for they may quote what a client sent.
 */

/** Thrown or returned where a command fails by its client's fault. */
export class ReplyError extends Error {
  override readonly name = "ReplyError";

  /** `line` is the whole line, such as `ERR syntax error`. */
  constructor(readonly line: string) {
    super(line);
  }

  /** The first word of the line, such as `WRONGTYPE`. */
  get code(): string {
    const space = this.line.indexOf(" ");
    return space === -1 ? this.line : this.line.slice(0, space);
  }
}

export const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
export const SYNTAX_ERROR = "ERR syntax error";
export const NO_SUCH_KEY = "ERR no such key";
export const SAME_OBJECT = "ERR source and destination objects are the same";
export const INDEX_OUT_OF_RANGE = "ERR index out of range";
export const NOT_AN_INTEGER = "ERR value is not an integer or out of range";
export const NOT_A_FLOAT = "ERR value is not a valid float";
export const OUT_OF_RANGE = "ERR value is out of range";
export const COUNT_OUT_OF_RANGE =
  "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
export const NOT_POSITIVE = "ERR value is out of range, must be positive";
export const INCREMENT_OVERFLOW = "ERR increment or decrement would overflow";
export const DECREMENT_OVERFLOW = "ERR decrement would overflow";
export const INCREMENT_NOT_FINITE = "ERR increment would produce NaN or Infinity";
export const INCREMENT_INFINITE = "ERR value is NaN or Infinity";
export const STRING_TOO_LONG = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
export const OFFSET_OUT_OF_RANGE = "ERR offset is out of range";
export const NOT_A_BIT_OFFSET = "ERR bit offset is not an integer or out of range";
export const NOT_A_BIT = "ERR bit is not an integer or out of range";
export const BIT_NOT_ZERO_OR_ONE = "ERR The bit argument must be 1 or 0.";
export const HASH_VALUE_NOT_AN_INTEGER = "ERR hash value is not an integer";
export const HASH_VALUE_NOT_A_FLOAT = "ERR hash value is not a float";
export const INVALID_CURSOR = "ERR invalid cursor";
export const DATABASE_OUT_OF_RANGE = "ERR DB index is out of range";
export const TIMEOUT_NOT_AN_INTEGER = "ERR timeout is not an integer or out of range";
export const TIMEOUT_NEGATIVE = "ERR timeout is negative";
export const UNBLOCKED = "UNBLOCKED client unblocked via CLIENT UNBLOCK";

/** Ours alone: of names, rules and their like, which Redis lets be as long as values. */
export const TEXT_TOO_LONG = "ERR a name or another text is longer than 256 MiB";
/** Ours alone: Redis lets replies grow without limit. */
export const REPLY_TOO_LARGE = "ERR the reply would be larger than 1 GiB";

export const NO_AUTH = "NOAUTH Authentication required.";
export const WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";
export const NO_PERMISSION_FOR_KEY =
  "NOPERM this user has no permissions to access one of the keys used as arguments";
export const NO_PERMISSION_FOR_CHANNEL =
  "NOPERM this user has no permissions to access one of the channels used as arguments";
export const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";
export const LOADING = "LOADING Redis is loading the dataset in memory";
/** Ours alone: the disk failed between the write and its acknowledgement. */
export const IN_DOUBT = "INDOUBT The write was made but may be lost: the log could not be synced";
/** Ours alone: of a command in a transaction that was not executed. */
export const TRANSACTION_TOO_LONG =
  "ERR the transaction has changed more than 1 GiB before, which is kept in one piece: this command was not executed";
/** Ours alone: of a command that another node executes. */
export const IN_DOUBT_ELSEWHERE = "INDOUBT the write was sent to another node and its outcome is unknown";
export const TRY_AGAIN = "TRYAGAIN no node that can be reached executes commands for this slot at present";
export const OVERTAKEN =
  "TRYAGAIN the reply to this read was lost with a link, and later commands of this connection are replied to already";
export const SLOT_NOT_SERVED = "CLUSTERDOWN Hash slot not served: the node that has it is not alive";
/** Ours alone, to clients at quorum: the first two say that nothing happened, the third that it did. */
export const NO_REPLICAS = "NOREPLICAS not enough live owners of this slot for a quorum: nothing was done";
export const NO_QUORUM_FOR_READ =
  "NOQUORUM what was to be read was not confirmed by a majority in time: nothing was changed";
export const NO_QUORUM =
  "NOQUORUM the write was done here but not confirmed by a majority in time: it stays and may win";
export const CROSS_SLOT =
  "CROSSSLOT Keys in request don't hash to the same slot (names that share a {tag} do)";
export const NOT_IN_TRANSACTION =
  "ERR Command not allowed inside a transaction on a cluster of several nodes: it concerns all of them";
/** Of a client that monitors, which Redis takes for a replica of a kind. */
export const MONITOR_ONLY = "ERR Replica can't interact with the keyspace";
/** `command` is the lower-case full name. */
export function notWhileSubscribed(command: string): string {
  return `ERR Can't execute '${command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`;
}
export const BUSY_KEY = "BUSYKEY Target key name already exists.";
export const NOT_A_PROTOCOL_VERSION = "ERR Protocol version is not an integer or out of range";
export const UNSUPPORTED_PROTOCOL = "NOPROTO unsupported protocol version";

export const EXEC_ABORTED = "EXECABORT Transaction discarded because of previous errors.";
export const NESTED_MULTI = "ERR MULTI calls can not be nested";
export const EXEC_WITHOUT_MULTI = "ERR EXEC without MULTI";
export const DISCARD_WITHOUT_MULTI = "ERR DISCARD without MULTI";
export const WATCH_INSIDE_MULTI = "ERR WATCH inside MULTI is not allowed";

/** EXEC itself was refused: the transaction is gone, whatever the reason. Redis leaves the code ERR out. */
export function executionAborted({ line }: ReplyError): ReplyError {
  return new ReplyError(`EXECABORT Transaction discarded because of: ${line.replace(/^ERR /, "")}`);
}

/** `command` is the lower-case full name: `get`, or `config|set` for a subcommand. */
export function wrongNumberOfArguments(command: string): string {
  return `ERR wrong number of arguments for '${command}' command`;
}

/** `command` is the lower-case full name. */
export function noPermissionToRun(command: string): string {
  return `NOPERM this user has no permissions to run the '${command}' command`;
}

/** Of a queued command. */
export function noLongerPermitted(reason: string): string {
  return (
    "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. " +
    `This command is no longer allowed for the following reason: ${reason}`
  );
}

export function invalidExpireTime(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}

/** Where a subcommand itself judges its arguments; `container` is in lower case. */
export function unknownSubcommandOrArity(container: string, subcommand: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${subcommand}'. Try ${container.toUpperCase()} HELP.`;
}
