import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import type { Address } from "#torus/host/datagrams.js";
import { type ExchangeOutcome, ExchangePlan, type PlanView } from "#torus/membership/exchange-plan.js";
import { presets } from "#torus/membership/presets.js";

describe("the plan of exchanges", () => {
  const timings = presets.lan;
  const seedAddress = (number: number): Address => ({ host: `seed-${number}`, port: 1 });
  const member: Address = { host: "member", port: 2 };

  /** Runs a plan: each exchange ends at once, as `answer` says; answers when each began and with whom. */
  function run(
    { seeds, untilMs, view }: { seeds: number; untilMs: number; view: Partial<PlanView> },
    answer: (host: string) => ExchangeOutcome,
  ): { atMs: number; host: string }[] {
    const addresses = Array.from({ length: seeds }, (_, at) => seedAddress(at + 1));
    const plan = new ExchangePlan({ seeds: addresses, timings, random: new Prng(1), nowMs: 0 });
    const full: PlanView = {
      hasCluster: () => true,
      isPresent: () => true,
      drawMember: () => undefined,
      ...view,
    };
    const begun: { atMs: number; host: string }[] = [];
    for (let nowMs = 0; nowMs <= untilMs; nowMs = plan.nextMs()) {
      const partner = plan.due(nowMs, full);
      if (partner === undefined) continue;
      expect(plan.nextMs(), "one at a time").to.equal(Number.POSITIVE_INFINITY);
      begun.push({ atMs: nowMs, host: partner.address.host });
      plan.ended(partner, answer(partner.address.host), nowMs);
    }
    return begun;
  }

  const gaps = (begun: { atMs: number }[]) => begun.slice(1).map(({ atMs }, at) => atMs - begun[at]!.atMs);

  it("tries seeds that do not answer for ever, less and less often, never all at the same time", () => {
    const begun = run({ seeds: 3, untilMs: 3_600_000, view: { hasCluster: () => false } }, () => ({
      kind: "failed",
    }));
    expect(new Set(begun.slice(0, 3).map(({ host }) => host)).size).to.equal(3);
    const pauses = gaps(begun);
    expect(pauses[0]).to.be.within(250, 500);
    expect(Math.max(...pauses)).to.be.at.most(timings.seedRetryMaxMs);
    for (const pause of pauses.slice(10)) expect(pause).to.be.within(15_000, 30_000);
    expect(begun.length).to.be.within(120, 260);
  });

  it("leaves a seed that was met alone while it takes part, and tries it again when it does not", () => {
    let isPresent = true;
    const met = (host: string): ExchangeOutcome => ({ kind: "met", id: host });
    const view = { isPresent: () => isPresent };
    expect(run({ seeds: 2, untilMs: 600_000, view }, met).map(({ host }) => host)).to.have.length(2);
    isPresent = false;
    expect(run({ seeds: 2, untilMs: 600_000, view }, met).length).to.be.greaterThan(30);
  });

  it("compares tables with a random member soon after the start, and then about every half minute", () => {
    const begun = run({ seeds: 0, untilMs: 3_600_000, view: { drawMember: () => member } }, () => ({
      kind: "met",
      id: "m",
    }));
    expect(begun[0]!.atMs).to.be.at.most(100);
    for (const pause of gaps(begun)) expect(pause).to.be.within(15_000, 30_000);
  });

  it("draws another member soon when the one drawn does not answer", () => {
    const begun = run({ seeds: 0, untilMs: 60_000, view: { drawMember: () => member } }, () => ({
      kind: "failed",
    }));
    for (const pause of gaps(begun)) expect(pause).to.be.within(100, 1000);
  });

  it("asks who knows more soon, but once for all that is heard meanwhile", () => {
    const plan = new ExchangePlan({ seeds: [], timings, random: new Prng(1), nowMs: 0 });
    const view: PlanView = { hasCluster: () => true, isPresent: () => true, drawMember: () => undefined };
    plan.due(500, view);
    let asked = 0;
    for (let times = 0; times < 10; times++) {
      plan.want(() => {
        asked++;
        return member;
      }, 1000);
    }
    expect(plan.nextMs()).to.be.within(1000, 1200);
    expect(plan.due(1200, view)).to.deep.equal({ address: member });
    plan.ended({ address: member }, { kind: "met", id: "m" }, 1300);
    expect(plan.due(2000, view)).to.equal(undefined);
    expect(asked).to.equal(1);
  });

  it("lets a node found a cluster that nobody told to join one", () => {
    const plan = new ExchangePlan({ seeds: [], timings, random: new Prng(1), nowMs: 0 });
    expect(plan.mayFound).to.equal(true);
  });

  it("lets of all nodes started with one list only the first found a cluster, when no other answers", () => {
    const seeds = [seedAddress(1), seedAddress(2), seedAddress(3)];
    const view: PlanView = { hasCluster: () => false, isPresent: () => false, drawMember: () => undefined };
    for (const self of [1, 2, 3]) {
      const plan = new ExchangePlan({ seeds, timings, random: new Prng(self), nowMs: 0 });
      const tried = new Set<string>();
      for (let nowMs = 0; nowMs <= 60_000; nowMs = plan.nextMs()) {
        expect(plan.mayFound).to.equal(self === 1 && tried.size === 3);
        const partner = plan.due(nowMs, view);
        if (partner === undefined) continue;
        tried.add(partner.address.host);
        const isSelf = partner.address.host === `seed-${self}`;
        plan.ended(partner, { kind: isSelf ? "self" : "failed" }, nowMs);
      }
    }
  });
});
