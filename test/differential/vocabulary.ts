import type { Prng } from "#torus/base/prng.js";

/**
 * The words that random commands are made of. Few of each kind, so that commands meet on the same keys
 * and fields, and with the edges of every range among them. Strings hold one byte a character.
 */
export class Vocabulary {
  constructor(readonly random: Prng) {}

  /** Keys `s*` mostly hold strings, `h*` hashes, `m*` sets, `l*` lists, `z*` sorted sets, `x*` streams, `k*` anything: wrong types happen, but not always. */
  key(): string {
    return this.random.pick(["k1", "k2", "k3", "k4", "{tag}a", "{tag}b", "k\r\n\x00\xff", ""]);
  }

  stringKey(): string {
    return this.random.chance(0.8) ? this.random.pick(["s1", "s2", "s3", "s4"]) : this.key();
  }

  hashKey(): string {
    return this.random.chance(0.85) ? this.random.pick(["h1", "h2", "h3"]) : this.key();
  }

  setKey(): string {
    return this.random.chance(0.9) ? this.random.pick(["m1", "m2", "m3", "m4"]) : this.key();
  }

  listKey(): string {
    return this.random.chance(0.9) ? this.random.pick(["l1", "l2", "l3"]) : this.key();
  }

  sortedSetKey(): string {
    return this.random.chance(0.9) ? this.random.pick(["z1", "z2", "z3"]) : this.key();
  }

  streamKey(): string {
    return this.random.chance(0.9) ? this.random.pick(["x1", "x2"]) : this.key();
  }

  group(): string {
    return this.random.pick(["g", "g", "g", "h", ""]);
  }

  consumer(): string {
    return this.random.pick(["alice", "alice", "bob", "\xff\r\n"]);
  }

  /** Few, so that many exist. */
  entryId(): string {
    return this.random.chance(0.9)
      ? `${this.random.below(12)}-${this.random.below(3)}`
      : this.random.pick([
          "5",
          "0-0",
          "007-01",
          " 3-1",
          "18446744073709551615-18446744073709551615",
          "18446744073709551616",
          "-",
          "x",
          "1-x",
          "1-1-1",
          "",
        ]);
  }

  newId(): string {
    return this.random.chance(0.85)
      ? this.random.pick([this.entryId(), `${this.random.below(12)}-*`, `${this.random.below(40)}`])
      : this.random.pick([
          "0-*",
          "9007199254740993-*",
          "x-*",
          "*-*",
          "1-**",
          "18446744073709551615-18446744073709551615",
        ]);
  }

  /** Of a range of ids. */
  bound(): string {
    const id = this.entryId();
    return this.random.pick(["-", "+", id, id, `(${id}`, `${this.random.below(12)}`]);
  }

  anyKey(): string {
    return this.random.pick([
      this.key(),
      this.stringKey(),
      this.hashKey(),
      this.setKey(),
      this.listKey(),
      this.sortedSetKey(),
      this.streamKey(),
    ]);
  }

  /** Few, so that many members share one, and some that are no scores. */
  score(): string {
    return this.weighted<() => string>([
      [20, () => String(this.random.below(8) - 2)],
      [3, () => this.random.pick(["0.1", "0.2", "-0.3", "1.5", "1e20", "1e-20", "3.3333333333333335"])],
      [2, () => this.random.pick(["inf", "-inf", "+Inf", "infinity"])],
      [2, () => this.decimal()],
      [0.5, () => this.random.pick(INTEGER_EDGES)],
      [
        0.5,
        () => this.random.pick(["nan", "", "abc", "1e400", "1e-400", "0x1p3", "0x.8", " 1", "(1", "1,5"]),
      ],
    ])();
  }

  /** Integers mostly, so that sets of nothing else stay such for a while. */
  member(): string {
    return this.weighted<() => string>([
      [20, () => String(this.random.below(12) - 4)],
      [2, () => this.random.pick(INTEGER_EDGES)],
      [1, () => this.random.pick(NEARLY_NUMBERS)],
      [1, () => this.random.pick(["a", "b", "m\r\n\x00", "\xff".repeat(70)])],
    ])();
  }

  /** Few, so that those that are looked for are there; now and then a long one. */
  element(): string {
    return this.random.chance(0.8)
      ? this.random.pick(["a", "b", "c", "7", "-3", "200", "70000", ""])
      : this.value();
  }

  /** Of an element, from either end. */
  elementIndex(): string {
    return this.random.chance(0.9) ? String(this.random.below(20) - 8) : this.number();
  }

  field(): string {
    if (this.random.chance(0.05)) return this.random.pick(["", "f\r\n\x00", "\xff".repeat(70)]);
    return `f${this.random.below(this.random.chance(0.1) ? 300 : 8)}`;
  }

  value(): string {
    return this.weighted<() => string>([
      [
        4,
        () => this.random.pick(["", "a", "abc", "Hello World", "\x00", "\r\n", "\xff\xfe", "$3\r\nfoo\r\n"]),
      ],
      [4, () => this.number()],
      [1, () => this.random.pick(["x", "\x00", "\xff", "\xf0"]).repeat(this.random.below(300))],
      [0.2, () => "y".repeat(this.random.below(20_000))],
    ])();
  }

  /** Text that is a number, nearly one, or at the edge of one. */
  number(): string {
    return this.weighted<() => string>([
      [6, () => String(this.random.below(20) - 10)],
      [2, () => String(this.random.below(1e9))],
      [1, () => this.random.pick(INTEGER_EDGES)],
      [1, () => this.random.pick(NEARLY_NUMBERS)],
      [1, () => this.decimal()],
    ])();
  }

  integer(): string {
    return this.random.chance(0.9) ? String(this.random.below(200) - 100) : this.number();
  }

  decimal(): string {
    return this.weighted<() => string>([
      [4, () => (this.random.below(2000) / 100 - 10).toString()],
      [2, () => `${this.random.below(1e6)}.${this.random.below(1e6)}`],
      [
        1,
        () =>
          this.random.pick([
            "1e5",
            "-1.5e-5",
            "5.0e3",
            "0.1",
            "1e17",
            "3.14159265358979",
            "-0.0",
            ".5",
            "5.",
          ]),
      ],
      [1, () => this.random.pick(NEARLY_NUMBERS)],
    ])();
  }

  /** A position in a string, often beyond one of its ends. */
  index(): string {
    return this.weighted<() => string>([
      [6, () => String(this.random.below(30) - 15)],
      [2, () => String(this.random.below(1000) - 500)],
      [1, () => this.random.pick(INTEGER_EDGES)],
      [0.5, () => this.random.pick(NEARLY_NUMBERS)],
    ])();
  }

  /** An offset at which a write may make a string longer: small, or refused. */
  writeOffset(): string {
    return this.weighted<() => string>([
      [8, () => String(this.random.below(40))],
      [2, () => String(this.random.below(5000))],
      [1, () => this.random.pick(["-1", "536870912", "9223372036854775807", "abc", "1.5", ""])],
    ])();
  }

  bitOffset(): string {
    return this.weighted<() => string>([
      [8, () => String(this.random.below(80))],
      [2, () => String(this.random.below(20_000))],
      [1, () => this.random.pick(["-1", "4294967296", "9223372036854775807", "abc", "1.5", ""])],
    ])();
  }

  /** A time to live that has passed already or does not end while the test runs, in the unit's seconds or milliseconds. */
  duration(unit: "seconds" | "milliseconds"): string {
    if (this.random.chance(0.2)) {
      return this.random.pick([
        "0",
        "-1",
        "-100",
        "abc",
        "1.5",
        "",
        "9223372036854775807",
        "-9223372036854775808",
      ]);
    }
    return String((this.random.below(9000) + 1000) * (unit === "seconds" ? 1 : 1000));
  }

  /** A deadline long past or far away. */
  deadline(unit: "seconds" | "milliseconds"): string {
    // In milliseconds Redis keeps what no double can: see `differs` of PEXPIREAT.
    const latest = unit === "seconds" ? "9223372036854775807" : "9007199254740991";
    if (this.random.chance(0.2)) return this.random.pick(["0", "1", "-1", "abc", latest]);
    return String((33_177_117_420 + this.random.below(3)) * (unit === "seconds" ? 1 : 1000));
  }

  pattern(): string {
    return this.random.pick([
      "*",
      "k*",
      "s?",
      "h[12]",
      "-?",
      "[^k]*",
      "\\k1",
      "f*",
      "f?",
      "f1*",
      "",
      "{tag}*",
      "*\r\n*",
      "**1",
      "nope",
    ]);
  }

  database(): string {
    return this.random.chance(0.9)
      ? String(this.random.below(3))
      : this.random.pick(["16", "-1", "abc", "", "99999999999"]);
  }

  /** In any case of letters, as clients may write it. */
  token(word: string): string {
    return this.random.chance(0.8)
      ? word
      : this.random.chance(0.5)
        ? word.toLowerCase()
        : `${word[0]}${word.slice(1).toLowerCase()}`;
  }

  /** One of these, by weight. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    let left = this.random.float() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    return choices.at(-1)![1];
  }

  /** Each of these with this chance, in random order. */
  some(share: number, options: readonly (() => readonly string[])[]): string[] {
    const chosen = options.filter(() => this.random.chance(share));
    return this.random.shuffle(chosen).flatMap((option) => option());
  }

  /** One to `max` of these. */
  several(max: number, make: () => readonly string[]): string[] {
    return Array.from({ length: 1 + this.random.below(max) }, make).flat();
  }
}

const INTEGER_EDGES = [
  "9223372036854775807",
  "9223372036854775806",
  "-9223372036854775808",
  "-9223372036854775807",
  "4294967296",
  "2147483648",
  "-2147483649",
  "9007199254740993",
];

const NEARLY_NUMBERS = [
  "9223372036854775808",
  "-9223372036854775809",
  "1.0",
  "01",
  "+1",
  "-0",
  " 1",
  "1 ",
  "",
  "-",
  "abc",
  "0x10",
  "1e3",
  "nan",
  "inf",
  "-inf",
  "1\x00",
];
