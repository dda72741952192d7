/** Of a map as RESP2 has it: names and values in turn. */
export function pairsOf(reply: unknown): Record<string, unknown> {
  const items = reply as readonly unknown[];
  return Object.fromEntries(
    items.flatMap((name, at) => (at % 2 === 0 ? [[String(name), items[at + 1]]] : [])),
  );
}
