import type { Connection, ConnectionEvents, Endpoint } from "#torus/host/network.js";
import type { World } from "#torus/host/sim/world.js";
import { notate } from "./notation.js";
import { ReplyDecoder } from "./reply-decoder.js";
import { type Argument, encodeCommand } from "./request.js";

/** A client waits so long for anything, in virtual time. */
const PATIENCE_MS = 3_600_000;

/** A client in a simulated world that keeps what it was replied, in the notation of transcripts. */
export class SimCaller implements ConnectionEvents {
  /** Replies in the order in which they came, those read included. */
  readonly replies: string[] = [];
  bytesReceived = 0;
  /** The world's time when the connection ended; undefined while it is open. */
  closedAtMs: number | undefined;
  private taken = 0;
  private readonly decoder = new ReplyDecoder();
  private waiters: { isMet: () => boolean; resolve: () => void }[] = [];

  private constructor(
    readonly connection: Connection,
    private readonly world: World,
  ) {}

  static async connect(world: World, from: string, endpoint: Endpoint): Promise<SimCaller> {
    let caller: SimCaller | undefined;
    const opened = world
      .host(from)
      .network.connect(endpoint, (connection) => (caller = new SimCaller(connection, world)));
    await world.complete(opened);
    if (caller === undefined) throw new Error("connected, but to nobody");
    return caller;
  }

  get isClosed(): boolean {
    return this.closedAtMs !== undefined;
  }

  /** Replies that came and were not read. */
  get unread(): number {
    return this.replies.length - this.taken;
  }

  /** Bytes as they are; one character of a string is one byte. */
  sendBytes(bytes: string | Uint8Array): void {
    this.connection.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  send(...args: Argument[]): void {
    this.sendBytes(encodeCommand(args));
  }

  /** The next `count` replies. Rejects if they do not come, or the connection ends before. */
  async read(count: number): Promise<string[]> {
    await this.until(() => this.replies.length >= this.taken + count || this.isClosed);
    const taken = this.replies.slice(this.taken, this.taken + count);
    this.taken += taken.length;
    if (taken.length < count) throw new Error(`the connection ended after ${JSON.stringify(taken)}`);
    return taken;
  }

  async ask(...args: Argument[]): Promise<string> {
    this.send(...args);
    const [reply] = await this.read(1);
    return reply as string;
  }

  /** Sends several commands with one write, each given as its words, and returns their replies. */
  async askAll(...commands: string[]): Promise<string[]> {
    this.sendBytes(Buffer.concat(commands.map((command) => encodeCommand(command.split(" ")))));
    return this.read(commands.length);
  }

  /** Waits for the end of the connection, and returns what was replied and not read before. */
  async readToEnd(): Promise<string[]> {
    await this.until(() => this.isClosed);
    return this.replies.slice(this.taken);
  }

  /** Lets the world run until something that this client heard makes `isMet` true. */
  async until(isMet: () => boolean): Promise<void> {
    if (isMet()) return;
    const met = new Promise<void>((resolve) => this.waiters.push({ isMet, resolve }));
    await this.world.complete(met, { withinMs: PATIENCE_MS });
  }

  close(): void {
    this.connection.close();
  }

  received(bytes: Buffer, length: number): void {
    this.bytesReceived += length;
    for (const reply of this.decoder.push(Buffer.from(bytes.subarray(0, length)))) {
      this.replies.push(notate(reply));
    }
    this.wake();
  }

  drained(): void {
    this.wake();
  }

  closed(): void {
    this.closedAtMs = this.world.nowMs;
    this.wake();
  }

  private wake(): void {
    const awake = this.waiters.filter(({ isMet }) => isMet());
    this.waiters = this.waiters.filter((waiter) => !awake.includes(waiter));
    for (const { resolve } of awake) resolve();
  }
}
