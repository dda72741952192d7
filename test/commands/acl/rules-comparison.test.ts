import { createHash } from "node:crypto";
import { expect } from "chai";
import { Prng } from "#torus/base/prng.js";
import { CommandCatalog, type CommandFact } from "#torus/commands/acl/command-catalog.js";
import {
  describeChannels,
  describeCommands,
  describeKeys,
  flagsOf,
} from "#torus/commands/acl/description.js";
import { joinSelectors, UserRules } from "#torus/commands/acl/user.js";
import { allCommands, CATEGORIES } from "#torus/commands/command-facts.js";
import { commands } from "#torus/commands/table.js";
import { notate } from "../../support/notation.js";
import { needsRedis, startRedis } from "../../support/redis-server.js";
import { type Reply, textOf } from "../../support/reply.js";
import { seeds } from "../../support/seeds.js";
import { connectTo, REFERENCE_VERSION, type Target } from "../../support/target.js";
import { startTorus } from "../../support/torus-node.js";
import type { WireClient } from "../../support/wire-client.js";

const SEEDS = seeds({ usually: 150, thoroughly: 1500 });
const RULES_MAX = 10;
const QUESTIONS = 25;
const BYTES = "ab*?[]^-\\\"'~%\xe4";

/** Rules, and commands to hold against them, of which both servers must think the same. */
class Author {
  private readonly prng: Prng;

  constructor(
    seed: string | number,
    private readonly names: readonly string[],
    /** Of a container Redis tells subcommands that are not there, or none where others are. */
    private readonly askable: readonly string[] = names,
  ) {
    this.prng = new Prng(`rules ${seed}`);
  }

  rules(): string[] {
    return Array.from({ length: this.prng.below(RULES_MAX) + 1 }, () => this.rule());
  }

  /** Rules that allow something, to begin with. */
  opening(): string[] {
    const some = ["+@all", "+@read", "+@write +@keyspace", "+@fast", "+@all -@dangerous", "-@all"];
    const keys = ["~*", "~a*", "%R~* %W~a*", "%R~a ~b", "%W~*", "%R~*"];
    const channels = ["&*", "&a*", "&a &b", "resetchannels"];
    return `${this.pick(some)} ${this.pick(keys)} ${this.pick(channels)}`.split(" ");
  }

  /** One of the commands with some arguments, of which most are keys or what options are called. */
  question(): string[] {
    const count = this.prng.below(5);
    const words = ["a", "b", "aa", "ab", "k", "GET", "get", "1", "0", "EX", "STORE", "DB", "\xe4"];
    return [...this.pick(this.askable).split("|"), ...Array.from({ length: count }, () => this.pick(words))];
  }

  private rule(): string {
    if (this.prng.chance(0.75)) return this.selectorRule();
    const others = [
      "on",
      "off",
      "nopass",
      "resetpass",
      "reset",
      "clearselectors",
      ">one",
      ">two",
      "<one",
      "bogus",
    ];
    if (this.prng.chance(0.6))
      return this.pick([...others, "sanitize-payload", "skip-sanitize-payload", "", "ON"]);
    return `(${Array.from({ length: this.prng.below(4) }, () => this.selectorRule()).join(" ")})`;
  }

  private selectorRule(): string {
    const sign = this.pick(["+", "-"]);
    switch (this.prng.below(9)) {
      case 0:
        return `${this.pick(["~", "%R~", "%W~", "%RW~", "%wr~", "%", "%RR~"])}${this.pattern()}`;
      case 1:
        return `${this.pick(["~", "%R~", "%W~"])}${this.pick(["a", "a*", "b*", "*", "?", "[ab]*", "\xe4"])}`;
      case 2:
        return `&${this.pattern()}`;
      case 3:
        return this.pick(["allkeys", "resetkeys", "allchannels", "resetchannels", "~*", "&*", "AllKeys"]);
      case 4:
        return this.pick(["allcommands", "nocommands", "+@all", "-@all", "+@ALL"]);
      case 5:
      case 6:
        return `${sign}@${this.pick([...CATEGORIES, "nosuch", "READ"])}`;
      case 7:
        return `+${this.pick(["select", "get", "set", "auth", "client", "client|id"])}|${this.pick(["a", "A", "get", "list", ""])}`;
      default:
        return `${sign}${this.pick([...this.names, "nosuch", "GET"])}`;
    }
  }

  private pattern(): string {
    return Array.from({ length: this.prng.below(4) }, () => this.pick([...BYTES])).join("");
  }

  private pick<Choice>(choices: readonly Choice[]): Choice {
    return choices[this.prng.below(choices.length)]!;
  }
}

/** A selector as it is told, its single commands in an order of their own: Redis has them in that of a table with a random seed. */
function selectorFacts(described: string, keys: string, channels: string): unknown {
  const words = described.split(" ");
  const isCategory = (word: string) => /^[+-]@/.test(word);
  return {
    categories: words.filter(isCategory),
    commands: words.filter((word) => !isCategory(word)).sort(),
    keys,
    channels,
  };
}

/** Redis finds no key in it and lets anybody do it, since none of its sources is there: not even the key that it makes. */
function isUnguarded([name, ...keys]: readonly string[]): boolean {
  return name === "pfmerge" && keys.length === 1;
}

function fieldsOf(reply: Reply): Readonly<Record<string, Reply>> {
  if (reply.kind !== "map") throw new Error(`expected a map, got ${notate(reply)}`);
  return Object.fromEntries(reply.entries.map(([field, value]) => [textOf(field)!, value]));
}

function itemsOf(reply: Reply): readonly Reply[] {
  if (reply.kind !== "array" && reply.kind !== "set") throw new Error(`expected items, got ${notate(reply)}`);
  return reply.items;
}

function factsInReply(reply: Reply): unknown {
  const fields = fieldsOf(reply);
  const selector = (of: Readonly<Record<string, Reply>>) =>
    selectorFacts(textOf(of["commands"]!)!, textOf(of["keys"]!)!, textOf(of["channels"]!)!);
  return {
    flags: itemsOf(fields["flags"]!).map(textOf),
    passwords: itemsOf(fields["passwords"]!).map(textOf),
    selectors: [selector(fields), ...itemsOf(fields["selectors"]!).map((each) => selector(fieldsOf(each)))],
  };
}

function factsOf(rules: UserRules): unknown {
  return {
    flags: flagsOf(rules),
    passwords: rules.passwords,
    selectors: rules.selectors.map((each) =>
      selectorFacts(describeCommands(each), describeKeys(each), describeChannels(each)),
    ),
  };
}

/** Every command of a server with its categories, subcommands behind their containers. */
async function tableOf(client: WireClient): Promise<CommandFact[]> {
  const facts: CommandFact[] = [];
  const collect = (reply: Reply) => {
    const [name, , , , , , categories, , , subcommands] = itemsOf(reply);
    facts.push({
      name: textOf(name!)!,
      categories: itemsOf(categories!).map((category) => textOf(category)!.slice(1)),
    });
    for (const subcommand of itemsOf(subcommands!)) collect(subcommand);
  };
  for (const reply of itemsOf(await client.call("COMMAND"))) collect(reply);
  return facts;
}

function sha256(password: string): string {
  return createHash("sha256").update(password, "latin1").digest("hex");
}

/** As bytes on the wire. */
function bytesOf(words: readonly string[]): Buffer[] {
  return words.map((word) => Buffer.from(word, "latin1"));
}

describe("rules of users, compared with Redis", () => {
  let redis: Target;
  let torus: Target;
  let theirs: WireClient;
  let ours: WireClient;

  before(async function () {
    await needsRedis(this, REFERENCE_VERSION);
    redis = await startRedis();
    torus = await startTorus();
    theirs = await connectTo(redis);
    ours = await connectTo(torus);
    await theirs.call("HELLO", 3);
    await ours.call("HELLO", 3);
  });

  after(async () => {
    await theirs.close();
    await ours.close();
    await redis.close();
    await torus.close();
  });

  it("are refused alike, and worded alike if they are taken, with Redis's own table of commands", async () => {
    const facts = await tableOf(theirs);
    const catalog = new CommandCatalog(facts);
    const context = { catalog, hash: sha256, allowsAllChannels: false };
    const names = facts.map(({ name }) => name);
    let taken = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const author = new Author(seed, names);
      let rules = UserRules.none(context);
      await theirs.call("ACL", "DELUSER", "u");
      for (let change = 0; change < 3; change++) {
        const words = author.rules();
        const joined = joinSelectors(words);
        if ("unmatched" in joined) throw new Error(`not one of the author's: ${joined.unmatched}`);
        const changed = rules.copy(context);
        const problem = joined.rules.map((rule) => changed.apply(rule)).find((each) => each !== undefined);
        const reply = notate(await theirs.call("ACL", "SETUSER", "u", ...bytesOf(words)));
        const message = `seed ${seed}: ${words.join(" ")}`;
        if (problem !== undefined) {
          expect(reply, message).to.include(`': ${problem}`);
          continue;
        }
        expect(reply, message).to.equal("OK");
        rules = changed;
        taken++;
        expect(factsOf(rules), message).to.deep.equal(factsInReply(await theirs.call("ACL", "GETUSER", "u")));
      }
    }
    expect(taken).to.be.greaterThan(SEEDS);
  });

  it("allow the same commands, as far as both have them", async () => {
    const known = new Set((await tableOf(theirs)).map(({ name }) => name));
    const shared = Array.from(allCommands(commands), ({ name }) => name).filter((name) => known.has(name));
    const plain = shared.filter((name) => !shared.some((other) => other.startsWith(`${name}|`)));
    const answered = new Map<boolean, number>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const author = new Author(`decisions ${seed}`, shared, plain);
      const words = [...author.opening(), ...author.rules()];
      const told: string[] = [];
      for (const client of [ours, theirs]) {
        await client.call("ACL", "DELUSER", "u");
        told.push(notate(await client.call("ACL", "SETUSER", "u", ...bytesOf(words))));
      }
      const [our, their] = told;
      expect(our, `seed ${seed}: ${words.join(" ")}`).to.equal(their);
      if (our !== "OK") continue;
      const questions = Array.from({ length: QUESTIONS }, () => author.question());
      for (const question of questions) {
        if (isUnguarded(question)) continue;
        const request = ["ACL", "DRYRUN", "u", ...bytesOf(question)] as const;
        const answers = await Promise.all([ours.call(...request), theirs.call(...request)]);
        const message = `seed ${seed}: ${words.join(" ")}: ${question.join(" ")}`;
        expect(notate(answers[0]!), message).to.equal(notate(answers[1]!));
        const isAllowed = notate(answers[0]!) === "OK";
        answered.set(isAllowed, (answered.get(isAllowed) ?? 0) + 1);
      }
    }
    expect(answered.get(true)).to.be.greaterThan(SEEDS);
    expect(answered.get(false)).to.be.greaterThan(SEEDS);
  });
});
