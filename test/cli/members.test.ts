import { expect } from "chai";
import type { MemberReport } from "#torus/cli/cluster-reports.js";
import { memberCalled, whatIsLost } from "#torus/cli/forget.js";
import { addressText, byName, memberLines } from "#torus/cli/members.js";
import { unpainted } from "#torus/cli/paint.js";
import { aliveMember, ID_1, ID_2, wellReplicated } from "./reports.js";

const deadMember: MemberReport = {
  ...aliveMember,
  id: ID_2,
  name: "n2",
  self: false,
  status: "dead",
  sinceMs: 999,
  host: "::1",
  httpPort: 0,
  slots: 0,
  link: "down",
};

describe("torus members", () => {
  it("shows a table, in which the node that was asked has a star", () => {
    expect(memberLines([aliveMember, deadMember], unpainted)).to.deep.equal([
      "   NAME  STATUS  FOR    LIFECYCLE  SLOTS  LINK  ADDRESS         CLUSTER  HTTP  ID",
      `*  n1    alive   1m 1s  active     16384  self  127.0.0.1:7000    17000  9000  ${ID_1}`,
      `   n2    dead    0s     active         0  down  [::1]:7000        17000     -  ${ID_2}`,
    ]);
  });

  it("shows zones and weights where they differ from none and 1", () => {
    const [titles, first, second] = memberLines(
      [
        { ...aliveMember, zone: "rack 1" },
        { ...deadMember, weight: 2.5 },
      ],
      unpainted,
    );
    expect(titles).to.match(/HTTP {2}ZONE {4}WEIGHT {2}ID$/);
    expect(first).to.match(/9000 {2}rack 1 {7}1 {2}1+$/);
    expect(second).to.match(/- {2}- {10}2\.5 {2}2+$/);
  });

  it("shows where there are copies who has caught up, and how far it lags behind the node that was asked", () => {
    const [titles, first, second, third] = memberLines(
      [
        { ...aliveMember, inSync: true, copy: "here" },
        { ...deadMember, status: "alive", inSync: false, copy: "behind", lagBytes: 4096, lagMs: 30 },
        { ...deadMember, inSync: false, copy: "dead" },
      ],
      unpainted,
    );
    expect(titles).to.match(/LINK {2}IN SYNC {2}COPY +LAG {2}ADDRESS/);
    expect(first).to.match(/ yes {6}here +- {2}127/);
    expect(second).to.match(/ no {7}behind {2}4096 B 30 ms {2}\[::1\]/);
    expect(third).to.match(/ no {7}dead +- {2}\[::1\]/);
  });

  it("orders n10 behind n9, and nameless ones by their ids", () => {
    const named = (name: string, id = ID_1): MemberReport => ({ ...aliveMember, name, id });
    const sorted = byName([named("n10"), named("", ID_2), named("n9"), named("")]);
    expect(sorted.map(({ name, id }) => name || id)).to.deep.equal([ID_1, ID_2, "n9", "n10"]);
  });

  it("shows what has no address or port as a dash", () => {
    expect(addressText("", 0)).to.equal("-");
    expect(addressText("", 7000)).to.equal("7000");
    expect(addressText("10.0.0.1", 0)).to.equal("10.0.0.1:-");
  });
});

describe("torus forget", () => {
  const members = [aliveMember, deadMember, { ...deadMember, id: "2233".repeat(8), name: "twin" }];

  it("knows a member by its id, its name, or how its id begins", () => {
    for (const words of [ID_2, "n2", "22222"]) expect(memberCalled(words, members)).to.equal(deadMember);
  });

  it("refuses words that mean no member, or several", () => {
    for (const words of ["", "n3", "3"])
      expect(() => memberCalled(words, members)).to.throw("no member has the id or name");
    expect(() => memberCalled("22", members)).to.throw("2 members are called 22: give an id");
    const namesakes = [aliveMember, { ...deadMember, name: "n1" }];
    expect(() => memberCalled("n1", namesakes)).to.throw("2 members are called n1");
  });

  it("says what would be lost", () => {
    expect(whatIsLost([{ ...deadMember, slots: 5461 }], null)).to.equal(
      `n2 (${ID_2}) at [::1]:7000 is dead; the keys in 5461 slots are lost to the cluster if that is forgotten. Say --force to do it`,
    );
    const others = [deadMember, { ...deadMember, name: "" }];
    expect(whatIsLost(others, null)).to.equal(
      `n2 (${ID_2}) at [::1]:7000 is dead, ${ID_2} at [::1]:7000 is dead; there are no slots to be lost. Say --yes to do it`,
    );
  });

  it("says what others still have, where there are copies", () => {
    expect(whatIsLost([deadMember], { ...wellReplicated, copies: 2 })).to.match(
      / is dead; all slots have 2 of 3 copies at least, from which others will be made. Say --yes to do it$/,
    );
    expect(whatIsLost([deadMember], { ...wellReplicated, copies: 0 })).to.match(
      / is dead; of some slots no copy is left that has caught up: .* --yes to do it if none of it is, --force to do it anyway$/,
    );
  });
});
