import type { ByteWriter } from "#torus/base/byte-writer.js";
import { StreamWriter } from "#torus/rdb/stream-writer.js";
import type { DumpedValue } from "#torus/rdb/value.js";

const BYTES_MAX = 2 ** 24;

/** Writes a stream that was read from a dump into another one. */
export function writeStream(writer: ByteWriter, value: DumpedValue | undefined): void {
  if (value?.kind !== "stream") throw new Error("no stream");
  const { stream } = value;
  const into = new StreamWriter(BYTES_MAX);
  let next = 0;
  for (const [i, count] of stream.fieldCounts.entries()) {
    const fields = Array.from({ length: count }, () => {
      const field = stream.fields.at(next++);
      return { field, value: stream.fields.at(next++) };
    });
    into.add(stream.ids.view(i), fields);
  }
  into.finish(writer, stream);
}
