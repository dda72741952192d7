import type { RunServer } from "#torus/cluster/peer-server.js";
import { type ParkedEnd, Run, type RunOwner } from "#torus/cluster/run.js";
import type { PeerSession } from "#torus/cluster/served-peer.js";
import type { StreamMark } from "#torus/cluster/stream-mark.js";
import { encodeCommand } from "./request.js";
import type { SimPeers } from "./sim-peers.js";

/** The number under which a sender knows the other node. */
export const NUMBER = 7;

/** A client whose commands are sent to another node, and what became of each of its runs. */
export class Sender implements RunOwner {
  readonly id = 5;
  readonly hops = 0;
  readonly database = 3;
  flags = 1;
  deadlineMs = 5000;
  readonly heard: string[] = [];

  constructor(readonly node: SimPeers) {}

  /** Sends commands as one run. */
  send(...commands: string[]): Run {
    const link = this.node.peers.link(NUMBER)!;
    const run = new Run(this, NUMBER, link);
    link.begin(run);
    for (const command of commands) link.addRequest(run, encodeCommand(command.split(" ")));
    link.end(run);
    return run;
  }

  runMarked(_run: Run, { boot, generation, position }: StreamMark): void {
    this.heard.push(`mark ${boot} ${generation} ${position}`);
  }

  runParked({ parked }: Run): void {
    this.heard.push(`parked ${parked!.timeoutMs} ${parked!.request ?? ""}`);
  }

  runAnswered(run: Run, _count: number, bytes: Buffer, start: number, end: number): void {
    this.heard.push(`${run.answered}/${run.count} ${bytes.toString("latin1", start, end)}`);
  }

  runEnded(run: Run): void {
    this.heard.push(run.state);
  }
}

/** Executes nothing, and answers as the test says. */
export class Replier implements RunServer {
  isServing = false;
  readonly heard: string[] = [];
  readonly ids: number[] = [];
  session!: PeerSession;
  isEcho = true;

  serve(session: PeerSession): this {
    this.session = session;
    return this;
  }

  run(
    id: number,
    head: { count: number; database: number; session: number },
    bytes: Buffer,
    start: number,
    end: number,
  ): boolean {
    const requests = Buffer.from(bytes.subarray(start, end));
    this.ids.push(id);
    this.heard.push(`${head.session} ${head.database} ${head.count} ${requests.length}`);
    if (this.isEcho) this.session.done(id, head.count, requests);
    return true;
  }

  goOn(): void {
    this.heard.push("go on");
  }

  unpark(id: number, end: ParkedEnd): void {
    this.heard.push(`unpark ${this.ids.indexOf(id)} ${end}`);
  }

  drained(): void {}

  closed(): void {
    this.heard.push("closed");
  }
}
