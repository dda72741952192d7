/** The operator's mistake: an option that is unknown, malformed or contradictory. The message is one line and complete. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
