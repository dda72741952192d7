/** Small servers for simulated hosts. */
import type { Connection, ConnectionEvents } from "#torus/host/network.js";
import type { World } from "#torus/host/sim/world.js";
import { Recorder } from "../recorder.js";

export const PORT = 7000;

/** Listens on all addresses of a host and records each connection, in the order in which they came. */
export async function recordOn(
  world: World,
  name: string,
  onReceived?: (recorder: Recorder, chunk: Buffer) => void,
): Promise<Recorder[]> {
  const recorders: Recorder[] = [];
  await serve(world, name, (connection) => {
    const recorder = new Recorder(connection, onReceived);
    recorders.push(recorder);
    return recorder;
  });
  return recorders;
}

/** A server that answers with what it was sent. */
export function echoOn(world: World, name: string): Promise<unknown> {
  return recordOn(world, name, ({ connection }, chunk) => void connection.write(chunk));
}

export function serve(
  world: World,
  name: string,
  accept: (connection: Connection) => ConnectionEvents,
): Promise<unknown> {
  const options = { endpoint: { host: "0.0.0.0", port: PORT }, backlog: 511, keepAliveSeconds: 0 };
  return world.complete(world.host(name).network.listen(options, accept));
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error("it did not reject");
    },
    (error: Error) => error,
  );
}
