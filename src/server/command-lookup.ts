/** From the request at hand, or one that was kept, to its command; and how one is answered that names none. */
import { assert } from "../base/assert.js";
import { shownText } from "../commands/byte-string.js";
import type { Call } from "../commands/call.js";
import { ReplyError } from "../protocol/reply-error.js";
import { COMPLETE, RequestScanner } from "../protocol/request-scanner.js";
import type { CommandIndex, Entry } from "./command-index.js";

/** As Redis: an unknown command's name and arguments are shown up to so many bytes. No subcommand's name has as many. */
const SHOWN_BYTES = 128;

export class CommandLookup {
  readonly #index: CommandIndex;
  readonly #call: Call;

  constructor(index: CommandIndex, call: Call) {
    this.#index = index;
    this.#call = call;
  }

  /** The entry of the request at hand, or the subcommand's; `name` is the argument that names the command. */
  find(name = 0): Entry | undefined {
    const { bytes, marks } = this.#call;
    return this.resolve(this.#index.find(bytes, marks[name << 1]!, marks[(name << 1) + 1]!), name);
  }

  /** The entry to run, by subcommand where there are such; undefined if there is none of that name. */
  resolve(entry: Entry | undefined, name = 0): Entry | undefined {
    const call = this.#call;
    if (entry === undefined || entry.subcommands === null || call.count === name + 1) return entry;
    return entry.subcommands.get(call.head(name + 1, SHOWN_BYTES).toLowerCase());
  }

  /**
   * Makes a request that was kept the one at hand. Without a scanner given it stays so whatever else is scanned: it may be a
   * transaction.
   */
  take(request: Buffer, scanner = new RequestScanner()): void {
    const call = this.#call;
    // It passed the limits of its connection when it came.
    scanner.bulkLengthMax = Number.MAX_SAFE_INTEGER;
    scanner.begin(request, 0, request.length);
    assert(scanner.next() === COMPLETE, "a request that was kept can be read");
    call.bytes = scanner.bytes;
    call.marks = scanner.marks;
    call.count = scanner.count;
  }

  /** Why the request at hand is refused; `container` is what lacks the subcommand. */
  unknown(container: Entry | undefined): ReplyError {
    const call = this.#call;
    if (container !== undefined) {
      const given = shownText(call.head(1, SHOWN_BYTES));
      return new ReplyError(`ERR unknown subcommand '${given}'. Try ${container.name.toUpperCase()} HELP.`);
    }
    let given = "";
    for (let i = 1; i < call.count && given.length < SHOWN_BYTES; i++) {
      given += `'${shownText(call.head(i, SHOWN_BYTES - given.length))}' `;
    }
    return new ReplyError(
      `ERR unknown command '${shownText(call.head(0, SHOWN_BYTES))}', with args beginning with: ${given}`,
    );
  }
}
