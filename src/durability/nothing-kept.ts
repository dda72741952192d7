/** The view of a node that has no disk: nothing waits, nothing is refused, and a snapshot is told to be impossible. */
import type { PersistenceView, SnapshotFacts } from "./persistence-view.js";

const MILLIS_PER_SECOND = 1000;
const NEVER = { isScheduled: false, count: 0, isLastOk: true, lastSeconds: -1 } as const;

export class NothingKept implements PersistenceView {
  readonly loading = null;
  readonly gates = false;
  readonly position = 0;
  readonly durablePosition = 0;
  readonly inDoubtFrom = Number.POSITIVE_INFINITY;
  readonly refusal = null;
  readonly log = null;
  readonly snapshots: SnapshotFacts;

  constructor(startedWallMs: number) {
    const lastSaveWallSeconds = Math.floor(startedWallMs / MILLIS_PER_SECOND);
    this.snapshots = { underWay: null, lastSaveWallSeconds, save: NEVER, rewrite: NEVER };
  }

  positionOf(): number {
    return 0;
  }

  hasRoomFor(): boolean {
    return true;
  }

  snapshot(): Promise<string> {
    return Promise.resolve("this node has no disk");
  }

  subscribe(): () => void {
    return () => {};
  }
}
