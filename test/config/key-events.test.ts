import { expect } from "chai";
import { keyEvents, noKeyEvents } from "#torus/config/key-events.js";

/** What CONFIG GET shows of what was set. */
function shown(text: string): string {
  const type = keyEvents();
  const parsed = type.parse(text, noKeyEvents);
  if (!parsed.ok) return parsed.problem;
  const again = type.parse(type.format(parsed.value), noKeyEvents);
  expect(again).to.deep.equal(parsed);
  return type.format(parsed.value);
}

describe("notify-keyspace-events", () => {
  it("is shown as Redis shows it", () => {
    expect(shown("")).to.equal("");
    expect(shown("KEA")).to.equal("AKE");
    expect(shown("g$lshzxetd")).to.equal("A");
    expect(shown("dtexzhsl$g")).to.equal("A");
    expect(shown("g$lshzxet")).to.equal("g$lshzxet");
    expect(shown("mKEnx")).to.equal("xnKEm");
  });

  it("keeps what A leaves out, which Redis forgets", () => {
    expect(shown("AKEmn")).to.equal("AnKEm");
  });

  it("refuses letters that stand for nothing", () => {
    expect(shown("Kq")).to.match(/^Invalid event class character/);
  });
});
