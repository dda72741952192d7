/** The bytes at the beginnings of the lines of the block that a page marks as `hex`. */
export function exampleOf(page: string): Buffer {
  const block = page.split("```hex\n")[1]!.split("```")[0]!;
  const bytes = block.split("\n").map((line) => /^((?:[0-9a-f]{2})+ ?)+(?= |$)/.exec(line)?.[0] ?? "");
  return Buffer.from(bytes.join("").replaceAll(" ", ""), "hex");
}
