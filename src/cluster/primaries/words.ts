/** What nodes tell each other of the words they gave: by which acknowledgements are known to count (docs/decisions/0024). */

/** How often a node has given and taken its word, as it tells another one. All of it rises, while a life of it goes on. */
export interface Words {
  readonly boot: number;
  /** How often it gave its word to anybody. */
  readonly given: number;
  /** How often it took its word from whom it tells. */
  readonly taken: number;
}

export type Taken = Pick<Words, "boot" | "taken">;

/** Whether a node has taken its word since it told of others. */
export function isLater({ boot, taken }: Taken, than: Taken): boolean {
  return boot > than.boot || (boot === than.boot && taken > than.taken);
}
