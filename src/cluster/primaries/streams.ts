/** What this node has of what it and others executed, as the choice of primaries asks for it. */
import type { NodeId } from "../../membership/member.js";

export interface Streams {
  /** Whether this node has all that a node has executed up to when they last linked up. */
  isInSync(nodeId: NodeId): boolean;
  /** Whether a node has all of what this one has executed that was there when they last linked up, and confirms what comes. */
  isFollowedBy(nodeId: NodeId): boolean;
  /** Whether this node has what living owners have of dead ones. */
  isSettled(): boolean;
  /** Tells another node what this node has. All that this node executed is on its way to it then. */
  positions(to: NodeId): Buffer;
  /**
   * Resolves when this node has what another one has of itself and of the dead, by its positions, or with false if that is not to be soon;
   * `reachAll`: of all others.
   */
  reach(nodeId: NodeId, positions: Buffer): Promise<boolean>;
  reachAll(nodeId: NodeId, positions: Buffer): Promise<boolean>;
  /** Behind all that this node has executed. */
  executed(): number;
}
