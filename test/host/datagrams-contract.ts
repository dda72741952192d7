/** What every implementation of `Datagrams` promises. The real and the simulated one run the same suite. */
import { expect } from "chai";
import type { Address, DatagramSocket, Datagrams } from "#torus/host/datagrams.js";
import { HostError } from "#torus/host/host-error.js";

export interface DatagramsUnderTest {
  readonly datagrams: Datagrams;
  /** Lets the world go on until the promise settles. */
  settle<Value>(promise: Promise<Value>): Promise<Value>;
}

const LOOPBACK: Address = { host: "127.0.0.1", port: 0 };

/** A socket, and what it received, as text with the sender's port. */
interface Station {
  readonly socket: DatagramSocket;
  /** Resolves with the next datagram. */
  next(): Promise<{ text: string; from: Address }>;
}

export function itKeepsTheDatagramsContract(create: () => DatagramsUnderTest): void {
  let world: DatagramsUnderTest;
  let sockets: DatagramSocket[];

  beforeEach(() => {
    world = create();
    sockets = [];
  });
  afterEach(() => world.settle(Promise.all(sockets.map((socket) => socket.close()))));

  async function bind(address = LOOPBACK): Promise<Station> {
    const arrived: { text: string; from: Address }[] = [];
    let wake = () => {};
    const socket = await world.settle(
      world.datagrams.bind(address, (bytes, from) => {
        arrived.push({ text: Buffer.from(bytes).toString("latin1"), from });
        wake();
      }),
    );
    sockets.push(socket);
    const next = async () => {
      await world.settle(
        new Promise<void>((resolve) => {
          wake = resolve;
          if (arrived.length > 0) resolve();
        }),
      );
      return arrived.shift()!;
    };
    return { socket, next };
  }

  it("carries datagrams whole, both ways, and tells from where", async () => {
    const [one, other] = [await bind(), await bind()];
    one.socket.send(Buffer.from("ping"), other.socket.address);
    const received = await other.next();
    expect(received).to.deep.equal({ text: "ping", from: one.socket.address });
    other.socket.send(Buffer.alloc(1400, "x"), received.from);
    expect((await one.next()).text).to.equal("x".repeat(1400));
  });

  it("carries datagrams of no bytes", async () => {
    const [one, other] = [await bind(), await bind()];
    one.socket.send(new Uint8Array(0), other.socket.address);
    expect((await other.next()).text).to.equal("");
  });

  it("sends to names too", async () => {
    const [one, other] = [await bind(), await bind()];
    one.socket.send(Buffer.from("by name"), { host: "localhost", port: other.socket.address.port });
    expect((await other.next()).text).to.equal("by name");
  });

  it("loses silently what is sent where nobody listens, or to no one", async () => {
    const [one, other, gone] = [await bind(), await bind(), await bind()];
    await world.settle(gone.socket.close());
    one.socket.send(Buffer.from("lost"), gone.socket.address);
    one.socket.send(Buffer.from("too large"), { host: "255.255.255.255", port: 1 });
    one.socket.send(Buffer.alloc(100_000), other.socket.address);
    one.socket.send(Buffer.from("still here"), other.socket.address);
    expect((await other.next()).text).to.equal("still here");
  });

  it("refuses an address that is taken or not its own, and lets a closed one be bound again", async () => {
    const first = await bind();
    const refusal = (address: Address) =>
      world.settle(
        world.datagrams
          .bind(address, () => {})
          .then(
            () => undefined,
            (error: unknown) => error,
          ),
      );
    const taken = await refusal(first.socket.address);
    expect(taken).to.be.instanceOf(HostError).with.property("code", "EADDRINUSE");
    const foreign = await refusal({ host: "192.0.2.1", port: 0 });
    expect(foreign).to.be.instanceOf(HostError).with.property("code", "EADDRNOTAVAIL");
    await world.settle(first.socket.close());
    await world.settle(first.socket.close());
    const second = await bind(first.socket.address);
    expect(second.socket.address).to.deep.equal(first.socket.address);
  });

  it("sends nothing after close", async () => {
    const [one, other] = [await bind(), await bind()];
    await world.settle(one.socket.close());
    one.socket.send(Buffer.from("from the grave"), other.socket.address);
    other.socket.send(Buffer.from("to itself"), other.socket.address);
    expect((await other.next()).text).to.equal("to itself");
  });
}
