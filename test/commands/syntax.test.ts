import { expect } from "chai";
import { AssertionError } from "#torus/base/assert.js";
import { type Argument, parseSyntax } from "#torus/commands/syntax.js";

/** One line for each argument, its parts indented below it. */
function outline(parts: readonly Argument[], indent = ""): string {
  return parts
    .map((part) => `${indent}${line(part)}\n${outline(part.arguments ?? [], `${indent}  `)}`)
    .join("");
}

function line({ name, type, token, keySpecIndex, since, deprecatedSince, ...flags }: Argument): string {
  const facts = [`${name}: ${type}`];
  if (token !== undefined) facts.push(`token "${token}"`);
  if (keySpecIndex !== undefined) facts.push(`key spec ${keySpecIndex}`);
  if (since !== undefined) facts.push(`since ${since}`);
  if (deprecatedSince !== undefined) facts.push(`deprecated ${deprecatedSince}`);
  if (flags.optional) facts.push("optional");
  if (flags.multiple) facts.push("multiple");
  if (flags.multipleToken) facts.push("multiple token");
  return facts.join(", ");
}

function unindented(text: string): string {
  return text.replace(/^\n/, "").replace(/^ {6}/gm, "").trimEnd().concat("\n");
}

/** The outlines say what COMMAND DOCS of redis-server 7.0.15 answers as the arguments of these commands. */
const CASES: { command: string; syntax: string; outline: string }[] = [
  {
    command: "SET",
    syntax: `key value [condition=(NX|XX)@2.6.12] [GET@6.2.0] [expiration=(EX seconds:integer@2.6.12|
        PX milliseconds:integer@2.6.12|EXAT unix-time-seconds:unix-time@6.2.0|PXAT
        unix-time-milliseconds:unix-time@6.2.0|KEEPTTL@6.0.0)]`,
    outline: `
      key: key, key spec 0
      value: string
      condition: oneof, since 2.6.12, optional
        nx: pure-token, token "NX"
        xx: pure-token, token "XX"
      get: pure-token, token "GET", since 6.2.0, optional
      expiration: oneof, optional
        seconds: integer, token "EX", since 2.6.12
        milliseconds: integer, token "PX", since 2.6.12
        unix-time-seconds: unix-time, token "EXAT", since 6.2.0
        unix-time-milliseconds: unix-time, token "PXAT", since 6.2.0
        keepttl: pure-token, token "KEEPTTL", since 6.0.0
    `,
  },
  {
    command: "MSET",
    syntax: "(key value)...",
    outline: `
      key_value: block, multiple
        key: key, key spec 0
        value: string
    `,
  },
  {
    command: "CONFIG GET",
    syntax: "(parameter)...",
    outline: `
      parameter: block, multiple
        parameter: string
    `,
  },
  {
    command: "HRANDFIELD",
    syntax: "key [options=(count:integer [WITHVALUES])]",
    outline: `
      key: key, key spec 0
      options: block, optional
        count: integer
        withvalues: pure-token, token "WITHVALUES", optional
    `,
  },
  {
    command: "BITPOS",
    syntax: `key bit:integer [index=(start:integer [end_index=(end:integer [index_unit=(BYTE|
        BIT)@7.0.0])])]`,
    outline: `
      key: key, key spec 0
      bit: integer
      index: block, optional
        start: integer
        end_index: block, optional
          end: integer
          index_unit: oneof, since 7.0.0, optional
            byte: pure-token, token "BYTE"
            bit: pure-token, token "BIT"
    `,
  },
  {
    command: "BITFIELD_RO",
    syntax: "key [GET (encoding offset:integer)]...",
    outline: `
      key: key, key spec 0
      encoding_offset: block, token "GET", optional, multiple, multiple token
        encoding: string
        offset: integer
    `,
  },
  {
    command: "ZADD",
    syntax: `key [condition=(NX|XX)@3.0.2] [comparison=(GT|LT)@6.2.0] [change=CH@3.0.2]
        [increment=INCR@3.0.2] (score:double member)...`,
    outline: `
      key: key, key spec 0
      condition: oneof, since 3.0.2, optional
        nx: pure-token, token "NX"
        xx: pure-token, token "XX"
      comparison: oneof, since 6.2.0, optional
        gt: pure-token, token "GT"
        lt: pure-token, token "LT"
      change: pure-token, token "CH", since 3.0.2, optional
      increment: pure-token, token "INCR", since 3.0.2, optional
      score_member: block, multiple
        score: double
        member: string
    `,
  },
  {
    command: "SORT",
    syntax: `key [BY pattern:pattern#1] [LIMIT (offset:integer count:integer)] [GET
        pattern:pattern#1]... [order=(ASC|DESC)] [sorting=ALPHA] [STORE destination#2]`,
    outline: `
      key: key, key spec 0
      pattern: pattern, token "BY", key spec 1, optional
      offset_count: block, token "LIMIT", optional
        offset: integer
        count: integer
      pattern: pattern, token "GET", key spec 1, optional, multiple, multiple token
      order: oneof, optional
        asc: pure-token, token "ASC"
        desc: pure-token, token "DESC"
      sorting: pure-token, token "ALPHA", optional
      destination: key, token "STORE", key spec 2, optional
    `,
  },
  {
    command: "XADD",
    syntax: `key [NOMKSTREAM@6.2.0] [trim=(strategy=(MAXLEN|MINID@6.2.0) [operator=(equal="="|
        approximately="~")] threshold [LIMIT count:integer@6.2.0])] id_or_auto=(auto_id="*"|id)
        (field value)...`,
    outline: `
      key: key, key spec 0
      nomkstream: pure-token, token "NOMKSTREAM", since 6.2.0, optional
      trim: block, optional
        strategy: oneof
          maxlen: pure-token, token "MAXLEN"
          minid: pure-token, token "MINID", since 6.2.0
        operator: oneof, optional
          equal: pure-token, token "="
          approximately: pure-token, token "~"
        threshold: string
        count: integer, token "LIMIT", since 6.2.0, optional
      id_or_auto: oneof
        auto_id: pure-token, token "*"
        id: string
      field_value: block, multiple
        field: string
        value: string
    `,
  },
  {
    command: "XREAD",
    syntax: "[COUNT count:integer] [BLOCK milliseconds:integer] STREAMS streams=(key... id...)",
    outline: `
      count: integer, token "COUNT", optional
      milliseconds: integer, token "BLOCK", optional
      streams: block, token "STREAMS"
        key: key, key spec 0, multiple
        id: string, multiple
    `,
  },
  {
    command: "MIGRATE",
    syntax: `host port:integer key_or_empty_string=(key|empty_string="") destination-db:integer
        timeout:integer [COPY@3.0.0] [REPLACE@3.0.0] [authentication=([AUTH password@4.0.7]|
        [AUTH2 (username password)@6.0.0])] [KEYS key#1@3.0.6...]`,
    outline: `
      host: string
      port: integer
      key_or_empty_string: oneof
        key: key, key spec 0
        empty_string: pure-token, token ""
      destination-db: integer
      timeout: integer
      copy: pure-token, token "COPY", since 3.0.0, optional
      replace: pure-token, token "REPLACE", since 3.0.0, optional
      authentication: oneof, optional
        password: string, token "AUTH", since 4.0.7, optional
        username_password: block, token "AUTH2", since 6.0.0, optional
          username: string
          password: string
      key: key, token "KEYS", key spec 1, since 3.0.6, optional, multiple
    `,
  },
  {
    command: "CLIENT KILL",
    syntax: `filter=(ip:port!2.8.12|new-format=([ID client-id:integer@2.8.12]|[TYPE
        normal_master_slave_pubsub=(NORMAL|MASTER@3.2.0|SLAVE|REPLICA@5.0.0|PUBSUB)@2.8.12]|
        [USER username]|[ADDR ip:port]|[LADDR ip:port@6.2.0]|[SKIPME yes/no])...)`,
    outline: `
      filter: oneof
        ip:port: string, deprecated 2.8.12
        new-format: oneof, multiple
          client-id: integer, token "ID", since 2.8.12, optional
          normal_master_slave_pubsub: oneof, token "TYPE", since 2.8.12, optional
            normal: pure-token, token "NORMAL"
            master: pure-token, token "MASTER", since 3.2.0
            slave: pure-token, token "SLAVE"
            replica: pure-token, token "REPLICA", since 5.0.0
            pubsub: pure-token, token "PUBSUB"
          username: string, token "USER", optional
          ip:port: string, token "ADDR", optional
          ip:port: string, token "LADDR", since 6.2.0, optional
          yes/no: string, token "SKIPME", optional
    `,
  },
  {
    command: "REPLICAOF",
    syntax: "args=(host-port=(host port:integer)|no-one=(NO ONE))",
    outline: `
      args: oneof
        host-port: block
          host: string
          port: integer
        no-one: block
          no: pure-token, token "NO"
          one: pure-token, token "ONE"
    `,
  },
  {
    command: "CLUSTER KEYSLOT",
    syntax: "key:string",
    outline: `
      key: string
    `,
  },
  {
    command: "COPY",
    syntax: "source#0 destination#1 [DB destination-db:integer] [REPLACE]",
    outline: `
      source: key, key spec 0
      destination: key, key spec 1
      destination-db: integer, token "DB", optional
      replace: pure-token, token "REPLACE", optional
    `,
  },
];

describe("parseSyntax", () => {
  for (const { command, syntax, outline: expected } of CASES) {
    it(`gives ${command} the arguments that Redis documents`, () => {
      expect(outline(parseSyntax(syntax))).to.equal(unindented(expected));
    });
  }

  it("reads no arguments from an empty text", () => {
    expect(parseSyntax("")).to.deep.equal([]);
    expect(parseSyntax(" \n ")).to.deep.equal([]);
  });

  it("names a choice and a block after their parts", () => {
    expect(outline(parseSyntax("[HARD|SOFT] (host port:integer) (a b|C)"))).to.equal(
      unindented(`
      hard_soft: oneof, optional
        hard: pure-token, token "HARD"
        soft: pure-token, token "SOFT"
      host_port: block
        host: string
        port: integer
      a_b_c: oneof
        a_b: block
          a: string
          b: string
        c: pure-token, token "C"
      `),
    );
  });

  it("parts a pure token from the argument behind it by a label", () => {
    expect(outline(parseSyntax("COUNT count"))).to.equal('count: string, token "COUNT"\n');
    expect(outline(parseSyntax("all=ALL count"))).to.equal('all: pure-token, token "ALL"\ncount: string\n');
  });

  const broken: [syntax: string, problem: string][] = [
    ["key [NX", "no ]"],
    ["key (a b", "no )"],
    ["key]", "an end without a beginning"],
    ["key |a", "an end without a beginning"],
    ["[]", "no argument"],
    ["(A|)", "no argument"],
    ["key 7", "no argument"],
    ["key@", "no version"],
    ["name=key", "a label before a plain value"],
    ['key "open', "no argument"],
  ];
  for (const [syntax, problem] of broken) {
    it(`stops at ${JSON.stringify(syntax)}: ${problem}`, () => {
      expect(() => parseSyntax(syntax)).to.throw(AssertionError, problem);
    });
  }

  it("shows the place where it stopped", () => {
    expect(() => parseSyntax("key [NX|] value")).to.throw("no argument here: key [NX|>>>] value");
  });

  it("reads or refuses every beginning of a syntax, and never fails otherwise", () => {
    for (const { syntax } of CASES) {
      for (let length = 0; length < syntax.length; length++) {
        try {
          parseSyntax(syntax.slice(0, length));
        } catch (error) {
          expect(error).to.be.instanceOf(AssertionError);
        }
      }
    }
  });
});
