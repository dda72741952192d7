/** The client inside the process: requests go to the server's executor, replies come back as values, no socket between. */
import { allCommands } from "../commands/command-facts.js";
import { commandByName, commands } from "../commands/table.js";
import type { ReplyValue } from "../protocol/reply-decoder.js";
import { ReplyError } from "../protocol/reply-error.js";
import { type Argument, closedError, LocalSession } from "./local-session.js";
import type { Server } from "./server.js";

/** Whole names of commands, such as `client|reply`, that callers who share a session are refused. */
const REFUSED: ReadonlySet<string> = new Set(
  Array.from(allCommands(commands))
    .filter(({ command }) => command.changesConnection)
    .map(({ name }) => name),
);

/** Those that may wait for long are called in sessions of their own. */
const WAITING: ReadonlySet<string> = new Set(
  commands.filter(({ flags }) => flags.includes("blocking")).map(({ name }) => name),
);

export class LocalClient {
  readonly #server: Server;
  /** What all calls go to. One that has ended, as by a limit, is followed by a new one. */
  #shared: LocalSession | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Executes one command, in the order of calls. Text comes back as a string, a reply that is not valid UTF-8 as a Buffer,
   * nil as null. Rejects with a `ReplyError` where Redis would answer an error, and with an `Error` once the node is
   * closed. All callers share one session, so what would change it for the others is refused, and what may wait gets one of its own.
   */
  async call(...args: readonly Argument[]): Promise<ReplyValue> {
    const name = wholeName(args);
    if (REFUSED.has(name)) {
      const words = name.toUpperCase().replace("|", " ");
      throw new ReplyError(`ERR ${words} is for a connection of one's own: open one with session()`);
    }
    if (WAITING.has(name)) return callAlone(this.session(), args);
    if (this.#shared === undefined || this.#shared.isOver) this.#shared = this.session();
    return name === "wait" ? callBehind(this.#shared, args) : this.#shared.call(args);
  }

  /** Opens a session for one caller, which may do all that a connection may. */
  session(): LocalSession {
    if (this.#server.isClosed) throw closedError(this.#server, "the node is closed");
    return new LocalSession(this.#server);
  }
}

async function callAlone(session: LocalSession, args: readonly Argument[]): Promise<ReplyValue> {
  try {
    return await session.call(args);
  } finally {
    session.close();
  }
}

/** WAIT is about what was written by calls before it, whoever called. Those after it do not wait with it. */
async function callBehind(shared: LocalSession, args: readonly Argument[]): Promise<ReplyValue> {
  // Replies come in the order of calls: those before it are executed then.
  await shared.call(["PING"]);
  return callAlone(shared.beside(), args);
}

/** The command that the arguments call, as far as there is one. */
function wholeName([first = "", second = ""]: readonly Argument[]): string {
  const name = nameOf(first);
  return commandByName.get(name)?.subcommands === undefined ? name : `${name}|${nameOf(second)}`;
}

function nameOf(arg: Argument): string {
  return (arg instanceof Uint8Array ? Buffer.from(arg).toString("latin1") : String(arg)).toLowerCase();
}
