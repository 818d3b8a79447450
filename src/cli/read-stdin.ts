import { coreError } from '../core/index.ts';

/** Far more than any token. */
const MAX_TOKEN_BYTES = 128 * 1024;

/** What is piped in, to its end. @throws AppError USAGE on a terminal, LIMIT_EXCEEDED */
export async function readStdin(what: string, maxBytes: number): Promise<Uint8Array> {
  const { stdin } = process;
  if (stdin.isTTY) throw coreError('USAGE', `standard input is a terminal: pipe ${what} into it`);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes)
      throw coreError('LIMIT_EXCEEDED', `standard input is larger than the ${maxBytes} bytes that ${what} may have`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** An identity token from standard input. @throws AppError USAGE on a terminal, LIMIT_EXCEEDED */
export function readTokenFromStdin(): Promise<Uint8Array> {
  return readStdin('the identity token', MAX_TOKEN_BYTES);
}
