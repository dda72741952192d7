import type { Address } from "#torus/host/datagrams.js";
import { nodeCipher } from "#torus/host/node/cipher.js";
import type { SimHost } from "#torus/host/sim/sim-host.js";
import type { World } from "#torus/host/sim/world.js";
import { GOSSIP_KEY_PURPOSE } from "#torus/membership/envelope.js";
import { ExchangeStreams } from "#torus/membership/exchange-streams.js";
import { Gossiper } from "#torus/membership/gossiper.js";
import type { ClusterId, MemberRecord, NodeId } from "#torus/membership/member.js";
import { presets, type Timings } from "#torus/membership/presets.js";
import type { SharedState } from "#torus/membership/state-exchange.js";

export const CLUSTER_PORT = 16_379;
export const CLUSTER_ID: ClusterId = "c1".repeat(16);

/** A record in which everything has a value; `number` tells members apart. */
export function recordOf(number: number, changes: Partial<MemberRecord> = {}): MemberRecord {
  return {
    id: idOfNumber(number),
    boot: 1,
    incarnation: 0,
    origin: number,
    lifecycle: "active",
    name: `node-${number}`,
    zone: "zone-a",
    host: `host-${number}`,
    clientPort: 6379,
    clusterPort: CLUSTER_PORT,
    httpPort: 8379,
    weight: 1,
    stateVersion: 0,
    protocolMin: 1,
    protocolMax: 1,
    digests: [],
    ...changes,
  };
}

export function idOfNumber(number: number): NodeId {
  return number.toString(16).padStart(32, "0");
}

/** The same bytes for all members, as the ring will be. */
export class TestState implements SharedState {
  version = 0;
  text = "";
  /** What was offered, in order. */
  readonly offers: string[] = [];
  adopted: (version: number) => void = () => {};

  bytes(): Uint8Array {
    return Buffer.from(this.text);
  }

  offer(version: number, bytes: Uint8Array): void {
    this.set(version, Buffer.from(bytes).toString());
    this.offers.push(this.text);
  }

  set(version: number, text: string): void {
    this.version = version;
    this.text = text;
    this.adopted(version);
  }
}

export interface SimMemberOptions {
  readonly record?: Partial<MemberRecord>;
  /** None unless given: then it founds a cluster or joins one. */
  readonly clusterId?: ClusterId | undefined;
  readonly seeds?: readonly string[];
  readonly members?: readonly MemberRecord[];
  readonly timings?: Timings;
  readonly secret?: string;
}

/** A gossiper on a simulated host `host-N`, with what its owner was told. */
export class SimMember {
  /** `dead 3`, `alive 2`, `left 4`, `suspect 5`: changes of others' status, in order, by number. */
  readonly heard: string[] = [];
  readonly state = new TestState();
  readonly refusals: string[] = [];
  supersededBy: string | undefined;
  clusterId: ClusterId | undefined;
  isFounder = false;

  private constructor(
    readonly number: number,
    readonly host: SimHost,
    readonly gossiper: Gossiper,
    private readonly stopListening: () => Promise<void>,
  ) {}

  static async start(world: World, number: number, options: SimMemberOptions = {}): Promise<SimMember> {
    const host = world.host(`host-${number}`);
    const timings = options.timings ?? presets.lan;
    const channel = new ExchangeStreams({
      network: host.network,
      timers: host.timers,
      timeoutMs: timings.exchangeTimeoutMs,
    });
    const endpoint = { host: "0.0.0.0", port: CLUSTER_PORT };
    let member: SimMember | undefined;
    const gossiper = await world.complete(
      Gossiper.start({
        host,
        bind: endpoint,
        self: recordOf(number, options.record),
        clusterId: options.clusterId,
        seeds: (options.seeds ?? []).map(seedOf),
        members: options.members ?? [],
        timings,
        key: options.secret === undefined ? undefined : keyOf(options.secret),
        channel,
        state: {
          get version() {
            return member?.state.version ?? 0;
          },
          bytes: () => member!.state.bytes(),
          offer: (version, bytes) => member!.state.offer(version, bytes),
        },
        events: {
          changed: ({ member: changed, before }) => {
            const { id, lifecycle } = changed.record;
            const status = lifecycle === "left" ? "left" : changed.status;
            const earlier = before?.record.lifecycle === "left" ? "left" : before?.status;
            if (member !== undefined && id !== gossiper.self.id && status !== earlier) {
              member.heard.push(`${status} ${Number.parseInt(id, 16)}`);
            }
          },
          dropped: ({ record }) => member?.heard.push(`dropped ${Number.parseInt(record.id, 16)}`),
          joined: ({ clusterId, isFounder }) => {
            if (member === undefined) return;
            member.clusterId = clusterId;
            member.isFounder = isFounder;
          },
          originTaken: ({ free }) => gossiper.update({ origin: free }),
          superseded: (reason) => {
            if (member !== undefined) member.supersededBy = reason;
          },
          forgotten: (by) => member?.heard.push(`forgotten by ${Number.parseInt(by, 16)}`),
          refused: (by, reason) => member?.refusals.push(`${by.host}: ${reason}`),
        },
      }),
    );
    const listener = await world.complete(
      host.network.listen({ endpoint, backlog: 511, keepAliveSeconds: 0 }, (connection) =>
        channel.serve(connection, (packet, from) => gossiper.answer(packet, from)),
      ),
    );
    member = new SimMember(number, host, gossiper, () => listener.close());
    // Who is to join nobody may have founded a cluster while we waited for the listener.
    member.clusterId = gossiper.clusterId;
    member.isFounder = options.clusterId === undefined && gossiper.clusterId !== undefined;
    member.state.adopted = (stateVersion) => gossiper.update({ stateVersion });
    return member;
  }

  get record(): MemberRecord {
    return this.gossiper.self;
  }

  /** What it believes of another: `alive`, `suspect`, `dead`, `forgotten`, `left`, or `unknown`. */
  viewOf(number: number): string {
    const known = this.gossiper.table.get(idOfNumber(number));
    if (known === undefined) return "unknown";
    return known.record.lifecycle === "left" ? "left" : known.status;
  }

  /** Numbers of those that take part, itself included, ascending. */
  get present(): number[] {
    return [...this.gossiper.table.members]
      .filter(({ record, status }) => status === "alive" && record.lifecycle !== "left")
      .map(({ record }) => Number.parseInt(record.id, 16))
      .sort((one, other) => one - other);
  }

  async close(): Promise<void> {
    await this.gossiper.close();
    await this.stopListening();
  }
}

const keyBySecret = new Map<string, Uint8Array>();

/** Slow to derive, so each is derived once for all members of all tests. */
function keyOf(secret: string): Uint8Array {
  const key = keyBySecret.get(secret) ?? nodeCipher.deriveKey(secret, GOSSIP_KEY_PURPOSE);
  keyBySecret.set(secret, key);
  return key;
}

function seedOf(host: string): Address {
  return { host, port: CLUSTER_PORT };
}

/** Members 1 to `count` of one cluster that know each other. */
export function formedCluster(
  world: World,
  count: number,
  options: SimMemberOptions = {},
): Promise<SimMember[]> {
  const members = Array.from({ length: count }, (_, at) => recordOf(at + 1, options.record));
  const starts = members.map((_, at) =>
    SimMember.start(world, at + 1, { clusterId: CLUSTER_ID, members, ...options }),
  );
  return Promise.all(starts);
}
