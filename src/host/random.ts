/** Randomness. In production it is the operating system's; in simulation it follows from the seed. */
export interface Random {
  /** An unsigned 32-bit integer. Cheap: fit for sampling. */
  uint32(): number;
  /** Fresh bytes fit for ids and hash seeds (unguessable in production). */
  bytes(count: number): Uint8Array;
}
