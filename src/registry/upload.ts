import { createReadStream } from 'node:fs';
import { coreError, createDigester, digestAlgorithm, isAppError, type Digest } from '../core/index.ts';
import type { Descriptor, FileRange } from '../image/index.ts';
import { resolveLocation, type HttpBody, type HttpResponse } from '../net/index.ts';
import { hasBlob } from './blobs.ts';
import { registryError } from './errors.ts';
import { hasCode, type RegistryRequest, type RepositoryClient } from './repository-client.ts';
import type { UploadSettings, UploadSource } from './types.ts';

const OCTETS = 'application/octet-stream';
/** Largest chunk that a registry may ask for. */
const MAX_CHUNK_BYTES = 512 * 1024 * 1024;
/** Uploads of one blob that are begun. */
const MAX_ATTEMPTS = 3;

export interface Upload {
  readonly source: UploadSource;
  readonly descriptor: Descriptor;
  readonly settings: UploadSettings;
}

/**
 * Uploads a blob unless it is there: in one PUT, or in chunks when it is large. Where the bytes can be had again, an upload that broke is
 * started again from nothing.
 */
export async function uploadBlob(client: RepositoryClient, upload: Upload, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    if (await hasBlob(client, upload.descriptor.digest, signal)) return;
    try {
      await uploadOnce(client, upload, signal);
      return;
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS || upload.source.kind === 'stream' || !isPassing(error)) throw error;
    }
    await client.backOff(attempt, signal);
  }
}

/** A broken connection, or a server that is busy for a moment. */
function isPassing(error: unknown): boolean {
  if (hasCode(error, 'REGISTRY_UNREACHABLE', 'REGISTRY_TIMEOUT')) return true;
  const status =
    isAppError(error) && error.details?.['retryAfter'] === undefined ? error.details?.['status'] : undefined;
  return status === 429 || status === 502 || status === 503 || status === 504;
}

async function uploadOnce(client: RepositoryClient, upload: Upload, signal: AbortSignal): Promise<void> {
  const { descriptor, settings } = upload;
  const request = uploadRequest(descriptor.digest, signal);
  const opened = await client.expect({ ...request, method: 'POST', path: 'blobs/uploads/', idempotent: true }, [202]);
  await opened.discard();
  const session = { client, request, location: locationOf(opened, client) };
  if (descriptor.sizeBytes <= settings.chunkedAboveBytes) {
    await finish(session, descriptor.digest, bodyOf(upload, client));
    return;
  }
  const minimum = Number(opened.header('oci-chunk-min-length') ?? '0');
  const chunkBytes = Math.min(MAX_CHUNK_BYTES, Math.max(settings.chunkBytes, Number.isFinite(minimum) ? minimum : 0));
  let { location } = session;
  let offset = 0;
  for await (const chunk of inChunks(checkedStream(upload, client), chunkBytes)) {
    location = await sendChunk({ ...session, location }, chunk, offset);
    offset += chunk.byteLength;
  }
  await finish({ ...session, location }, descriptor.digest, undefined);
}

interface Session {
  readonly client: RepositoryClient;
  readonly request: RegistryRequest;
  readonly location: URL;
}

function uploadRequest(digest: Digest, signal: AbortSignal): RegistryRequest {
  return { path: 'blobs/uploads/', actions: 'pull,push', signal, what: `upload of blob ${digest}`, kind: 'upload' };
}

/**
 * Where the upload goes on: absolute or relative, its query kept. Registries behind a proxy that ends TLS often say http of themselves; that is taken as https.
 * Authorization goes along only on the registry's own origin.
 */
function locationOf(response: HttpResponse, client: RepositoryClient): URL {
  const { origin } = client.endpoint;
  const text = response.header('location');
  const plain = `http://${origin.hostname}/`;
  const own =
    origin.protocol === 'https:' && text?.startsWith(plain) ? `${origin.origin}/${text.slice(plain.length)}` : text;
  return resolveLocation(own, response.url);
}

async function finish(
  { client, request, location }: Session,
  digest: Digest,
  body: HttpBody | undefined,
): Promise<void> {
  const url = new URL(location);
  // appended by hand: re-encoding the registry's own parameters could break their signature
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  const response = await client.expect(
    {
      ...request,
      method: 'PUT',
      path: url,
      headers: { 'content-type': OCTETS },
      ...(body === undefined ? {} : { body }),
      // a session ends with its PUT: a second one would find none
      idempotent: false,
    },
    [201, 204],
  );
  await response.discard();
}

async function sendChunk(session: Session, chunk: Uint8Array, offset: number): Promise<URL> {
  const { client, request } = session;
  const response = await client.expect(
    {
      ...request,
      method: 'PATCH',
      path: session.location,
      headers: { 'content-type': OCTETS, 'content-range': `${offset}-${offset + chunk.byteLength - 1}` },
      body: { kind: 'bytes', bytes: chunk },
    },
    [202],
  );
  await response.discard();
  return locationOf(response, client);
}

function bodyOf(upload: Upload, client: RepositoryClient): HttpBody {
  const { source, descriptor } = upload;
  const sizeBytes = descriptor.sizeBytes;
  if (source.kind === 'stream') return { kind: 'stream', stream: checkedStream(upload, client), sizeBytes };
  return { kind: 'factory', open: () => checkedStream(upload, client), sizeBytes };
}

/** The source's bytes, counted and hashed: a wrong last piece is never sent, so the registry does not get to believe it. */
async function* checkedStream({ source, descriptor }: Upload, client: RepositoryClient): AsyncGenerator<Uint8Array> {
  const digester = createDigester(digestAlgorithm(descriptor.digest));
  let sizeBytes = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of openSource(source)) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > descriptor.sizeBytes) break;
    digester.update(chunk);
    if (held) yield held;
    held = chunk;
  }
  if (sizeBytes !== descriptor.sizeBytes) {
    throw registryError(
      'BLOB_SIZE_MISMATCH',
      `blob ${descriptor.digest} to be uploaded to ${client.name} should have ${descriptor.sizeBytes} bytes, but has ${sizeBytes > descriptor.sizeBytes ? 'more' : sizeBytes}`,
    );
  }
  const computed = digester.digest();
  if (computed !== descriptor.digest) {
    throw coreError(
      'DIGEST_MISMATCH',
      `the bytes to be uploaded to ${client.name} as ${descriptor.digest} have the digest ${computed}`,
    );
  }
  if (held) yield held;
}

function openSource(source: UploadSource): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (source.kind === 'stream') return source.stream;
  return source.kind === 'bytes' ? pieces(source.bytes) : fileStream(source.range);
}

const PIECE_BYTES = 256 * 1024;

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < bytes.byteLength; offset += PIECE_BYTES)
    yield bytes.subarray(offset, offset + PIECE_BYTES);
}

function fileStream({ path, offsetBytes, lengthBytes }: FileRange): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (lengthBytes === 0) return [];
  return createReadStream(path, { start: offsetBytes, end: offsetBytes + lengthBytes - 1, highWaterMark: PIECE_BYTES });
}

/** Gathers a stream into chunks of one size, the last one shorter. */
async function* inChunks(stream: AsyncIterable<Uint8Array>, chunkBytes: number): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (let piece of stream) {
    while (sizeBytes + piece.byteLength >= chunkBytes) {
      const head = piece.subarray(0, chunkBytes - sizeBytes);
      yield Buffer.concat([...gathered, head]);
      piece = piece.subarray(head.byteLength);
      gathered = [];
      sizeBytes = 0;
    }
    if (piece.byteLength > 0) gathered.push(piece);
    sizeBytes += piece.byteLength;
  }
  if (sizeBytes > 0) yield Buffer.concat(gathered);
}

/** True when the registry took the blob over; false when it does not, or not from there. */
export async function mountBlob(
  client: RepositoryClient,
  blob: { readonly digest: Digest; readonly from: string },
  signal: AbortSignal,
): Promise<boolean> {
  const query = new URLSearchParams({ mount: blob.digest, from: blob.from });
  const request = {
    ...uploadRequest(blob.digest, signal),
    method: 'POST',
    path: `blobs/uploads/?${query.toString()}`,
    mountFrom: blob.from,
  } as const;
  const response = await client.send({ ...request, idempotent: true });
  if (response.status === 202) {
    await response.discard();
    await cancel(client, { request, location: locationOf(response, client), client });
    return false;
  }
  if (response.status === 201 || [400, 404, 405].includes(response.status)) {
    await response.discard();
    return response.status === 201;
  }
  throw await client.failure(response, request);
}

/** The session that a refused mount opened is not wanted; a registry that cannot end it lets it expire. */
async function cancel(client: RepositoryClient, { request, location }: Session): Promise<void> {
  try {
    const response = await client.send({ ...request, method: 'DELETE', path: location });
    await response.discard();
  } catch (error) {
    if (request.signal.aborted) throw error;
  }
}
