import { expect } from "chai";
import fc from "fast-check";
import { makeConfig, withValues } from "#torus/config/config.js";
import { readConfigFile } from "#torus/config/config-file.js";
import { readEnvironment } from "#torus/config/environment.js";
import { parseOptions } from "#torus/config/library-options.js";
import { combineSettings } from "#torus/config/load.js";
import { rewriteConfigFile } from "#torus/config/rewrite.js";
import { type UserDeclaration, userDeclarations } from "#torus/config/user-declarations.js";

function usersOf(text: string): readonly UserDeclaration[] {
  return combineSettings({ file: readConfigFile(text, "f"), environment: [], flags: [] }).users;
}

const ALICE = { name: "alice", rules: ["on", ">two words", "~a*"] };
const BOB = { name: "bob", rules: [] };

const anyByteString = fc.string({
  unit: fc.constantFrom(..."ab \"'\\\n\t\0\xe4\xff()#>~"),
  minLength: 1,
  maxLength: 6,
});
const anyUsers = fc.uniqueArray(
  fc.record({ name: anyByteString, rules: fc.array(anyByteString, { maxLength: 4 }) }),
  { selector: ({ name }) => name, maxLength: 4 },
);

describe("users of the configuration", () => {
  it("are a line each, their words with the bounds that quotes give them", () => {
    expect(usersOf("user alice on \">two words\" '~a*'\nhz 10\nUser bob\n")).to.deep.equal([ALICE, BOB]);
  });

  it("may come by flag, environment and library, where one value may have several lines", () => {
    const text = 'alice on ">two words" ~a*\nbob';
    const environment = readEnvironment({ TORUS_USER: text }).settings;
    const flags = ["alice on '>two words' ~a*", "bob"].map((word) => ({
      name: "user",
      words: [word],
      isText: true as const,
      source: "flag --user",
    }));
    expect(combineSettings({ file: [], environment, flags: [] }).users).to.deep.equal([ALICE, BOB]);
    expect(combineSettings({ file: [], environment: [], flags }).users).to.deep.equal([ALICE, BOB]);
    expect(parseOptions({ user: text }).users).to.deep.equal([ALICE, BOB]);
    expect(makeConfig({ users: text }).users).to.deep.equal([ALICE, BOB]);
  });

  it("of one source stand instead of another's, as all lists do", () => {
    const file = readConfigFile("user alice on\n", "f");
    const flags = [{ name: "user", words: ["bob"], isText: true as const, source: "flag --user" }];
    expect(combineSettings({ file, environment: [], flags }).users).to.deep.equal([BOB]);
  });

  it("are refused if one is there twice, or its quotes stay open", () => {
    expect(() => usersOf("user a on\nuser a off\n")).to.throw(
      "f:2: user 'a off': Duplicate user found. A user can only be defined once in config files",
    );
    expect(() => parseOptions({ user: 'a ">x' })).to.throw("unbalanced quotes");
    expect(() => usersOf("user\n")).to.throw("user takes one value, not none");
    expect(() => makeConfig({ users: "a", aclfile: "f" })).to.throw("not in both");
  });

  it("come back from their text as they were, whatever bytes they have", () => {
    const type = userDeclarations();
    fc.assert(
      fc.property(anyUsers, (users) => {
        expect(type.parse(type.format(users), [])).to.deep.equal({ ok: true, value: users });
      }),
    );
  });

  it("come back from a file that CONFIG REWRITE wrote, if they are UTF-8", () => {
    const isUtf8 = (text: string) =>
      Buffer.from(Buffer.from(text, "latin1").toString("utf8")).toString("latin1") === text;
    fc.assert(
      fc.property(anyUsers, (users) => {
        fc.pre(users.flatMap(({ name, rules }) => [name, ...rules]).every(isUtf8));
        const config = withValues(makeConfig({}), { users });
        const text = rewriteConfigFile("# people\nuser zoe on\nhz 10\nuser yann off\n", config);
        expect(usersOf(text)).to.deep.equal(users);
        expect(rewriteConfigFile(text, config)).to.equal(text);
      }),
    );
  });
});
