/** What every implementation of `Network` promises. The real and the simulated one run the same suite. */
import { expect } from "chai";
import { HostError } from "#torus/host/host-error.js";
import type { Connection, Endpoint, Listener, ListenOptions, Network } from "#torus/host/network.js";
import { Recorder } from "./recorder.js";

export interface NetworkUnderTest {
  readonly network: Network;
  /** TCP with port 0, on a loopback address. */
  readonly tcp: Endpoint;
  /** A path where no file is. */
  readonly unix: Endpoint & { readonly path: string };
  /** Lets the world go on until the promise settles. */
  settle<Value>(promise: Promise<Value>): Promise<Value>;
  release(): Promise<void>;
}

type OnReceived = (recorder: Recorder, chunk: Buffer) => void;

const MEGABYTE = Buffer.alloc(1 << 20, "m");

export function itKeepsTheNetworkContract(create: () => Promise<NetworkUnderTest>): void {
  let world: NetworkUnderTest;
  let listeners: Listener[];
  let recorders: Recorder[];

  beforeEach(async () => {
    world = await create();
    listeners = [];
    recorders = [];
  });
  afterEach(async () => {
    for (const { connection } of recorders) connection.destroy();
    await world.settle(Promise.all(recorders.map(ended)));
    await world.settle(Promise.all(listeners.map((listener) => listener.close())));
    await world.release();
  });

  /** Listens and records; `first` is the first connection accepted. */
  async function listen(
    onReceived?: OnReceived,
    options: Partial<ListenOptions> = {},
  ): Promise<{ listener: Listener; endpoint: Endpoint; first: Promise<Recorder> }> {
    const { promise: first, resolve } = deferred<Recorder>();
    const listener = await world.settle(
      world.network.listen(
        { endpoint: world.tcp, backlog: 511, keepAliveSeconds: 0, ...options },
        (connection) => {
          const recorder = record(connection, onReceived);
          resolve(recorder);
          return recorder;
        },
      ),
    );
    listeners.push(listener);
    return { listener, endpoint: listener.endpoint, first };
  }

  async function connect(endpoint: Endpoint, onReceived?: OnReceived): Promise<Recorder> {
    const { promise, resolve } = deferred<Recorder>();
    const events = (connection: Connection) => {
      const recorder = record(connection, onReceived);
      resolve(recorder);
      return recorder;
    };
    await world.settle(world.network.connect(endpoint, events));
    return promise;
  }

  function record(connection: Connection, onReceived?: OnReceived): Recorder {
    const recorder = new Recorder(connection, onReceived);
    recorders.push(recorder);
    return recorder;
  }

  function rejection(promise: Promise<unknown>): Promise<unknown> {
    return world.settle(
      promise.then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
  }

  it("carries bytes both ways, over TCP and over Unix sockets", async () => {
    for (const endpoint of [world.tcp, world.unix]) {
      const server = await listen(echo, { endpoint });
      const client = await connect(server.endpoint);
      client.connection.write(Buffer.from("ping"));
      await world.settle(saw(client, "ping"));
    }
  });

  it("keeps the order and every byte of a large stream, however it is cut", async () => {
    const server = await listen(echo);
    const sent = Buffer.alloc(1 << 20);
    for (let at = 0; at < sent.length; at++) sent[at] = (at * 31 + (at >> 8)) & 0xff;
    const chunks: Buffer[] = [];
    const client = await connect(server.endpoint, (_, chunk) => void chunks.push(chunk));
    for (let at = 0; at < sent.length; at += 100_000) {
      client.connection.write(sent.subarray(at, at + 100_000));
    }
    await world.settle(client.until((it) => it.bytesReceived === sent.length));
    expect(Buffer.concat(chunks).equals(sent)).to.equal(true);
  });

  it("tells the real port where 0 was asked for, and both ends name each other alike", async () => {
    const server = await listen(echo);
    const { host, port } = server.endpoint as { host: string; port: number };
    expect(port).to.be.greaterThan(0);
    const client = await connect(server.endpoint);
    const accepted = await world.settle(server.first);
    expect(client.connection.remote).to.equal(`${host}:${port}`);
    expect(accepted.connection.local).to.equal(client.connection.remote);
    expect(accepted.connection.remote).to.equal(client.connection.local);
    expect(accepted.connection.isLoopback).to.equal(true);
    expect(accepted.connection.isUnix).to.equal(false);
  });

  it("names a Unix socket by its path with port 0", async () => {
    const server = await listen(echo, { endpoint: world.unix, unixMode: 0o700 });
    expect(server.endpoint).to.deep.equal(world.unix);
    const client = await connect(server.endpoint);
    const accepted = await world.settle(server.first);
    for (const { connection } of [client, accepted]) {
      expect(connection.remote).to.equal(`${world.unix.path}:0`);
      expect(connection.isUnix).to.equal(true);
      expect(connection.isLoopback).to.equal(true);
    }
  });

  it("refuses to bind an endpoint that is taken", async () => {
    for (const endpoint of [world.tcp, world.unix]) {
      const server = await listen(echo, { endpoint });
      const failure = await rejection(listen(echo, { endpoint: server.endpoint }));
      expect(failure).to.be.instanceOf(HostError).with.property("code", "EADDRINUSE");
    }
  });

  it("refuses a connect once nobody listens, and lets the next one bind", async () => {
    for (const [endpoint, code] of [
      [world.tcp, "ECONNREFUSED"],
      [world.unix, "ENOENT"],
    ] as const) {
      const server = await listen(echo, { endpoint });
      await world.settle(server.listener.close());
      const failure = await rejection(connect(server.endpoint));
      expect(failure).to.be.instanceOf(HostError).with.property("code", code);
      const next = await listen(echo, { endpoint: server.endpoint });
      const client = await connect(next.endpoint);
      client.connection.write(Buffer.from("back"));
      await world.settle(saw(client, "back"));
    }
  });

  it("lets accepted connections live on when the listener closes, which may be said twice", async () => {
    const server = await listen(echo);
    const client = await connect(server.endpoint);
    client.connection.write(Buffer.from("a"));
    await world.settle(saw(client, "a"));
    await world.settle(Promise.all([server.listener.close(), server.listener.close()]));
    client.connection.write(Buffer.from("b"));
    await world.settle(saw(client, "ab"));
  });

  it("delivers all that was written before close, then ends both sides without an error", async () => {
    const server = await listen(({ connection }) => {
      for (let count = 0; count < 3; count++) connection.write(MEGABYTE);
      connection.close();
    });
    const client = await connect(server.endpoint);
    client.connection.write(Buffer.from("x"));
    await world.settle(ended(client));
    const accepted = await world.settle(server.first);
    await world.settle(ended(accepted));
    expect(client.bytesReceived).to.equal(3 * MEGABYTE.length);
    expect(client.closings).to.deep.equal([undefined]);
    expect(accepted.closings).to.deep.equal([undefined]);
  });

  it("delivers the last words to a peer whose input was left unread", async () => {
    const server = await listen(({ connection }) => {
      connection.write(Buffer.from("-ERR Protocol error"));
      connection.close();
    });
    const client = await connect(server.endpoint);
    for (let count = 0; count < 10; count++) client.connection.write(MEGABYTE);
    await world.settle(ended(client));
    expect(client.text).to.equal("-ERR Protocol error");
  });

  it("lets the accepting side close at once, with a last word", async () => {
    const listener = await world.settle(
      world.network.listen({ endpoint: world.tcp, backlog: 511, keepAliveSeconds: 0 }, (connection) => {
        connection.write(Buffer.from("-ERR max number of clients reached"));
        connection.close();
        return record(connection);
      }),
    );
    listeners.push(listener);
    const client = await connect(listener.endpoint);
    await world.settle(ended(client));
    expect(client.text).to.equal("-ERR max number of clients reached");
    expect(client.closings).to.deep.equal([undefined]);
  });

  it("sends what a peer wrote before it closed", async () => {
    const server = await listen();
    const client = await connect(server.endpoint);
    client.connection.write(Buffer.from("farewell"));
    client.connection.close();
    const accepted = await world.settle(server.first);
    await world.settle(Promise.all([ended(client), ended(accepted)]));
    expect(accepted.text).to.equal("farewell");
    expect(accepted.closings).to.deep.equal([undefined]);
  });

  it("is silent after close, and takes every call after it without harm", async () => {
    const server = await listen(({ connection }) => connection.close());
    const client = await connect(server.endpoint);
    client.connection.write(MEGABYTE);
    await world.settle(ended(client));
    const accepted = await world.settle(server.first);
    await world.settle(ended(accepted));
    expect(accepted.bytesReceived).to.be.lessThan(MEGABYTE.length);
    for (const { connection, closings } of [accepted, client]) {
      expect(connection.write(Buffer.from("late"))).to.equal(true);
      connection.pauseReading();
      connection.resumeReading();
      connection.setKeepAlive(10);
      connection.close();
      connection.destroy();
      expect(connection.pendingBytes).to.equal(0);
      expect(closings).to.have.length(1);
    }
  });

  it("may be destroyed from within received, and ends once", async () => {
    const server = await listen(({ connection }) => {
      connection.destroy();
      connection.destroy();
    });
    const client = await connect(server.endpoint);
    client.connection.write(Buffer.from("x"));
    const accepted = await world.settle(server.first);
    await world.settle(Promise.all([ended(client), ended(accepted)]));
    expect(accepted.text).to.equal("x");
    expect(accepted.closings).to.deep.equal([undefined]);
  });

  it("never calls its owner from within a method", async () => {
    const server = await listen(echo);
    const { promise, resolve } = deferred<Recorder>();
    const heard: string[] = [];
    let insideOf = "";
    await world.settle(
      world.network.connect(server.endpoint, (connection) => {
        const recorder = record(connection);
        resolve(recorder);
        const hear = (event: string) => {
          if (insideOf !== "") heard.push(`${event} in ${insideOf}`);
        };
        return {
          received: (bytes, length) => {
            hear("received");
            recorder.received(bytes, length);
          },
          drained: () => {
            hear("drained");
            recorder.drained();
          },
          closed: (error) => {
            hear("closed");
            recorder.closed(error);
          },
        };
      }),
    );
    const client = await promise;
    const within = (method: string, call: () => void) => {
      insideOf = method;
      call();
      insideOf = "";
    };
    within("pauseReading", () => client.connection.pauseReading());
    within("write", () => client.connection.write(MEGABYTE));
    within("resumeReading", () => client.connection.resumeReading());
    await world.settle(client.until((it) => it.bytesReceived === MEGABYTE.length));
    within("destroy", () => client.connection.destroy());
    await world.settle(ended(client));
    expect(heard).to.deep.equal([]);
  });

  it("makes a writer wait for a peer that does not read, and says once when all is taken", async () => {
    const server = await listen(({ connection, bytesReceived }) => {
      if (bytesReceived === 1) connection.pauseReading();
    });
    const client = await connect(server.endpoint);
    client.connection.write(Buffer.from("x"));
    const accepted = await world.settle(server.first);
    await world.settle(saw(accepted, "x"));

    let sentBytes = 1;
    let isTaken = true;
    while (isTaken) {
      isTaken = client.connection.write(MEGABYTE);
      sentBytes += MEGABYTE.length;
      expect(sentBytes).to.be.lessThan(1 << 28);
    }
    expect(client.connection.write(MEGABYTE)).to.equal(false);
    sentBytes += MEGABYTE.length;
    expect(client.connection.pendingBytes).to.be.greaterThan(MEGABYTE.length);
    expect(client.drains).to.equal(0);

    accepted.connection.resumeReading();
    await world.settle(client.until((it) => it.drains > 0));
    expect(client.connection.pendingBytes).to.equal(0);
    await world.settle(accepted.until((it) => it.bytesReceived === sentBytes));
    expect(client.drains).to.equal(1);
  });

  it("drops what is pending on destroy, and the peer sees the end", async () => {
    let pauses = 0;
    const server = await listen(({ connection }) => {
      if (pauses++ === 0) connection.pauseReading();
    });
    const client = await connect(server.endpoint);
    while (client.connection.write(MEGABYTE));
    client.connection.destroy();
    await world.settle(ended(client));
    expect(client.closings).to.deep.equal([undefined]);
    expect(client.connection.pendingBytes).to.equal(0);
    const accepted = await world.settle(server.first);
    await world.settle(accepted.until((it) => it.bytesReceived > 0));
    accepted.connection.resumeReading();
    await world.settle(ended(accepted));
    expect(accepted.closings).to.have.length(1);
  });

  it("keeps what arrives during a pause until reading resumes", async () => {
    const server = await listen(({ connection }) => connection.pauseReading());
    const client = await connect(server.endpoint);
    client.connection.write(Buffer.from("a"));
    const accepted = await world.settle(server.first);
    await world.settle(saw(accepted, "a"));
    client.connection.write(Buffer.from("b"));
    // Another connection's whole life gives the byte the time to arrive.
    const other = await connect(server.endpoint);
    other.connection.close();
    await world.settle(ended(other));
    expect(accepted.text).to.equal("a");
    accepted.connection.resumeReading();
    await world.settle(saw(accepted, "ab"));
  });
}

const echo: OnReceived = ({ connection }, chunk) => {
  connection.write(chunk);
};

function saw(recorder: Recorder, text: string): Promise<void> {
  return recorder.until((it) => it.text.includes(text));
}

function ended(recorder: Recorder): Promise<void> {
  return recorder.until((it) => it.isClosed);
}

function deferred<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  let resolve!: (value: Value) => void;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
