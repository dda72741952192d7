/** The load client's end of the channel: answers each request of the benchmark, and ends when the benchmark does. */
export function serve<Request>(answer: (request: Request) => Promise<object>): void {
  process.on("message", (request) => {
    answer(request as Request).then(
      (reply) => process.send?.(reply),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.on("disconnect", () => process.exit(0));
}
