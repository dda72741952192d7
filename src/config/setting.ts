/** What someone asked for and where: the common form of flags, environment variables and lines of a file, not yet judged. */
export interface Setting {
  /** The option's name as given; it may be an alias, or no option at all. */
  readonly name: string;
  readonly words: readonly string[];
  /** Put together they are a text that may have quotes of its own; otherwise quotes have been read. */
  readonly isText?: true;
  /** For messages: `flag --port`, `variable TORUS_PORT`, `redis.conf:12`. */
  readonly source: string;
}
