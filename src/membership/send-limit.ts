/**
 * How many datagrams may leave (a token bucket): who floods us with pings is not helped to flood others with our answers. A cluster
 * of a thousand needs some 30 a second.
 */
export class SendLimit {
  private tokens: number;
  private atMs: number;

  constructor(
    private readonly limit: { readonly perSecond: number; readonly burst: number },
    nowMs: number,
  ) {
    this.tokens = limit.burst;
    this.atMs = nowMs;
  }

  /** Says whether one more may leave now. */
  take(nowMs: number): boolean {
    const { perSecond, burst } = this.limit;
    this.tokens = Math.min(burst, this.tokens + ((nowMs - this.atMs) / 1000) * perSecond);
    this.atMs = nowMs;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}
