/** A failure that the world reported: `code` is the operating system's name of it, such as `EADDRINUSE`. */
export class HostError extends Error {
  override readonly name = "HostError";
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
