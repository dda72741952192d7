/**
 * How well this node itself seems to be (Lifeguard, section IV.A): who loses others' answers, learns that it is suspected, or
 * finds its timers late, is probably slow itself, and gives others more time before it accuses them.
 */
export class LocalHealth {
  private score = 0;

  /** `slownessMax`: how many times the usual it may come to wait. */
  constructor(private readonly slownessMax: number) {}

  /** 1 if it is well, and up to `slownessMax`: what probe interval and time-out are multiplied by. */
  get slowness(): number {
    return 1 + this.score;
  }

  /** A probe was answered. */
  improved(): void {
    this.add(-1);
  }

  /** Something did not go as it would on a healthy node; `by` tells how badly. */
  worsened(by = 1): void {
    this.add(by);
  }

  private add(points: number): void {
    this.score = Math.min(Math.max(this.score + points, 0), this.slownessMax - 1);
  }
}
