import type { Connection, ConnectionEvents } from "#torus/host/network.js";

/** Writes down what a connection tells, and wakes whoever waits for it. */
export class Recorder implements ConnectionEvents {
  text = "";
  bytesReceived = 0;
  drains = 0;
  readonly closings: (Error | undefined)[] = [];
  private waiters: { met: () => boolean; resolve: () => void }[] = [];

  /** `onReceived` runs inside the call of `received`, where an owner may do anything to the connection. */
  constructor(
    readonly connection: Connection,
    private readonly onReceived: (recorder: Recorder, chunk: Buffer) => void = () => {},
  ) {}

  received(bytes: Buffer, length: number): void {
    const chunk = Buffer.from(bytes.subarray(0, length));
    this.bytesReceived += length;
    if (this.bytesReceived <= 4096) this.text += chunk.toString("latin1");
    this.onReceived(this, chunk);
    this.wake();
  }

  drained(): void {
    this.drains++;
    this.wake();
  }

  closed(error?: Error): void {
    this.closings.push(error);
    this.wake();
  }

  get isClosed(): boolean {
    return this.closings.length > 0;
  }

  /** Resolves as soon as something that this recorder heard makes `met` true. */
  until(met: (recorder: Recorder) => boolean): Promise<void> {
    if (met(this)) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push({ met: () => met(this), resolve }));
  }

  private wake(): void {
    const awake = this.waiters.filter(({ met }) => met());
    this.waiters = this.waiters.filter((waiter) => !awake.includes(waiter));
    for (const { resolve } of awake) resolve();
  }
}
