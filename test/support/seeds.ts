/** How many seeds a test draws: few where somebody waits for it, more before a change lands (`CI=true` in the environment). */
export function seeds({
  usually,
  thoroughly,
}: {
  readonly usually: number;
  readonly thoroughly: number;
}): number {
  return process.env["CI"] !== "true" ? usually : thoroughly;
}
