import { coreError, digestMatches, isAppError, throwIfAborted, type Digest } from '../core/index.ts';
import type { BlobSource, Descriptor } from '../image/index.ts';
import { sameOrigin, type HttpResponse } from '../net/index.ts';
import { registryError } from './errors.ts';
import type { RegistryRequest, RepositoryClient } from './repository-client.ts';

/** Broken connections in a row, without a byte between them, after which a transfer is given up. */
const MAX_FRUITLESS_RESUMES = 4;
/** And in all. */
const MAX_RESUMES = 50;

const BROKEN: ReadonlySet<string> = new Set(['NET_CONNECTION_LOST', 'NET_TIMEOUT']);

/**
 * Opens a blob. Its stream takes up a broken transfer where it ended, and gives exactly `descriptor.sizeBytes` bytes or throws. Nobody has hashed them.
 * @throws AppError BLOB_NOT_FOUND, BLOB_SIZE_MISMATCH, BLOB_TRANSFER_BROKEN (from the stream), and the registry's
 */
export async function openBlob(
  client: RepositoryClient,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<BlobSource> {
  const request = blobRequest(descriptor.digest, signal);
  const response = await client.expect(request, [200]);
  const announced = response.header('content-length');
  if (announced !== undefined && announced !== String(descriptor.sizeBytes)) {
    await response.discard();
    throw sizeMismatch(client, descriptor, `${announced} bytes are announced`);
  }
  return { kind: 'stream', stream: releasing(blobStream(response, { client, descriptor, request }), response) };
}

/** A generator that was never started does nothing when it is told to end: the connection is given back here. */
function releasing(stream: AsyncGenerator<Uint8Array>, first: HttpResponse): AsyncIterable<Uint8Array> {
  const iterator: AsyncIterator<Uint8Array> = {
    next: () => stream.next(),
    return: async () => {
      await stream.return(undefined);
      await first.discard();
      return { done: true, value: undefined };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

function blobRequest(digest: Digest, signal: AbortSignal): RegistryRequest {
  return {
    path: `blobs/${digest}`,
    headers: { accept: '*/*', 'accept-encoding': 'identity' },
    signal,
    what: `blob ${digest}`,
    kind: 'blob',
  };
}

function sizeMismatch(client: RepositoryClient, descriptor: Descriptor, found: string): Error {
  return registryError(
    'BLOB_SIZE_MISMATCH',
    `blob ${descriptor.digest} of ${client.name} should have ${descriptor.sizeBytes} bytes, but ${found}`,
  );
}

interface Transfer {
  readonly client: RepositoryClient;
  readonly descriptor: Descriptor;
  readonly request: RegistryRequest;
}

async function* blobStream(first: HttpResponse, transfer: Transfer): AsyncGenerator<Uint8Array, void, undefined> {
  const { client, descriptor, request } = transfer;
  let response = first;
  let received = 0;
  let fruitless = 0;
  for (let resumes = 0; ; resumes += 1) {
    const start = received;
    try {
      for await (const chunk of response.body) {
        received += chunk.byteLength;
        if (received > descriptor.sizeBytes) throw sizeMismatch(client, descriptor, 'more came');
        yield chunk;
      }
      if (received < descriptor.sizeBytes) throw sizeMismatch(client, descriptor, `only ${received} came`);
      return;
    } catch (error) {
      throwIfAborted(request.signal);
      if (!isAppError(error) || !BROKEN.has(error.code)) throw error;
      fruitless = received > start ? 1 : fruitless + 1;
      if (fruitless > MAX_FRUITLESS_RESUMES || resumes >= MAX_RESUMES) throw broken(transfer, received, error);
      if (received === descriptor.sizeBytes) return;
    } finally {
      await response.discard();
    }
    await client.backOff(fruitless, request.signal);
    response = await resume(transfer, received);
  }
}

function broken({ client, descriptor }: Transfer, received: number, cause: unknown): Error {
  return registryError(
    'BLOB_TRANSFER_BROKEN',
    `blob ${descriptor.digest} of ${client.name}: the transfer broke after ${received} of ${descriptor.sizeBytes} bytes`,
    { cause, hint: 'try again', details: { receivedBytes: received, sizeBytes: descriptor.sizeBytes } },
  );
}

/** Asks for the rest. What has been handed on cannot be taken back, so only exactly the rest will do. */
async function resume(transfer: Transfer, offset: number): Promise<HttpResponse> {
  const { client, descriptor, request } = transfer;
  const ranged = { ...request, headers: { ...request.headers, range: `bytes=${offset}-` } };
  const response = await client.expect(ranged, [200, 206, 416]);
  const wanted = `bytes ${offset}-${descriptor.sizeBytes - 1}/`;
  const range = response.header('content-range') ?? '';
  const total = range.slice(wanted.length);
  if (
    response.status === 206 &&
    range.startsWith(wanted) &&
    (total === '*' || total === String(descriptor.sizeBytes))
  ) {
    return response;
  }
  await response.discard();
  throw broken(
    transfer,
    offset,
    registryError(
      'REGISTRY_UNEXPECTED_ANSWER',
      `${client.name} does not continue a transfer (status ${response.status})`,
    ),
  );
}

/**
 * Reads a blob whole.
 * @throws AppError LIMIT_EXCEEDED, DIGEST_MISMATCH, and those of `openBlob`
 */
export async function readBlob(
  client: RepositoryClient,
  wanted: { readonly descriptor: Descriptor; readonly maxBytes: number },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { descriptor, maxBytes } = wanted;
  if (descriptor.sizeBytes > maxBytes) {
    throw coreError(
      'LIMIT_EXCEEDED',
      `blob ${descriptor.digest} of ${client.name} has ${descriptor.sizeBytes} bytes, more than the ${maxBytes} allowed`,
    );
  }
  const source = await openBlob(client, descriptor, signal);
  const chunks: Uint8Array[] = [];
  if (source.kind === 'stream') for await (const chunk of source.stream) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (!digestMatches(descriptor.digest, bytes)) {
    throw coreError(
      'DIGEST_MISMATCH',
      `the bytes served for blob ${descriptor.digest} of ${client.name} have another digest`,
    );
  }
  return bytes;
}

/**
 * Whether a HEAD finds the blob with the size of its descriptor. Every other answer is false: whoever then fetches the blob learns what is wrong.
 * @throws AppError when the registry cannot be reached at all
 */
export async function confirmBlob(
  client: RepositoryClient,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<boolean> {
  const response = await client.send({ ...blobRequest(descriptor.digest, signal), method: 'HEAD' });
  await response.discard();
  return response.status === 200 && response.header('content-length') === String(descriptor.sizeBytes);
}

/**
 * Storage that a HEAD was redirected to may refuse it, as its signed URLs are for GET: then the registry has not said, and false is the safe answer.
 * @throws AppError for every answer of the registry but 200 and 404
 */
export async function hasBlob(client: RepositoryClient, digest: Digest, signal: AbortSignal): Promise<boolean> {
  const request: RegistryRequest = { ...blobRequest(digest, signal), method: 'HEAD' };
  const response = await client.send(request);
  const elsewhere = !sameOrigin(response.url, client.endpoint.origin) && response.status < 500;
  if (response.status === 200 || response.status === 404 || elsewhere) {
    await response.discard();
    return response.status === 200;
  }
  throw await client.failure(response, request);
}
