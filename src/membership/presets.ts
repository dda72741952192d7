/**
 * How fast membership works, in three settings. What they trade is always the same: quicker detection against more
 * datagrams and more false alarms. The shares between the numbers are those of memberlist (hashicorp), the
 * periods are shorter: it serves networks that can bear 10 s of not knowing, and a database cannot.
 */

export type PresetName = "local" | "lan" | "wan";

export interface Timings {
  /** One member is probed each period. Also how long a probe may take in all before its target is suspected. */
  readonly probeIntervalMs: number;
  /** When others are asked to probe too. More than a round trip between any two members, and some stalls. */
  readonly probeTimeoutMs: number;
  /** How many others are asked. */
  readonly relays: number;
  /** While there is news, it is sent to `gossipFanout` members each period. */
  readonly gossipIntervalMs: number;
  readonly gossipFanout: number;
  /** News is sent this often times the decimal logarithm of the size of the cluster (SWIM's lambda). */
  readonly sendsPerDecade: number;
  /** A suspicion lasts at least this many probe periods, besides the way of the news there and back (suspicions.ts). */
  readonly suspicionPeriods: number;
  /** A suspicion that nobody confirms lasts this many times as long as one that `confirmations` others do. */
  readonly suspicionMaxFactor: number;
  readonly confirmations: number;
  /** How much longer than usual a node waits that is slow itself, at most (Lifeguard's S). */
  readonly slownessMax: number;
  /** Now and then the whole table is compared with a random member's. */
  readonly exchangeIntervalMs: number;
  readonly exchangeTimeoutMs: number;
  /** Seeds that do not answer are tried again after so long, doubling up to the second, for ever. */
  readonly seedRetryMinMs: number;
  readonly seedRetryMaxMs: number;
  /** Members that left or died without owning anything are shown for so long; forgotten ones are banned. */
  readonly departedKeptMs: number;
  readonly forgottenKeptMs: number;
}

const HOUR_MS = 3_600_000;

const lan: Timings = {
  probeIntervalMs: 500,
  probeTimeoutMs: 200,
  relays: 3,
  gossipIntervalMs: 100,
  gossipFanout: 3,
  sendsPerDecade: 4,
  suspicionPeriods: 2,
  suspicionMaxFactor: 6,
  confirmations: 3,
  slownessMax: 8,
  exchangeIntervalMs: 30_000,
  exchangeTimeoutMs: 5_000,
  seedRetryMinMs: 500,
  seedRetryMaxMs: 30_000,
  departedKeptMs: HOUR_MS,
  forgottenKeptMs: 24 * HOUR_MS,
};

export const presets: Readonly<Record<PresetName, Timings>> = {
  /** Within one machine: no network to lose anything, but processes that stop each other. */
  local: {
    ...lan,
    probeIntervalMs: 300,
    probeTimeoutMs: 120,
    gossipIntervalMs: 50,
    suspicionPeriods: 3,
    exchangeIntervalMs: 15_000,
    seedRetryMinMs: 200,
    seedRetryMaxMs: 5_000,
  },
  lan,
  /** Between data centres: round trips of up to half a second. */
  wan: {
    ...lan,
    probeIntervalMs: 3_000,
    probeTimeoutMs: 1_500,
    gossipIntervalMs: 400,
    gossipFanout: 4,
    exchangeIntervalMs: 60_000,
    exchangeTimeoutMs: 20_000,
    seedRetryMinMs: 2_000,
    seedRetryMaxMs: 60_000,
  },
};
