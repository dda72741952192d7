import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { CommandCatalog } from "#torus/commands/acl/command-catalog.js";
import { describeUser } from "#torus/commands/acl/description.js";
import { joinSelectors, type RuleContext, UserRules } from "#torus/commands/acl/user.js";
import { readUsers, writeUsers } from "#torus/commands/acl/user-file.js";
import { CATEGORIES } from "#torus/commands/command-facts.js";
import { commands } from "#torus/commands/table.js";

const catalog = CommandCatalog.of(commands);
const context: RuleContext = {
  catalog,
  hash: (password) => createHash("sha256").update(password, "latin1").digest("hex"),
  allowsAllChannels: false,
};

function userBy(...rules: string[]): UserRules {
  const user = UserRules.none(context);
  for (const rule of rules) expect(user.apply(rule), rule).to.equal(undefined);
  return user;
}

function problemOf(...rules: string[]): string | undefined {
  const last = rules.pop()!;
  return userBy(...rules).apply(last);
}

const BEHIND_KEYS =
  "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns";
const BEHIND_CHANNELS =
  "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels";
const UNKNOWN = "Unknown command or category name in ACL";
const NOT_A_HASH =
  "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";

/** Rules, the last of which is refused, by the reason. */
const REFUSED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "Syntax error": [
    ["foo"],
    ["%~a"],
    ["%"],
    ["%X~a"],
    ["%RR~a"],
    ["%RWR~a"],
    ["%Rx"],
    ["~a b"],
    ["~a\0"],
    ["%R~a\t"],
    ["&a\n"],
    ["+get|"],
    ["+client|"],
    ["+select|a b"],
    [")"],
    ["("],
    ["(on)"],
    ["(>secret)"],
    ["(()"],
    ["(~a (~b))"],
    ["(clearselectors)"],
  ],
  [UNKNOWN]: [
    ["+nosuch"],
    ["-nosuch"],
    ["+"],
    ["-"],
    ["+@"],
    ["-@nosuch"],
    ["+nosuch|x"],
    ["+client|nosuch"],
    ["-client|nosuch"],
    ["-get|x"],
    ["+get|a|b"],
    ["-client|id|x"],
    ["(+nosuch)"],
    ["(+get -@nosuch)"],
  ],
  [BEHIND_KEYS]: [["~*", "~a"], ["allkeys", "%R~a"], ["%RW~*", "allkeys", "~"], ["(~* ~a)"]],
  [BEHIND_CHANNELS]: [["&*", "&a"], ["allchannels", "&"], ["(&* &a)"]],
  "Allowing first-arg of a subcommand is not supported": [["+client|id|x"]],
  "The password you are trying to remove from the user does not exist": [
    ["<secret"],
    [">secret", "<Secret"],
    [`!${"0".repeat(64)}`],
    [">secret", "resetpass", "<secret"],
  ],
  [NOT_A_HASH]: [
    ["#"],
    ["#00"],
    [`#${"0".repeat(63)}A`],
    [`#${"0".repeat(65)}`],
    ["!"],
    [`!${"g".repeat(64)}`],
  ],
};

/** Every command that a user is allowed in one selector, as a text. */
function allowedBy(user: UserRules): string {
  return catalog.entries
    .filter(({ id }) => user.selectors[0].allows(id))
    .map(({ name }) => name)
    .join(" ");
}

const anyPattern = fc
  .string({ unit: fc.constantFrom(..."ab*?[]^-\\\"'()|~%&\xe4\xff"), maxLength: 6 })
  .map((text) => text);
const anyCommand = fc.constantFrom(...catalog.entries.map(({ name }) => name));
const anyCategory = fc.constantFrom(...CATEGORIES, "all");
const anySign = fc.constantFrom("+", "-");
const anySelectorRule = fc.oneof(
  anyPattern.map((text) => `~${text}`),
  fc.tuple(fc.constantFrom("R", "W", "RW", "w"), anyPattern).map(([letters, text]) => `%${letters}~${text}`),
  anyPattern.map((text) => `&${text}`),
  fc.constantFrom("allkeys", "resetkeys", "allchannels", "resetchannels", "+select|0", "+get|Some|"),
  fc.tuple(anySign, anyCommand).map(([sign, name]) => sign + name),
  fc.tuple(anySign, anyCategory).map(([sign, name]) => `${sign}@${name}`),
);
const anyRule = fc.oneof(
  { weight: 4, arbitrary: anySelectorRule },
  fc.constantFrom("on", "off", "nopass", "resetpass", "reset", "clearselectors", "skip-sanitize-payload"),
  fc.constantFrom(">one", ">two", "<one"),
  fc.array(anySelectorRule, { maxLength: 4 }).map((rules) => `(${rules.join(" ")})`),
);

const anyRules = fc.array(anyRule, { maxLength: 12 });

/** A user by random rules; those that are refused are passed over. */
function userByAny(rules: readonly string[]): UserRules {
  const user = UserRules.none(context);
  for (const rule of rules) user.apply(rule);
  return user;
}

describe("rules of users", () => {
  for (const [problem, lists] of Object.entries(REFUSED)) {
    it(`are refused with the words "${problem.slice(0, 60)}"`, () => {
      for (const rules of lists) expect(problemOf(...rules), rules.join(" ")).to.equal(problem);
    });
  }

  it("change nothing if they are refused", () => {
    for (const rules of Object.values(REFUSED).flat()) {
      const last = rules.at(-1)!;
      const user = userBy("on", ...rules.slice(0, -1));
      const before = describeUser(user);
      user.apply(last);
      expect(describeUser(user), last).to.equal(before);
    }
  });

  it("are read in either case, and no rule at all is one that changes nothing", () => {
    expect(describeUser(userBy("ON", "", "NoPass", "AllKeys", "ALLCHANNELS", "+@ALL"))).to.equal(
      "on nopass ~* &* +@all",
    );
    expect(describeUser(userBy("%rW~x", "%R~X", "+GET"))).to.equal("off ~x %R~X resetchannels -@all +get");
  });

  it("widen what a pattern allows if it is there already", () => {
    expect(describeUser(userBy("%R~a", "~b", "%W~a", "%W~b"))).to.include(" ~a ~b ");
  });

  it("allow or forbid a container with its subcommands, and a subcommand alone", () => {
    expect(allowedBy(userBy("+client", "-client|list"))).to.match(/^client (?!.*client\|list).*client\|id/);
    expect(allowedBy(userBy("+client|list"))).to.equal("client|list");
    expect(allowedBy(userBy("+client", "-client"))).to.equal("");
  });

  it("count in their order", () => {
    expect(allowedBy(userBy("+@string", "-get"))).to.not.match(/\bget\b/);
    expect(allowedBy(userBy("-get", "+@string"))).to.match(/\bget\b/);
    expect(userBy("+@all").isUnlimited).to.equal(false);
    expect(userBy("+@all", "~*", "&*").isUnlimited).to.equal(true);
    // What is taken away and given back is not everything: commands to come are meant by nothing but +@all.
    expect(userBy("+@all", "~*", "&*", "-get", "+get").isUnlimited).to.equal(false);
    expect(userBy("(+@all ~* &*)").isUnlimited).to.equal(true);
  });

  it("are undone by reset, passwords and selectors included", () => {
    const user = userBy("on", ">one", "~a", "&b", "+get", "(+set)", "skip-sanitize-payload", "reset");
    expect(describeUser(user)).to.equal("off sanitize-payload resetchannels -@all");
  });

  it("give new selectors all channels if that is the default", () => {
    const lax = UserRules.none({ ...context, allowsAllChannels: true });
    for (const rule of ["(+get)", "resetchannels", "(+set)"]) lax.apply(rule);
    expect(describeUser(lax)).to.equal("off resetchannels -@all (&* -@all +get) (&* -@all +set)");
    lax.apply("reset");
    expect(describeUser(lax)).to.equal("off sanitize-payload &* -@all");
  });

  it("are put together where parentheses do so", () => {
    expect(joinSelectors(["a", "(b", "c", "", "d)", "(e)", ")"])).to.deep.equal({
      rules: ["a", "(b c  d)", "(e)", ")"],
    });
    expect(joinSelectors(["(a", "(b)", "(c", "d"])).to.deep.equal({ unmatched: "(c" });
    expect(joinSelectors(["(a", "(b", "c)"])).to.deep.equal({ rules: ["(b c)"] });
  });

  it("of a copy change the copy alone", () => {
    fc.assert(
      fc.property(anyRules, fc.array(anyRule, { maxLength: 5 }), (past, rules) => {
        const user = userByAny(past);
        const before = describeUser(user);
        const copy = user.copy(context);
        expect(describeUser(copy)).to.equal(before);
        for (const rule of rules) copy.apply(rule);
        expect(describeUser(user)).to.equal(before);
      }),
    );
  });
});

describe("the description of a user", () => {
  it("makes the same user again, rule by rule", () => {
    fc.assert(
      fc.property(anyRules, (rules) => {
        const user = userByAny(rules);
        const text = describeUser(user, { isForFile: true });
        const joined = joinSelectors(text.split(" "));
        if ("unmatched" in joined) throw new Error(`unmatched in ${text}`);
        const again = userBy(...joined.rules);
        expect(describeUser(again)).to.equal(describeUser(user));
        expect(allowedBy(again)).to.equal(allowedBy(user));
        expect(again.selectors.map(({ keys }) => keys)).to.deep.equal(user.selectors.map(({ keys }) => keys));
        expect(again.isUnlimited).to.equal(user.isUnlimited);
      }),
      { numRuns: 300 },
    );
  });

  it("makes the same user again through a file, whatever bytes names and patterns have", () => {
    const anyName = fc.string({ unit: fc.constantFrom(..."ab()'\"\\\xff#"), maxLength: 4 });
    fc.assert(
      fc.property(fc.dictionary(anyName, anyRules), (rulesOf) => {
        const users = Object.entries(rulesOf).map(([name, rules]) => [name, userByAny(rules)] as const);
        const text = writeUsers(users);
        const { rulesByName, problems } = readUsers(text, "f", context);
        expect(problems).to.deep.equal([]);
        expect([...rulesByName].map(([name, rules]) => [name, describeUser(rules)])).to.deep.equal(
          users.map(([name, rules]) => [name, describeUser(rules)]),
        );
      }),
    );
  });
});
