import { expect } from "chai";
import { declarations, defaultConfig, fieldOf, makeConfig } from "#torus/config/config.js";
import { ConfigError } from "#torus/config/config-error.js";
import { flagOf, namesOf, variableOf } from "#torus/config/option.js";

describe("config", () => {
  it("takes the defaults for what is not given", () => {
    expect(makeConfig()).to.deep.equal(defaultConfig);
    expect(makeConfig({ port: 0 })).to.deep.equal({ ...defaultConfig, port: 0 });
  });

  it("refuses values that the option would refuse as text", () => {
    expect(() => makeConfig({ port: 65536 })).to.throw(ConfigError, "port 65536");
    expect(() => makeConfig({ hz: 1.5 })).to.throw(ConfigError, "hz 1.5");
    expect(() => makeConfig({ databases: Number.NaN })).to.throw(ConfigError, "databases");
  });

  it("refuses a field that is no option", () => {
    const misspelt = { port: 7000, prot: 7000 };
    expect(() => makeConfig(misspelt)).to.throw(ConfigError, "there is no option prot");
    const inherited = { toString: 1 } as object;
    expect(() => makeConfig(inherited)).to.throw(ConfigError, "toString");
  });

  it("refuses to listen nowhere", () => {
    expect(() => makeConfig({ bind: [] })).to.throw(ConfigError, "nothing to listen on");
    expect(makeConfig({ bind: [], unixsocket: "a.sock" }).bind).to.deep.equal([]);
  });
});

describe("options table", () => {
  it("gives every name and alias to one option only, as flag and variable too", () => {
    const names = declarations.flatMap(([, option]) => namesOf(option));
    for (const spelled of [names, names.map(flagOf), names.map(variableOf)]) {
      expect(new Set(spelled).size).to.equal(names.length);
    }
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).to.deep.equal([]);
  });

  for (const [field, option] of declarations) {
    it(`declares ${option.name} with a default that it takes itself, and a sentence that says what it is for`, () => {
      const text = option.type.format(option.default);
      expect(option.type.parse(text, option.default)).to.deep.equal({ ok: true, value: option.default });
      expect(option.doc).to.match(/^[A-Z].{20,}\)?\.\)?$/s);
      expect(fieldOf(option.name.toUpperCase())).to.equal(field);
    });
  }
});
