/** A promise of the cluster was broken, maybe one about a certain key. */
export class Violation extends Error {
  override readonly name = "Violation";

  constructor(
    what: string,
    readonly key?: string,
  ) {
    super(key === undefined ? what : `${key}: ${what}`);
  }
}
