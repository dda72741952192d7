import type { Keyspace } from "#torus/keyspace/keyspace.js";

/** Counts the home cells that are walked and the entries that are drawn in tables of the open database from now on. */
export function countTableSteps({ database: { fields } }: Keyspace): () => number {
  let steps = 0;
  const collect = fields.collect.bind(fields);
  const draw = fields.draw.bind(fields);
  fields.collect = (table, from, homes, into, end, hashes) => {
    steps += homes;
    return collect(table, from, homes, into, end, hashes);
  };
  fields.draw = (table, random) => {
    steps++;
    return draw(table, random);
  };
  return () => steps;
}
