/** Longer copies are faster by a native call (measured). */
const NATIVE_COPY_BYTES = 40;

/** Copies `from[start, end)` to `to` at `at`. Short ranges go by a loop, which a native call would only slow down. */
export function copyBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): void {
  if (end - start > NATIVE_COPY_BYTES) {
    from.copy(to, at, start, end);
    return;
  }
  for (let i = start, j = at; i < end; i++, j++) to[j] = from[i]!;
}
