/** What someone asked for and where: the common form of flags, environment variables and lines of a file, not yet judged. */
export interface Setting {
  /** The option's name as given; it may be an alias, or no option at all. */
  readonly name: string;
  readonly words: readonly string[];
  /** For messages: `flag --port`, `variable TORUS_PORT`, `redis.conf:12`. */
  readonly source: string;
}
