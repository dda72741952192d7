import { expect } from "chai";
import { usageLines } from "#torus/cli/demo.js";
import { portsIn } from "#torus/cli/demo-node.js";
import { unpainted } from "#torus/cli/paint.js";
import { aliveMember, ID_2 } from "./reports.js";

describe("torus demo", () => {
  it("finds the ports in the line by which a node says that it serves", () => {
    const line = "2026-01-01T00:00:00.000Z info  ready to accept connections";
    expect(portsIn(`${line} port=7000 unixsocket=/a/port=1 clusterPort=17000 httpPort=9000`)).to.deep.equal({
      port: 7000,
      clusterPort: 17_000,
    });
    expect(portsIn(`${line} port=7000`)).to.deep.equal({ port: 7000, clusterPort: 0 });
    expect(portsIn("2026-01-01T00:00:00.000Z info  closed port=7000")).to.equal(undefined);
  });

  it("shows where the nodes are and what to try, on the first and the last of them", () => {
    const members = [
      aliveMember,
      { ...aliveMember, id: ID_2, name: "n2", port: 7001, clusterPort: 17_001, slots: 9 },
    ];
    expect(usageLines(members, "npx torus", unpainted)).to.deep.equal([
      "",
      "NODE  CLIENTS         CLUSTER          HTTP            SLOTS",
      "n1    127.0.0.1:7000  127.0.0.1:17000  127.0.0.1:9000  16384",
      "n2    127.0.0.1:7001  127.0.0.1:17001  127.0.0.1:9000      9",
      "",
      "All keys are served, by any of them:",
      "  redis-cli -p 7000 set city Roma",
      "  redis-cli -p 7001 get city",
      "  npx torus status --node 127.0.0.1:7001",
      "  npx torus members --node 127.0.0.1:7001",
      "  npx torus ring --node 127.0.0.1:7001",
      "  curl http://127.0.0.1:9000/readyz",
      "",
      "Ctrl-C ends all.",
    ]);
  });

  it("proposes no page where there is no HTTP port", () => {
    const lines = usageLines([{ ...aliveMember, httpPort: 0 }], "torus", unpainted);
    expect(lines.filter((line) => line.includes("curl"))).to.deep.equal([]);
  });
});
