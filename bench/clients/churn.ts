/** Load client `churn`: connects, asks PING, closes, over and over, as short-lived scripts do. */
import { connect } from "node:net";
import { serve } from "./serve.js";

export interface ChurnRequest {
  readonly port: number;
  readonly connects: number;
}

export interface ChurnAnswer {
  /** Connections that were accepted, got their PONG and closed in order. */
  readonly served: number;
  readonly seconds: number;
}

const concurrent = 50;
const connectionMsMax = 10_000;

serve(async ({ port, connects }: ChurnRequest): Promise<ChurnAnswer> => {
  let started = 0;
  let served = 0;
  const startedMs = performance.now();
  const visitor = async (): Promise<void> => {
    while (started++ < connects) if (await visit(port)) served += 1;
  };
  await Promise.all(Array.from({ length: concurrent }, visitor));
  return { served, seconds: (performance.now() - startedMs) / 1000 };
});

/** The client closes first, so that the port that lingers (TIME_WAIT) is its own. */
function visit(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    let heard = "";
    const socket = connect({ port, host: "127.0.0.1", noDelay: true, timeout: connectionMsMax });
    socket.setEncoding("latin1");
    socket.on("connect", () => socket.write("*1\r\n$4\r\nPING\r\n"));
    socket.on("data", (text) => {
      heard += String(text);
      if (heard.length >= 7) socket.end();
    });
    socket.on("timeout", () => socket.destroy());
    socket.on("error", () => {}); // "close" follows, and an answer that is missing counts as lost.
    socket.on("close", (failed) => resolve(!failed && heard === "+PONG\r\n"));
  });
}
