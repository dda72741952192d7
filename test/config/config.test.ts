import { expect } from "chai";
import { declarations, defaultConfig, fieldOf, makeConfig } from "#torus/config/config.js";
import { ConfigError } from "#torus/config/config-error.js";
import { flagOf, namesOf, variableOf } from "#torus/config/option.js";

describe("config", () => {
  it("takes the defaults for what is not given", () => {
    expect(makeConfig()).to.deep.equal(defaultConfig);
    expect(makeConfig({ port: 0 })).to.deep.equal({ ...defaultConfig, port: 0 });
  });

  it("takes a value as itself or as text", () => {
    const config = makeConfig({
      maxmemoryBytes: "100mb",
      hz: 20,
      bind: "127.0.0.1 -::1",
      protectedMode: "no",
    });
    expect(config.maxmemoryBytes).to.equal(104_857_600);
    expect(config.hz).to.equal(20);
    expect(config.bind[1]).to.deep.equal({ host: "::1", optional: true });
    expect(config.protectedMode).to.equal(false);
    expect(makeConfig({ bind: config.bind }).bind).to.deep.equal(config.bind);
  });

  it("refuses values that the option does not take, and names option and value", () => {
    expect(() => makeConfig({ port: 65536 })).to.throw(
      ConfigError,
      "port 65536: argument must be between 0 and 65535 inclusive",
    );
    expect(() => makeConfig({ hz: 1.5 })).to.throw(ConfigError, "hz 1.5: argument couldn't be parsed");
    expect(() => makeConfig({ databases: Number.NaN })).to.throw(ConfigError, "databases");
    const mistyped: object = { bind: 5 };
    expect(() => makeConfig(mistyped)).to.throw(ConfigError, "bind 5: it is neither text nor like [{");
  });

  it("refuses a field that is no option", () => {
    const misspelt: object = { prot: 7000 };
    expect(() => makeConfig(misspelt)).to.throw(ConfigError, "there is no option prot");
    const inherited: object = { toString: 1 };
    expect(() => makeConfig(inherited)).to.throw(ConfigError, "there is no option toString");
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
