import { notate } from "../support/notation.js";
import type { Reply } from "../support/reply.js";
import type { Target } from "../support/target.js";
import { agree } from "./comparison.js";
import type { Command } from "./group.js";
import { Player } from "./player.js";
import type { Program, Turn } from "./program.js";

/** The first command that two servers answered differently. */
export interface Disagreement {
  readonly program: Program;
  readonly connection: number;
  readonly command: Command;
  readonly left: string;
  readonly right: string;
}

/** Lets both servers play the same program; undefined if they agree to the end. */
export async function duel(program: Program, left: Target, right: Target): Promise<Disagreement | undefined> {
  const players = await Promise.all([
    Player.ready(left, program.protocols),
    Player.ready(right, program.protocols),
  ]);
  const judges = program.protocols.map(() => new Judge());
  try {
    for (const turn of program.turns) {
      const [ours, theirs] = await Promise.all(players.map((player) => player.play(turn)));
      const found = judgeTurn(judges[turn.connection]!, turn, { left: ours!, right: theirs! });
      if (found !== undefined) return { program, connection: turn.connection, ...found };
    }
    return undefined;
  } finally {
    await Promise.all(players.map((player) => player.close()));
  }
}

type Finding = Pick<Disagreement, "command" | "left" | "right">;

function judgeTurn(
  judge: Judge,
  turn: Turn,
  replies: { left: Reply[]; right: Reply[] },
): Finding | undefined {
  for (const [i, command] of turn.commands.entries()) {
    const [left, right] = [replies.left[i]!, replies.right[i]!];
    const culprit = judge.disputed(command, left, right);
    if (culprit !== undefined) return { command: culprit, left: notate(left), right: notate(right) };
  }
  return undefined;
}

/** Follows one connection, so that the replies inside an EXEC are judged by the commands they belong to. */
class Judge {
  private queued: Command[] = [];

  /** The command whose replies differ, if any do. */
  disputed(command: Command, left: Reply, right: Reply): Command | undefined {
    if (notate(left) === "QUEUED") this.queued.push(command);
    const name = command[0]!.toUpperCase();
    if (name !== "EXEC") {
      if (ENDS_TRANSACTION.has(name) && left.kind === "status") this.queued = [];
      return agree(command, left, right) ? undefined : command;
    }
    const run = this.queued;
    this.queued = [];
    if (left.kind !== "array" || right.kind !== "array" || left.items.length !== right.items.length) {
      return agree(command, left, right) ? undefined : command;
    }
    return run.find((each, i) => !agree(each, left.items[i]!, right.items[i]!));
  }
}

const ENDS_TRANSACTION: ReadonlySet<string> = new Set(["MULTI", "DISCARD", "RESET"]);
