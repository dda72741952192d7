/** What stands in a client's queue of replies for commands that are to be executed elsewhere, or that nobody could execute yet. */
import type { Run } from "../cluster/run.js";
import type { QuorumQuestion } from "./quorum-guard.js";

/** Replies to some commands of a run, one behind the other in the client's order: the other node has sent them or will. */
export class RunPart {
  /** Commands whose replies are still to leave. */
  count = 1;

  constructor(
    readonly run: Run,
    /** The client does not want them. */
    readonly isSilent: boolean,
  ) {}

  /** Takes what has come. */
  take(): Buffer {
    const { run } = this;
    const count = Math.min(this.count, run.keptCount);
    this.count -= count;
    return count === 0 ? NOTHING : run.take(count);
  }
}

/** The reply of a command that several sessions, here and elsewhere, execute the parts of. */
export class Gathering {
  reply: Buffer | undefined;

  constructor(
    /** The client does not want it. */
    readonly isSilent: boolean,
  ) {}
}

/** No reply, but something that is to be done when those before it have left. */
export class Notice {
  constructor(readonly act: () => void) {}
}

export interface StrayOptions {
  readonly request: Buffer;
  /** What it is executed with, whatever the client has chosen since: as of a run. */
  readonly database: number;
  readonly flags: number;
  readonly isSilent: boolean;
  /** By when, in monotonic milliseconds. */
  readonly deadlineMs: number;
  /** It was sent, and nobody knows what became of it. */
  readonly isDoubtful: boolean;
  /** So it was, and what was sent after it the same way is replied to: as of now it would tell of what came after that. */
  readonly isOvertaken: boolean;
}

/** A command that is to be offered once more to whoever executes it: a run did not come that far, or nobody was there to send it to. */
export class Stray implements StrayOptions {
  readonly request: Buffer;
  readonly database: number;
  readonly flags: number;
  readonly isSilent: boolean;
  readonly deadlineMs: number;
  readonly isDoubtful: boolean;
  readonly isOvertaken: boolean;
  /** What was asked for it at quorum, when it was offered last. */
  question: QuorumQuestion | null = null;

  constructor(options: StrayOptions) {
    this.request = options.request;
    this.database = options.database;
    this.flags = options.flags;
    this.isSilent = options.isSilent;
    this.deadlineMs = options.deadlineMs;
    this.isDoubtful = options.isDoubtful;
    this.isOvertaken = options.isOvertaken;
  }
}

const NOTHING = Buffer.alloc(0);
