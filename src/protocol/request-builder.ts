/** Makes a request (an array of bulk strings) of scanned arguments, so that it can be kept and scanned again. */
export function buildRequest(bytes: Buffer, marks: Int32Array, count: number): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${count}\r\n`, "latin1")];
  for (let i = 0; i < count; i++) {
    const start = marks[i << 1]!;
    const end = marks[(i << 1) + 1]!;
    parts.push(Buffer.from(`$${end - start}\r\n`, "latin1"), bytes.subarray(start, end), CRLF);
  }
  return Buffer.concat(parts);
}

/** The same of arguments. */
export function requestOf(args: readonly Uint8Array[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`, "latin1")];
  for (const arg of args) parts.push(Buffer.from(`$${arg.length}\r\n`, "latin1"), arg, CRLF);
  return Buffer.concat(parts);
}

const CRLF = Buffer.from("\r\n", "latin1");
