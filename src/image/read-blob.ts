import { createReadStream } from 'node:fs';
import { createDigester, digestAlgorithm, throwIfAborted, coreError } from '../core/index.ts';
import { imageError, storeFailure } from './errors.ts';
import type { BlobSource, Descriptor, FileRange, ImageStore } from './types.ts';

/** The stored bytes as a stream, wherever they are. */
export function streamBlob(source: BlobSource): AsyncIterable<Uint8Array> {
  if (source.kind === 'stream') return source.stream;
  return streamRange(source.range);
}

/** @throws AppError STORE_UNREADABLE */
async function* streamRange(range: FileRange): AsyncGenerator<Uint8Array> {
  const { path, offsetBytes, lengthBytes } = range;
  if (lengthBytes === 0) return;
  const stream = createReadStream(path, {
    start: offsetBytes,
    end: offsetBytes + lengthBytes - 1,
    highWaterMark: 1024 * 1024,
  });
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw storeFailure('STORE_UNREADABLE', `cannot read ${path}`, cause);
  }
}

export interface ReadBlobOptions {
  /** Refused before reading when the descriptor says more. */
  readonly maxBytes: number;
  /** Names the blob in messages: `config`. */
  readonly what: string;
  readonly signal: AbortSignal;
}

/**
 * Reads a blob whole; size and digest are compared with the descriptor. Never holds more than the descriptor's size.
 * @throws AppError LIMIT_EXCEEDED, SIZE_MISMATCH, DIGEST_MISMATCH, INTERRUPTED, and what `openBlob` throws
 */
export async function readBlobBytes(
  store: Pick<ImageStore, 'openBlob'>,
  descriptor: Descriptor,
  options: ReadBlobOptions,
): Promise<Uint8Array> {
  const { digest, sizeBytes } = descriptor;
  if (sizeBytes > options.maxBytes) {
    throw coreError(
      'LIMIT_EXCEEDED',
      `${options.what} ${digest} is ${sizeBytes} bytes, more than the ${options.maxBytes} allowed`,
    );
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of checkedStream(await store.openBlob(descriptor, options.signal), descriptor, options))
    chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Streams a blob and compares size and digest with the descriptor; the mismatch is thrown at the end, before the consumer can take the stream
 * for finished.
 * @throws AppError SIZE_MISMATCH, DIGEST_MISMATCH, INTERRUPTED
 */
export async function* checkedStream(
  source: BlobSource,
  descriptor: Descriptor,
  options: Pick<ReadBlobOptions, 'what' | 'signal'>,
): AsyncGenerator<Uint8Array> {
  const { digest, sizeBytes } = descriptor;
  const digester = createDigester(digestAlgorithm(digest));
  let received = 0;
  for await (const chunk of streamBlob(source)) {
    throwIfAborted(options.signal);
    received += chunk.byteLength;
    if (received > sizeBytes) throw sizeMismatch(options.what, descriptor, 'longer');
    digester.update(chunk);
    yield chunk;
  }
  if (received < sizeBytes) throw sizeMismatch(options.what, descriptor, `only ${received} bytes`);
  const found = digester.digest();
  if (found !== digest) {
    throw coreError('DIGEST_MISMATCH', `${options.what} ${digest} has other content: ${found}`, {
      details: { digest, found },
    });
  }
}

export function sizeMismatch(what: string, descriptor: Pick<Descriptor, 'digest' | 'sizeBytes'>, found: string): Error {
  return imageError(
    'SIZE_MISMATCH',
    `${what} ${descriptor.digest} should have ${descriptor.sizeBytes} bytes but is ${found}`,
  );
}
