import { coreError } from '../core/index.ts';

/** Far more than any token. */
const MAX_BYTES = 128 * 1024;

/** Standard input to its end. @throws AppError USAGE on a terminal, LIMIT_EXCEEDED */
export async function readStdin(): Promise<Uint8Array> {
  const { stdin } = process;
  if (stdin.isTTY) throw coreError('USAGE', 'standard input is a terminal: pipe the identity token into it');
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_BYTES) throw coreError('LIMIT_EXCEEDED', 'standard input is too long for an identity token');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
