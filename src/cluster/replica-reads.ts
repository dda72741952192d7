/**
 * What a node that has copies of slots tells of reading them, though other nodes execute for these slots: the server asks. How it is known
 * what is in a copy is not for the server to know.
 */
import type { NodeId } from "../membership/member.js";
import type { Route } from "./slot-routes.js";
import type { SeenMarks, StreamMark } from "./stream-mark.js";

/** Whether a copy may be read here: now, in a moment, or not in the foreseeable future. */
export type Readability = "here" | "soon" | "elsewhere";

/** A slot that another node executes, by its route, and what has been shown of that node to whoever wants to read. */
export interface ReplicaRead {
  readonly slot: number;
  readonly route: Route;
  readonly seen: SeenMarks;
}

export interface ReplicaReads {
  /** How far this node is with what it executes, for another one: it is told all of that; undefined if nobody else has copies. */
  mark(to: NodeId): StreamMark | undefined;
  /** `here`: the copy has all that who executes had not long ago, and all that was seen. */
  judge(read: ReplicaRead): Readability;
  /** Resolves when it may be another answer than `soon`, or after `timeoutMs`. Never rejects. */
  wait(read: ReplicaRead, timeoutMs: number): Promise<void>;
}

/** There are no copies. */
export const NO_REPLICA_READS: ReplicaReads = {
  mark: () => undefined,
  judge: () => "elsewhere",
  wait: () => Promise.resolve(),
};
