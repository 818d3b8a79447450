import type { IncomingMessage } from 'node:http';
import { errorAnswer } from './authorization.ts';
import type { Answer } from './faults.ts';
import { digestOf, type Repository, type Storage } from './storage.ts';

const EMPTY = new Uint8Array(0);

export interface BlobRequest {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly name: string;
  readonly body: Uint8Array;
  readonly storage: Storage;
}

/** GET and HEAD with ranges, DELETE. */
export function serveBlob(context: BlobRequest, digest: string): Answer {
  const repository = context.storage.find(context.name);
  const blob = repository?.blobs.get(digest);
  if (!repository || !blob) return errorAnswer(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
  if (context.request.method === 'DELETE') {
    repository.blobs.delete(digest);
    return { status: 202, headers: {}, body: EMPTY };
  }
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
  };
  const range = /^bytes=(\d+)-(\d*)$/.exec(context.request.headers.range ?? '');
  if (!range) return { status: 200, headers, body: blob };
  const start = Number(range[1]);
  const end = Math.min(range[2] ? Number(range[2]) : Infinity, blob.byteLength - 1);
  if (start > end) return { status: 416, headers: { 'content-range': `bytes */${blob.byteLength}` }, body: EMPTY };
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end}/${blob.byteLength}` },
    body: blob.subarray(start, end + 1),
  };
}

/** Upload sessions: POST (mount, single), PATCH (chunks in order), GET (status), PUT (last bytes and digest), DELETE. */
export function serveUpload(context: BlobRequest, id: string): Answer {
  const { request, url, name, storage } = context;
  const repository = storage.open(name);
  if (request.method === 'POST') return startUpload(context, repository);
  const upload = repository.uploads.get(id);
  if (!upload) return errorAnswer(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
  if (request.method === 'DELETE') {
    repository.uploads.delete(id);
    return { status: 204, headers: {}, body: EMPTY };
  }
  const place = /^(\d+)-(\d+)$/.exec(request.headers['content-range'] ?? '');
  if (place && Number(place[1]) !== upload.sizeBytes) {
    return { status: 416, headers: uploadHeaders(name, id, upload.sizeBytes), body: EMPTY };
  }
  if (request.method === 'PATCH' || request.method === 'PUT') {
    upload.chunks.push(context.body);
    upload.sizeBytes += context.body.byteLength;
  }
  if (request.method !== 'PUT') {
    const status = request.method === 'PATCH' ? 202 : 204;
    return { status, headers: uploadHeaders(name, id, upload.sizeBytes), body: EMPTY };
  }
  repository.uploads.delete(id);
  return storeBlob(repository, name, {
    bytes: Buffer.concat(upload.chunks),
    digest: url.searchParams.get('digest') ?? '',
  });
}

function startUpload({ url, name, storage, body }: BlobRequest, repository: Repository): Answer {
  const mount = url.searchParams.get('mount');
  const from = url.searchParams.get('from');
  const mounted = mount && from ? storage.find(from)?.blobs.get(mount) : undefined;
  if (mount && mounted) {
    repository.blobs.set(mount, mounted);
    return {
      status: 201,
      headers: { location: `/v2/${name}/blobs/${mount}`, 'docker-content-digest': mount },
      body: EMPTY,
    };
  }
  const digest = url.searchParams.get('digest');
  if (digest) return storeBlob(repository, name, { bytes: body, digest });
  const id = storage.nextUploadId();
  repository.uploads.set(id, { chunks: [], sizeBytes: 0 });
  return { status: 202, headers: uploadHeaders(name, id, 0), body: EMPTY };
}

function storeBlob(repository: Repository, name: string, blob: { bytes: Uint8Array; digest: string }): Answer {
  if (digestOf(blob.bytes, blob.digest) !== blob.digest) {
    return errorAnswer(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  }
  repository.blobs.set(blob.digest, blob.bytes);
  return {
    status: 201,
    headers: { location: `/v2/${name}/blobs/${blob.digest}`, 'docker-content-digest': blob.digest },
    body: EMPTY,
  };
}

/** The location carries a query of its own, as that of several registries does. */
function uploadHeaders(name: string, id: string, sizeBytes: number): Record<string, string> {
  return {
    location: `/v2/${name}/blobs/uploads/${id}?_state=s%2F${id}`,
    range: `0-${Math.max(0, sizeBytes - 1)}`,
    'docker-upload-uuid': id,
  };
}
