/**
 * Amounts of memory as people write them: `512mb`, `1G`, `4096`. The units are Redis's: `k`, `m` and `g`
 * are powers of 1000, `kb`, `mb` and `gb` powers of 1024, in either case; no fractions and no sign.
 */

const bytesByUnit: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["k", 1000],
  ["kb", 1024],
  ["m", 1000 ** 2],
  ["mb", 1024 ** 2],
  ["g", 1000 ** 3],
  ["gb", 1024 ** 3],
]);

/** Bytes, or undefined if the text is not an amount of memory or is one beyond the exact integers (2^53). */
export function parseMemorySize(text: string): number | undefined {
  const parts = /^([0-9]+)([a-z]*)$/i.exec(text);
  const bytesPerUnit = parts && bytesByUnit.get(parts[2]!.toLowerCase());
  if (!bytesPerUnit) return undefined;
  const bytes = Number(parts[1]) * bytesPerUnit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The shortest exact form in binary units: 104857600 is `100mb`, 1500 is `1500`. */
export function formatMemorySize(bytes: number): string {
  for (const unit of ["gb", "mb", "kb"]) {
    const bytesPerUnit = bytesByUnit.get(unit)!;
    if (bytes >= bytesPerUnit && bytes % bytesPerUnit === 0) return `${bytes / bytesPerUnit}${unit}`;
  }
  return String(bytes);
}
