import type { Readability, ReplicaRead, ReplicaReads } from "#torus/cluster/replica-reads.js";
import type { StreamMark } from "#torus/cluster/stream-mark.js";

/** Copies of other nodes' slots, of which the test says whether they may be read. */
export class FakeReplicaReads implements ReplicaReads {
  /** By slot; all others have no copies. */
  readonly bySlot = new Map<number, Readability>();
  own: StreamMark | undefined;
  /** What was judged, each as `slot route marks`. */
  readonly judged: string[] = [];
  /** Nodes that were told marks. */
  readonly told: string[] = [];
  readonly waiting: { readonly timeoutMs: number; readonly end: () => void }[] = [];

  mark(to: string): StreamMark | undefined {
    this.told.push(to);
    return this.own;
  }

  judge({ slot, route, seen }: ReplicaRead): Readability {
    const marks = [...seen.all].map(({ boot, generation, position }) => `${boot}/${generation}/${position}`);
    this.judged.push(`${slot} ${route} ${seen.isWhole ? "all" : "some"} ${marks.join()}`);
    return this.bySlot.get(slot) ?? "elsewhere";
  }

  wait(_read: ReplicaRead, timeoutMs: number): Promise<void> {
    return new Promise((end) => this.waiting.push({ timeoutMs, end }));
  }
}
