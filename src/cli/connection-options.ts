/** What every subcommand that talks to a running node is told about it, and how such a node is reached. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { Redis } from "ioredis";
import { environment } from "../host/node/process.js";
import { nodeTimers } from "../host/node/timers.js";

export interface Address {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_NODE: Address = { host: "127.0.0.1", port: 6379 };
const PASSWORD_VARIABLE = "TORUS_PASSWORD";
const CONNECT_TIMEOUT_MS = 5000;
/** A process that hangs is connected to by its system. */
const FIRST_REPLY_TIMEOUT_MS = 5000;
/** The command has all that it wanted by then, and the process ends only after it, even if the connection was never there. */
const DISCONNECT_TIMEOUT_MS = 50;

export function parseAddress(text: string): Address {
  const [, host, digits] = /^(?:\[?([^[\]]+?)\]?:)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port === 0 || port > 65_535) {
    throw new InvalidArgumentError("an address is HOST:PORT, or PORT of this machine.");
  }
  return { host: host ?? "127.0.0.1", port };
}

/** Who the command logs in as. */
export interface Credentials {
  /** `default` if absent. */
  readonly user?: string;
  readonly password?: string;
}

/** What a subcommand about a running node is told by its flags. */
export interface NodeFlags extends Credentials {
  readonly node: Address;
}

/** Declares `--node`, `--user` and `--password`. */
export function declareNode(command: Command): Command {
  const { host, port } = DEFAULT_NODE;
  const node = new Option("-n, --node <host:port>", "the node, by its client port")
    .argParser(parseAddress)
    .default(DEFAULT_NODE, `${host}:${port}`);
  return declareCredentials(command.addOption(node));
}

/** Connects, lets `act` ask, and disconnects. */
export async function withNode<Result>(
  { node, ...credentials }: NodeFlags,
  act: (redis: Redis) => Promise<Result>,
): Promise<Result> {
  const redis = await connectTo(node, credentials);
  try {
    return await act(redis);
  } finally {
    redis.disconnect();
  }
}

/** Declares `--user` and `--password`. */
export function declareCredentials(command: Command): Command {
  return command
    .option("--user <name>", "the user to log in as, with a password; default if absent")
    .option("--password <password>", `the user's password; better in the variable ${PASSWORD_VARIABLE}`);
}

/** Connects, or rejects with what stood in the way. The caller disconnects. */
export async function connectTo(address: Address, credentials: Credentials = {}): Promise<Redis> {
  const { user, password = environment[PASSWORD_VARIABLE] } = credentials;
  const redis = new Redis({
    ...address,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    // It would wait until a node has loaded what it kept, however long that takes.
    enableReadyCheck: false,
    retryStrategy: () => null,
    connectionName: "torus-cli",
  });
  // Told to whoever waits for the connection or a reply; without a listener it would be told twice.
  let problem: Error | undefined;
  redis.on("error", (error) => {
    problem = error;
  });
  try {
    await Promise.race([redis.connect().then(() => redis.ping()), silence()]);
  } catch (error) {
    redis.disconnect();
    const reason = (problem ?? (error as Error)).message;
    if (reason.startsWith("LOADING ")) {
      throw new CommandFailure(`${address.host}:${address.port} is still loading what it kept`);
    }
    const asksForPassword = `the node asks for a password: give it in the variable ${PASSWORD_VARIABLE}`;
    throw new Unreachable(
      `cannot connect to ${address.host}:${address.port}: ${reason.startsWith("NOAUTH ") ? asksForPassword : reason}`,
    );
  }
  return redis;
}

/** Rejects when a node should have answered. */
function silence(): Promise<never> {
  return new Promise((_, reject) => {
    nodeTimers.after(FIRST_REPLY_TIMEOUT_MS, () =>
      reject(new Error(`no answer within ${FIRST_REPLY_TIMEOUT_MS} ms`)),
    );
  });
}

/** What the user asked for cannot be done; the message says why, and is all that is to be shown. */
export class CommandFailure extends Error {
  override readonly name: string = "CommandFailure";
}

/** There is no node at the address, or it lets nobody in without a password. */
export class Unreachable extends CommandFailure {
  override readonly name = "Unreachable";
}
