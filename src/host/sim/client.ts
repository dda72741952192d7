import { assert } from "../../base/assert.js";
import type { Connection, ConnectionEvents, Endpoint, Network } from "../network.js";
import type { Driver } from "./driver.js";

/** A server that keeps a script waiting for longer fails it. */
const PATIENCE_MS = 600_000;

const LINE_END = "\r\n";

/**
 * A scripted client: it sends, and lets the world run until what it waits for has come. Text stands for bytes, a
 * character (U+0000 to U+00FF) for each.
 */
export class SimClient implements ConnectionEvents {
  /** How long this client waits for anything, in virtual milliseconds. */
  patienceMs = PATIENCE_MS;
  /** Arrived and not yet taken by the script. */
  private arrived = "";
  private isClosed = false;
  /** Set while the script waits. */
  private wake: (() => void) | undefined;

  private constructor(
    readonly connection: Connection,
    private readonly driver: Driver,
  ) {}

  /** Rejects with a `HostError` as `Network.connect` does. */
  static async connect(network: Network, endpoint: Endpoint, driver: Driver): Promise<SimClient> {
    let client: SimClient | undefined;
    const opened = network.connect(endpoint, (connection) => (client = new SimClient(connection, driver)));
    await driver.complete(opened, { what: "a connection", withinMs: PATIENCE_MS });
    assert(client !== undefined, "a connection was opened");
    return client;
  }

  send(bytes: string | Uint8Array): void {
    this.connection.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Takes the next `count` bytes. Rejects if the stream ends before. */
  async read(count: number): Promise<string> {
    await this.until(`${count} bytes`, () => this.arrived.length >= count);
    return this.take(count);
  }

  /** Takes bytes up to the next CR LF, which is not returned. Rejects if the stream ends before. */
  async readLine(): Promise<string> {
    await this.until("a line", () => this.arrived.includes(LINE_END));
    const line = this.take(this.arrived.indexOf(LINE_END));
    this.take(LINE_END.length);
    return line;
  }

  /** Takes all that comes until the server ends the stream. */
  async readToEnd(): Promise<string> {
    await this.until("the end of the stream", () => this.isClosed);
    return this.take(this.arrived.length);
  }

  close(): void {
    this.connection.close();
  }

  received(bytes: Buffer, length: number): void {
    this.arrived += bytes.toString("latin1", 0, length);
    this.wake?.();
  }

  drained(): void {
    // A script does not mind how much of what it sent still waits.
  }

  closed(): void {
    this.isClosed = true;
    this.wake?.();
  }

  private async until(what: string, isMet: () => boolean): Promise<void> {
    const isOver = () => isMet() || this.isClosed;
    if (!isOver()) {
      assert(this.wake === undefined, "a script reads one thing after the other");
      const wish = { what, withinMs: this.patienceMs };
      const waiting = this.driver.runUntilCalled(wish, (call) => {
        this.wake = () => {
          if (isOver()) call();
        };
      });
      await waiting.finally(() => {
        this.wake = undefined;
      });
    }
    if (!isMet()) {
      throw new Error(`the stream ended before ${what}, after ${JSON.stringify(this.arrived.slice(-100))}`);
    }
  }

  private take(count: number): string {
    const taken = this.arrived.slice(0, count);
    this.arrived = this.arrived.slice(count);
    return taken;
  }
}
