import { expect } from "chai";
import { Violation } from "../cluster/violation.js";
import { FlushedKeys } from "./flushed-keys.js";
import { Leaf } from "./leaf.js";
import { MovedMembers } from "./moved-members.js";
import { PushedList } from "./pushed-list.js";
import { Queue } from "./queue.js";
import { Session } from "./session.js";
import { Tally } from "./tally.js";
import { Written } from "./written.js";

const CONFIRMED = { fate: "done", isConfirmed: true } as const;
const ACKNOWLEDGED = { fate: "done", isConfirmed: false } as const;
const DOUBTFUL = { fate: "doubtful", isConfirmed: false } as const;
const REFUSED = { fate: "refused", isConfirmed: false } as const;

describe("the book of what is written once", () => {
  function leaf(): Leaf {
    return new Leaf({ kind: "key", key: "key", part: "" }, { apartMs: 500 });
  }

  it("wants acknowledged writes to be there in the end, at whichever level, and refused ones not", () => {
    for (const outcome of [CONFIRMED, ACKNOWLEDGED]) {
      const written = leaf();
      written.written(outcome);
      written.judge(written.value, 0);
      expect(() => written.judge(undefined, 0)).to.throw(Violation, "was acknowledged, and is gone");
    }
    const refused = leaf();
    refused.written(REFUSED);
    refused.judge(undefined, 0);
    expect(() => refused.judge(refused.value, 0)).to.throw(Violation, "was refused, and is there");
  });

  it("lets a write in doubt be there or not, but with no other value", () => {
    const written = leaf();
    written.written(DOUBTFUL);
    written.judge(undefined, 0);
    written.judge(written.value, 0);
    expect(() => written.judge("other", 0)).to.throw(Violation, "is other");
  });

  it("finds a refusal out of what was seen before", () => {
    const written = leaf();
    written.shown(written.value, "any");
    expect(() => written.written(REFUSED)).to.throw(Violation, "is refused, but it was seen");
  });

  it("wants a quorum to see what was confirmed before it began, until somebody ends it", () => {
    const written = leaf();
    expect(written.expectation(0)).to.equal("any");
    written.written(CONFIRMED);
    const expectation = written.expectation(0);
    expect(expectation).to.equal("there");
    expect(() => written.shown(undefined, expectation)).to.throw(
      Violation,
      "was confirmed, and is not there",
    );
    written.ending();
    written.shown(undefined, expectation);
  });

  it("wants what was removed never to return", () => {
    const written = leaf();
    written.written(CONFIRMED);
    written.ending();
    expect(written.expectation(0)).to.equal("any");
    written.ended(CONFIRMED, 0);
    expect(written.expectation(500)).to.equal("gone");
    written.judge(undefined, 500);
    expect(() => written.judge(written.value, 500)).to.throw(Violation, "is there again");
  });

  it("gives a deadline the time by which clocks may differ", () => {
    const written = leaf();
    written.written(CONFIRMED);
    written.ending();
    written.ended(CONFIRMED, 1000);
    expect(written.expectation(1499)).to.equal("any");
    expect(written.expectation(1500)).to.equal("gone");
  });

  it("lets what was removed in doubt be there or not, and keeps what could not be removed", () => {
    const doubtful = leaf();
    doubtful.written(CONFIRMED);
    doubtful.ending();
    doubtful.ended(DOUBTFUL, 0);
    doubtful.judge(undefined, 1000);
    doubtful.judge(doubtful.value, 1000);
    const kept = leaf();
    kept.written(CONFIRMED);
    kept.ending();
    kept.ended(REFUSED, 0);
    expect(() => kept.judge(undefined, 1000)).to.throw(Violation, "was acknowledged, and is gone");
  });

  it("wants a majority to find what a majority has", () => {
    const confirmed = leaf();
    confirmed.written(CONFIRMED);
    expect(() => confirmed.missed({ isConfirmed: true })).to.throw(Violation, "a majority did not have it");
    const acknowledged = leaf();
    acknowledged.written(ACKNOWLEDGED);
    acknowledged.missed({ isConfirmed: true });
    acknowledged.judge(acknowledged.value, 1000);
  });
});

describe("the book of what is added", () => {
  it("counts what was acknowledged once, what is in doubt at most once, and what was refused never", () => {
    const tally = new Tally("key");
    tally.settle(3, "done");
    tally.settle(4, "doubtful");
    tally.settle(5, "refused");
    const judge = (value: number, addsUp = true) => tally.judge(value, { addsUp });
    for (const value of [3, 7]) judge(value);
    for (const value of [2, 8]) expect(() => judge(value)).to.throw(Violation, `${value} is there`);
    judge(2, false);
    expect(() => judge(8, false)).to.throw(Violation, "8 is there");
  });
});

describe("the book of a list", () => {
  function listOf(isOrdered = true): PushedList {
    let now = 0;
    return new PushedList("key", () => ++now, isOrdered);
  }

  it("wants what was confirmed to stand before what was pushed to the tail later, and behind what was pushed to the head", () => {
    const list = listOf();
    for (const element of ["t1", "t2"]) list.push("tail", element).settled(CONFIRMED);
    for (const element of ["h1", "h2"]) list.push("head", element).settled(CONFIRMED);
    list.judge(["h2", "h1", "t1", "t2"]);
    expect(() => list.judge(["h2", "h1", "t2", "t1"])).to.throw(Violation, "has t2 before t1");
    expect(() => list.judge(["h1", "h2", "t1", "t2"])).to.throw(Violation, "has h2 before h1");
    expect(() => list.judge(["h1", "t1", "h2", "t2"])).to.throw(
      Violation,
      "of its tail before one of its head",
    );
  });

  it("lets what was pushed at once, or never confirmed, stand in any order", () => {
    const list = listOf();
    const pushes = ["a", "b"].map((element) => list.push("tail", element));
    for (const push of pushes) push.settled(CONFIRMED);
    list.push("tail", "c").settled(ACKNOWLEDGED);
    for (const order of ["a b c", "b a c", "c b a"]) list.judge(order.split(" "));
    const other = listOf(false);
    for (const element of ["a", "b"]) other.push("tail", element).settled(CONFIRMED);
    other.judge(["b", "a"]);
  });

  it("wants each element once, and none that nobody pushed", () => {
    const list = listOf();
    list.push("tail", "a").settled(CONFIRMED);
    expect(() => list.judge(["a", "a"])).to.throw(Violation, "twice");
    expect(() => list.judge(["x"])).to.throw(Violation, "nobody pushed x");
  });
});

describe("the book of a queue", () => {
  function queueOf(isOnce = true): Queue {
    const queue = new Queue("key", isOnce);
    for (const element of ["a", "b", "c"]) {
      queue.pushing(element);
      queue.pushed(element, CONFIRMED);
    }
    return queue;
  }

  it("wants what was acknowledged to be there unless somebody popped it, or may have", () => {
    const queue = queueOf();
    queue.judge(["c", "b", "a"]);
    expect(() => queue.judge(["a", "b"])).to.throw(Violation, "lacks c");
    queue.popped("c", ACKNOWLEDGED);
    queue.judge(["a", "b"]);
    queue.doubted(1);
    queue.judge(["a"]);
    expect(() => queue.judge([])).to.throw(Violation, "lacks a b");
  });

  it("wants what was popped never to return, and to be popped once", () => {
    const queue = queueOf();
    queue.popped("a", CONFIRMED);
    expect(() => queue.judge(["a", "b", "c"])).to.throw(Violation, "was popped, and is there");
    queue.popped("a", ACKNOWLEDGED);
    expect(() => queue.popped("a", CONFIRMED)).to.not.throw();
    const other = queueOf();
    other.popped("b", CONFIRMED);
    expect(() => other.popped("b", CONFIRMED)).to.throw(Violation, "was popped twice");
    const loose = queueOf(false);
    for (const outcome of [CONFIRMED, CONFIRMED]) loose.popped("b", outcome);
  });

  it("lets what was popped in doubt be there or not", () => {
    const queue = queueOf();
    queue.popped("a", DOUBTFUL);
    queue.judge(["a", "b", "c"]);
    queue.judge(["b", "c"]);
  });

  it("wants nothing that was refused, or that nobody pushed", () => {
    const queue = queueOf();
    queue.pushing("r");
    queue.pushed("r", REFUSED);
    expect(() => queue.judge(["a", "b", "c", "r"])).to.throw(Violation, "was refused, and is there");
    expect(() => queue.popped("x", CONFIRMED)).to.throw(Violation, "nobody pushed it");
  });
});

describe("the book of members that move", () => {
  function setsOf(...members: readonly string[]): MovedMembers {
    const sets = new MovedMembers("key");
    for (const member of members) {
      sets.adding(member);
      sets.added(member, CONFIRMED);
    }
    return sets;
  }

  function judging(sets: MovedMembers, from: readonly string[], to: readonly string[]): () => void {
    return () => sets.judge(from, to);
  }

  it("wants each in one of the sets, and in the second only if somebody may have moved it", () => {
    const sets = setsOf("a", "b", "c");
    for (const name of ["a", "b"]) sets.moving(name);
    sets.moved("a", ACKNOWLEDGED);
    sets.moved("b", DOUBTFUL);
    expect(sets.movable).to.deep.equal(["c"]);
    sets.judge(["b", "c"], ["a"]);
    sets.judge(["c"], ["a", "b"]);
    expect(judging(sets, ["a", "b", "c"], ["a"])).to.throw(Violation, "is in both");
    expect(judging(sets, ["a", "b", "c"], [])).to.throw(Violation, "was moved, and is where it was");
    expect(judging(sets, ["c"], ["a"])).to.throw(Violation, "b was acknowledged, and is in neither");
    expect(judging(sets, ["b"], ["a", "c"])).to.throw(Violation, "c is where nobody has moved it");
    expect(judging(sets, ["b", "c", "x"], ["a"])).to.throw(Violation, "nobody added it");
  });

  it("wants nothing that was refused, and keeps where it was what could not be moved", () => {
    const sets = setsOf("a");
    sets.adding("r");
    sets.added("r", REFUSED);
    sets.moving("a");
    sets.moved("a", REFUSED);
    sets.judge(["a"], []);
    expect(judging(sets, ["a", "r"], [])).to.throw(Violation, "was refused, and is there");
    expect(judging(sets, [], ["a"])).to.throw(Violation, "nobody has moved it");
  });

  it("wants a majority to find what a majority has", () => {
    const sets = setsOf("a", "b");
    sets.moving("a");
    sets.missed("a", { isConfirmed: false });
    sets.judge(["a", "b"], []);
    sets.moving("b");
    expect(() => sets.missed("b", { isConfirmed: true })).to.throw(Violation, "a majority did not have it");
  });
});

describe("the book of what is waited for", () => {
  it("keeps what a replica has, whose acknowledgement alone promised nothing", () => {
    const written = new Written();
    const tally = new Tally("key");
    tally.settle(4, "doubtful");
    written.add(undefined, () => tally.promised(4));
    tally.judge(0, { addsUp: true });
    written.waited(1, undefined);
    written.waited(2, undefined);
    tally.judge(4, { addsUp: true });
    expect(() => tally.judge(0, { addsUp: true })).to.throw(Violation, "0 is there");
  });

  it("wants as many nodes to hold it as the answer said, until somebody ends it", () => {
    const leaf = new Leaf({ kind: "key", key: "key", part: "" }, { apartMs: 500 });
    leaf.written(ACKNOWLEDGED);
    const written = new Written();
    written.add(leaf, undefined);
    written.waited(2, () => 3);
    expect(() => written.waited(2, () => 2)).to.throw(Violation, "2 nodes hold it");
    leaf.ending();
    written.waited(2, () => 0);
  });

  it("takes an answer of 0 for that of a node that cannot tell: what was written before is not waited for any more", () => {
    const written = new Written();
    const tally = new Tally("key");
    tally.settle(4, "doubtful");
    const leaf = new Leaf({ kind: "key", key: "key", part: "" }, { apartMs: 500 });
    leaf.written(ACKNOWLEDGED);
    written.add(leaf, () => tally.promised(4));
    written.waited(0, () => 0);
    written.waited(1, () => 1);
    tally.judge(0, { addsUp: true });
  });
});

describe("the book of a connection", () => {
  it("wants it to see again what it saw or wrote", () => {
    const session = new Session();
    session.wroteField("hash", "a");
    session.sawFields("hash", new Set(["a", "b"]));
    expect(() => session.sawFields("hash", new Set(["a"]))).to.throw(Violation, "b");
    session.wroteSum("sum", 5);
    session.sawSum("sum", 5);
    expect(() => session.sawSum("sum", 4)).to.throw(Violation, "saw 5, and then 4");
  });
});

describe("the book of flushed keys", () => {
  /** Keys written and flushes, in order; `!` behind a name: it is in doubt. */
  function bookOf(...deeds: readonly string[]): FlushedKeys {
    let now = 0;
    const book = new FlushedKeys(() => ++now);
    for (const deed of deeds) {
      const outcome = deed.endsWith("!") ? DOUBTFUL : CONFIRMED;
      const name = deed.replace("!", "");
      book.settle(name === "flush" ? book.flush() : book.write(name), outcome);
    }
    return book;
  }

  it("wants keys gone that were there before a flush, and there that came behind all", () => {
    const book = bookOf("a", "flush", "b");
    book.judge(new Set(["b"]));
    expect(() => book.judge(new Set(["a", "b"]))).to.throw(Violation, "a: is there, though");
    expect(() => book.judge(new Set())).to.throw(Violation, "b: was acknowledged behind all flushes");
  });

  it("lets a flush in doubt come at any later time, or never", () => {
    const book = bookOf("a", "flush!", "b");
    for (const there of [["a", "b"], ["b"], []]) book.judge(new Set(there));
  });

  it("lets a key in doubt come at any later time, or never", () => {
    const book = bookOf("a!", "flush");
    for (const there of [["a"], []]) book.judge(new Set(there));
  });

  it("lets what is written while a flush is under way be there or not", () => {
    let now = 0;
    const book = new FlushedKeys(() => ++now);
    const flush = book.flush();
    book.settle(book.write("a"), CONFIRMED);
    book.settle(flush, CONFIRMED);
    for (const there of [["a"], []]) book.judge(new Set(there));
  });

  it("wants no key that nobody wrote", () => {
    expect(() => bookOf("a").judge(new Set(["a", "x"]))).to.throw(Violation, "x: nobody wrote it");
  });
});
