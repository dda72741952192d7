import { expect } from "chai";
import { Dissemination, sendsFor } from "#torus/membership/dissemination.js";

describe("dissemination", () => {
  const all = { sendsMax: 3, looksMax: 100 };

  /** What a message with room for so many takes. */
  function take(news: Dissemination, room: number, limits = all): string {
    const taken: string[] = [];
    news.pick(limits, (id) => taken.length < room && taken.push(id) > 0);
    return taken.join("");
  }

  function newsOf(ids: string): Dissemination {
    const news = new Dissemination();
    for (const id of ids) news.add(id);
    return news;
  }

  it("takes what was told least often first, and of equals what waits longest", () => {
    const news = newsOf("abcd");
    expect(take(news, 2)).to.equal("ab");
    expect(take(news, 3)).to.equal("cda");
    news.add("e");
    expect(take(news, 3)).to.equal("ebc");
  });

  it("tells everything so many times and no more", () => {
    const news = newsOf("ab");
    expect([take(news, 9), take(news, 9), take(news, 9), take(news, 9)]).to.deep.equal([
      "ab",
      "ab",
      "ab",
      "",
    ]);
    expect(news.isEmpty).to.equal(true);
  });

  it("tells it all again if it changed, and nothing of what was removed", () => {
    const news = newsOf("ab");
    take(news, 9);
    take(news, 9);
    news.add("a");
    news.remove("b");
    expect([take(news, 9), take(news, 9), take(news, 9), take(news, 9)]).to.deep.equal(["a", "a", "a", ""]);
  });

  it("lets small news pass large news for which there is no room, and looks at a limited number", () => {
    const news = newsOf("Aab");
    const taken: string[] = [];
    news.pick(all, (id) => id !== "A" && taken.push(id) > 0);
    expect(taken.join("")).to.equal("ab");
    expect(take(news, 9, { sendsMax: 3, looksMax: 2 })).to.equal("Aa");
  });

  it("needs a few more rounds for ten times the members", () => {
    expect([1, 3, 9, 10, 99, 100, 999, 1000].map((members) => sendsFor(members, 4))).to.deep.equal([
      4, 4, 4, 8, 8, 12, 12, 16,
    ]);
  });
});
