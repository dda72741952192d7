/**
 * The collections that are measured: many small ones, and large ones, of each type. One more type is one more line of a table. Each number stands for a
 * command that adds something of its own, so loads can be cut into parts.
 */

/** Many keys with a small collection each. */
export interface SmallCollections {
  readonly name: string;
  readonly title: string;
  /** Of each collection. */
  readonly elements: number;
  /** Makes the collection of a number. */
  readonly add: (number: number) => readonly string[];
}

/** One key with many elements. */
export interface LargeCollection {
  readonly name: string;
  readonly title: string;
  /** Adds the element of a number to the collection `largeKey`. */
  readonly add: (number: number) => readonly string[];
}

export const largeKey = "collection";

const elementsOfSmall = 5;
const five = Array.from({ length: elementsOfSmall }, (_, i) => i);

/** As long as those of redis-benchmark: twelve digits behind a word. */
const element = (number: number): string => `element:${String(number).padStart(12, "0")}`;

export const smallCollections: readonly SmallCollections[] = [
  small("hashes", (key, number) => [
    "HSET",
    key,
    ...five.flatMap((i) => [`field${i}`, `value${number % 1000}${i}`]),
  ]),
  small("sets", (key, number) => ["SADD", key, ...five.map((i) => `member${number % 1000}${i}`)]),
  small("sorted-sets", (key, number) => [
    "ZADD",
    key,
    ...five.flatMap((i) => [String((number * 31 + i * 7) % 1000), `member${number % 1000}${i}`]),
  ]),
  small("lists", (key, number) => ["RPUSH", key, ...five.map((i) => `item${number % 1000}${i}`)]),
];

export const largeCollections: readonly LargeCollection[] = [
  large("hash", (number) => ["HSET", largeKey, element(number), "value"]),
  large("set", (number) => ["SADD", largeKey, element(number)]),
  large("list", (number) => ["RPUSH", largeKey, element(number)]),
  large("integer-list", (number) => ["RPUSH", largeKey, String(number)]),
  large("sorted-set", (number) => ["ZADD", largeKey, String((number * 7919) % 1_000_003), element(number)]),
  large("stream", (number) => ["XADD", largeKey, "*", "field", element(number)]),
];

/** Small or large. Throws if there is no such one. */
export function collectionNamed(name: string): SmallCollections | LargeCollection {
  const found = [...smallCollections, ...largeCollections].find((each) => each.name === name);
  if (found === undefined) throw new RangeError(`no collection is called ${name}`);
  return found;
}

function small(name: string, add: (key: string, number: number) => readonly string[]): SmallCollections {
  return {
    name,
    title: `${name} of ${elementsOfSmall}`,
    elements: elementsOfSmall,
    add: (number) => add(`${name}:${String(number).padStart(9, "0")}`, number),
  };
}

function large(name: string, add: (number: number) => readonly string[]): LargeCollection {
  return { name, title: `one ${name.replace("-", " ")}`, add };
}
