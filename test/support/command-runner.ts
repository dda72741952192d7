import { Prng } from "#torus/base/prng.js";
import { Call } from "#torus/commands/call.js";
import type { SessionCall } from "#torus/commands/session.js";
import { commandByName } from "#torus/commands/table.js";
import { type ConfigValues, makeConfig } from "#torus/config/config.js";
import { ConfigStore } from "#torus/config/config-store.js";
import type { Keyspace } from "#torus/keyspace/keyspace.js";
import { ReplyError } from "#torus/protocol/reply-error.js";
import { ReplyWriter } from "#torus/protocol/reply-writer.js";
import { notate } from "./notation.js";
import type { Reply } from "./reply.js";
import { ReplyDecoder } from "./reply-decoder.js";

/** Runs data commands on a keyspace without a server around them: no guards, no arity, no statistics. */
export class CommandRunner {
  readonly reply: ReplyWriter;
  readonly #call: Call;

  constructor(
    readonly keyspace: Keyspace,
    config: ConfigValues = {},
    replyBytesMax?: number,
  ) {
    this.reply = new ReplyWriter(replyBytesMax);
    const prng = new Prng("commands");
    this.#call = new Call({
      keyspace,
      config: new ConfigStore(makeConfig(config)),
      reply: this.reply,
      random: () => prng.uint32(),
    });
  }

  /** The reply of a command in the notation of transcripts. Arguments are byte strings (one character a byte). */
  run(...args: readonly (string | number)[]): string {
    return notate(this.ask(...args));
  }

  ask(...args: readonly (string | number)[]): Reply {
    this.execute(...args);
    const [reply, ...others] = this.takeReplies();
    if (reply === undefined || others.length > 0) throw new Error("not one whole reply");
    return reply;
  }

  /** Runs a command whose reply waits for `takeReplies`. */
  execute(...args: readonly (string | number)[]): void {
    const call = this.#call;
    const texts = args.map(String);
    call.bytes = Buffer.from(texts.join(""), "latin1");
    let end = 0;
    call.marks = Int32Array.from(texts.flatMap((text) => [end, (end += text.length)]));
    call.count = texts.length;
    const named = commandByName.get(texts[0]!.toLowerCase());
    const command =
      named?.kind === "container"
        ? named.subcommands.find(({ name }) => name === texts[1]!.toLowerCase())
        : named;
    if (command === undefined || command.kind === "container") throw new Error(`no command: ${texts[0]}`);
    const mark = this.reply.mark();
    try {
      // A command that waits if it is asked to needs no session while it is not.
      command.run(call as SessionCall);
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      this.reply.rollback(mark);
      this.reply.error(error.line);
    }
  }

  takeReplies(): Reply[] {
    const decoder = new ReplyDecoder();
    const replies = this.reply.take().flatMap((bytes) => decoder.push(bytes));
    if (decoder.pendingBytes > 0) throw new Error("the last reply is not whole");
    return replies;
  }
}
