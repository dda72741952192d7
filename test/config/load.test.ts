import { expect } from "chai";
import { Command } from "commander";
import { defaultConfig, serverDefaultConfig } from "#torus/config/config.js";
import { ConfigError } from "#torus/config/config-error.js";
import { readConfigFile } from "#torus/config/config-file.js";
import { readEnvironment } from "#torus/config/environment.js";
import { declareFlags } from "#torus/config/flags.js";
import { combineSettings } from "#torus/config/load.js";

interface Asked {
  readonly file?: string;
  readonly variables?: Record<string, string>;
  readonly args?: readonly string[];
}

function readFlags(args: readonly string[]) {
  const command = new Command("server").exitOverride().configureOutput({ writeErr: () => {} });
  const read = declareFlags(command);
  command.parse(args, { from: "user" });
  return read();
}

function load({ file = "", variables = {}, args = [] }: Asked, defaults = defaultConfig) {
  const sources = {
    file: readConfigFile(file, "redis.conf"),
    environment: readEnvironment(variables).settings,
    flags: readFlags(args).settings,
  };
  return combineSettings(sources, defaults);
}

function messageOf(asked: Asked): string {
  try {
    load(asked);
  } catch (error) {
    expect(error).to.be.instanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  return "it was accepted";
}

describe("loading the configuration", () => {
  it("lets a flag win over the environment, that over the file, that over the default", () => {
    const file = "port 1\nhz 1\ntimeout 1\n";
    const variables = { TORUS_PORT: "2", TORUS_HZ: "2", UNRELATED: "x" };
    expect(load({ file, variables, args: ["--port", "3"] })).to.deep.equal({
      ...defaultConfig,
      port: 3,
      hz: 2,
      timeoutSeconds: 1,
    });
  });

  it("adds up the lines of a list of rules within a source, and lets the first of them replace what was before", () => {
    const save = (asked: Asked) => load(asked, serverDefaultConfig).save.map((rule) => Object.values(rule));
    expect(save({})).to.deep.equal([
      [3600, 1],
      [300, 100],
      [60, 10_000],
    ]);
    const file = "save 900 1\nsave 300 10 60 100\n";
    expect(save({ file })).to.deep.equal([
      [900, 1],
      [300, 10],
      [60, 100],
    ]);
    expect(save({ file, variables: { TORUS_SAVE: "5 5" } })).to.deep.equal([[5, 5]]);
    expect(save({ file, args: ["--save", ""] })).to.deep.equal([]);
    expect(save({ file: 'save 900 1\nsave ""\nsave 5 5\n' })).to.deep.equal([[5, 5]]);
  });

  it("begins with what whoever starts the node begins with", () => {
    expect(load({}).appendonly).to.equal(false);
    expect(load({}, serverDefaultConfig).appendonly).to.equal(true);
    expect(load({ args: ["--appendonly", "no"] }, serverDefaultConfig).appendonly).to.equal(false);
  });

  it("reads a file with quotes, comments, either case and Windows line ends", () => {
    const file = '# a comment\r\n\r\nREQUIREPASS "two words"\r\nbind 127.0.0.1 -::1\r\n\tmaxmemory 1kb\r\n';
    expect(load({ file })).to.deep.equal({
      ...defaultConfig,
      requirepass: "two words",
      bind: [
        { host: "127.0.0.1", optional: false },
        { host: "::1", optional: true },
      ],
      maxmemoryBytes: 1024,
    });
  });

  it("lets a later line of a file win, and gathers the classes of buffer limits", () => {
    const file =
      "hz 5\nhz 6\nclient-output-buffer-limit normal 1 1 1\nclient-output-buffer-limit pubsub 2 2 2\n";
    const config = load({ file });
    expect(config.hz).to.equal(6);
    expect(config.clientOutputBufferLimits).to.deep.equal({
      normal: { hardBytes: 1, softBytes: 1, softSeconds: 1 },
      replica: defaultConfig.clientOutputBufferLimits.replica,
      pubsub: { hardBytes: 2, softBytes: 2, softSeconds: 2 },
    });
  });

  it("takes flags with =, negative values, empty values, aliases and repeated classes", () => {
    const args = [
      "--port=7000",
      "--slowlog-log-slower-than",
      "-1",
      "--requirepass",
      "",
      "--hash-max-ziplist-entries",
      "9",
      "--client-output-buffer-limit",
      "normal 1 1 1",
      "--client-output-buffer-limit",
      "pubsub 2 2 2",
    ];
    const config = load({ args });
    expect(config.port).to.equal(7000);
    expect(config.slowlogLogSlowerThanMicros).to.equal(-1);
    expect(config.hashMaxListpackEntries).to.equal(9);
    expect(config.clientOutputBufferLimits.normal.hardBytes).to.equal(1);
    expect(config.clientOutputBufferLimits.pubsub.hardBytes).to.equal(2);
  });

  it("takes the configuration file as first argument, as a flag or from the environment", () => {
    expect(readFlags(["redis.conf", "--port", "1"]).configFile).to.equal("redis.conf");
    expect(readFlags(["--port", "1", "--config", "redis.conf"]).configFile).to.equal("redis.conf");
    expect(readEnvironment({ TORUS_CONFIG: "redis.conf" })).to.deep.equal({
      configFile: "redis.conf",
      settings: [],
    });
    expect(readFlags([])).to.deep.equal({ settings: [] });
  });

  const refusals: readonly (readonly [asked: Asked, message: string])[] = [
    [{ args: ["--maxmemory", "abc"] }, "flag --maxmemory: maxmemory 'abc': argument must be a memory value"],
    [
      { variables: { TORUS_PORT: "tcp://10.0.0.1" } },
      "variable TORUS_PORT: port 'tcp://10.0.0.1': argument couldn't be parsed into an integer",
    ],
    [{ file: "port 1\nhz 0\n" }, "redis.conf:2: hz '0': argument must be between 1 and 500 inclusive"],
    [{ args: ["--maxmemry", "1mb"] }, "unknown flag --maxmemry (value '1mb'); did you mean --maxmemory?"],
    [{ args: ["--prot=7000"] }, "unknown flag --prot (value '7000'); did you mean --port?"],
    [{ args: ["--quite-another-thing"] }, "unknown flag --quite-another-thing"],
    [
      { variables: { TORUS_MAX_MEMORY: "1mb" } },
      "variable TORUS_MAX_MEMORY: no option has this name (value '1mb'); did you mean TORUS_MAXMEMORY?",
    ],
    [
      { file: "\nmaxclient 5\n" },
      "redis.conf:2: unknown option 'maxclient' (value '5'); did you mean 'maxclients'?",
    ],
    [{ file: "repl-timeout 60\n" }, "redis.conf:1: unknown option 'repl-timeout' (value '60')"],
    [{ file: "maxmemory\n" }, "redis.conf:1: maxmemory takes one value, not none"],
    [{ file: "port 1 2\n" }, "redis.conf:1: port takes one value, not '1 2'"],
    [{ file: 'hz 1\nrequirepass "open\n' }, "redis.conf:2: unbalanced quotes in 'requirepass \"open'"],
    [{ file: "include other.conf\n" }, "redis.conf:1: 'include' is not supported: 'include other.conf'"],
    [{ args: ["--hz", "1", "--hz", "2"] }, "hz is set twice: '1' by flag --hz and '2' by flag --hz"],
    [
      { variables: { TORUS_HASH_MAX_ZIPLIST_ENTRIES: "1", TORUS_HASH_MAX_LISTPACK_ENTRIES: "2" } },
      "hash-max-listpack-entries is set twice: '1' by variable TORUS_HASH_MAX_ZIPLIST_ENTRIES " +
        "and '2' by variable TORUS_HASH_MAX_LISTPACK_ENTRIES",
    ],
    [{ args: ["--config", "a", "--config", "b"] }, "flag --config is given twice: 'a' and 'b'"],
    [{ args: ["a", "--config", "b"] }, "flag --config 'b': 'a' is already given as the configuration file"],
    [{ args: ["a", "b"] }, "argument 'b': only one configuration file is taken"],
    [{ args: ["--bind", ""] }, "nothing to listen on: 'bind' has no address and 'unixsocket' is not set"],
    [{ args: ["--bind", "no/address"] }, "flag --bind: bind 'no/address': 'no/address' is not an address"],
    [
      { args: ["--unixsocketperm", "888"] },
      "flag --unixsocketperm: unixsocketperm '888': argument couldn't be parsed as an octal number",
    ],
  ];
  for (const [asked, message] of refusals) {
    it(`refuses ${JSON.stringify(asked)} in one line that names option and value`, () => {
      expect(messageOf(asked)).to.equal(message);
    });
  }

  it("explains every option in --help, under its heading and without older names", () => {
    let help = "";
    const command = new Command("server")
      .exitOverride()
      .configureOutput({ writeOut: (text) => (help += text) });
    declareFlags(command);
    expect(() => command.parse(["--help"], { from: "user" })).to.throw("outputHelp");
    expect(help).to.match(/Network:\n +--port <port> +TCP port for clients \(default 6379\)\n/);
    expect(help).to.include("--client-query-buffer-limit <bytes>");
    expect(help).to.include("(default 1gb)");
    expect(help).not.to.include("ziplist");
  });
});
