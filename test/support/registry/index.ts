import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Digest } from '../../../src/core/index.ts';
import { Authorizer, errorAnswer, type TestRegistryAuth } from './authorization.ts';
import { serveBlob, serveUpload, type BlobRequest } from './blobs.ts';
import { answerInstead, FaultList, writeAnswer, type Answer, type Fault } from './faults.ts';
import { serveManifest, serveReferrers, serveTags, type ManifestSettings, type ReferrersMode } from './manifests.ts';
import { digestOf, findManifest, Storage, type StoredManifest } from './storage.ts';

export type { Fault, FaultAction } from './faults.ts';
export type { TestRegistryAuth } from './authorization.ts';
export type { ReferrersMode } from './manifests.ts';

export interface TestRegistryOptions {
  readonly auth?: TestRegistryAuth;
  /** 'api' unless told. */
  readonly referrers?: ReferrersMode;
  /** Entries of one page; 100 unless told. */
  readonly pageSize?: number;
  /** Whether manifests have ETags and conditional PUTs are honoured; true unless told. */
  readonly etags?: boolean;
  /** PEM: serves HTTPS. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface LoggedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** A registry in this process, on loopback: distribution specification 1.1 in memory, with faults on demand. */
export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Every request seen, in order. */
  readonly requests: LoggedRequest[];
  /** How many requests matched. */
  count(method: string, path: RegExp): number;
  fail(fault: Fault): void;
  clearFaults(): void;
  revokeTokens(): void;
  putBlob(repository: string, bytes: Uint8Array | string): Digest;
  /** Stores a manifest without a request: an object is written as JSON. */
  putManifest(repository: string, manifest: object | Uint8Array, options: { mediaType: string; tag?: string }): Digest;
  getManifest(repository: string, reference: string): (StoredManifest & { digest: string }) | undefined;
  getBlob(repository: string, digest: string): Uint8Array | undefined;
}

const ROUTE = /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|referrers|tags)\/([^/]*)$/;

interface Parts {
  readonly storage: Storage;
  readonly settings: ManifestSettings;
  readonly authorizer: Authorizer | undefined;
}

export async function startRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const parts: Parts = {
    storage: new Storage(),
    settings: {
      referrers: options.referrers ?? 'api',
      etags: options.etags ?? true,
      pageSize: options.pageSize ?? 100,
    },
    authorizer: options.auth && new Authorizer(options.auth),
  };
  const faults = new FaultList();
  const requests: LoggedRequest[] = [];
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers });
    respond(request, response, { parts, faults }).catch((error: unknown) => response.destroy(error as Error));
  };
  const server: Server = options.tls ? createTlsServer(options.tls, onRequest) : createServer(onRequest);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `${options.tls ? 'https' : 'http'}://${host}`,
    requests,
    count: (method, path) => requests.filter((entry) => entry.method === method && path.test(entry.path)).length,
    fail: (fault) => faults.add(fault),
    clearFaults: () => faults.clear(),
    revokeTokens: () => parts.authorizer?.revokeTokens(),
    ...directAccess(parts.storage),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function directAccess(storage: Storage): Pick<TestRegistry, 'putBlob' | 'putManifest' | 'getManifest' | 'getBlob'> {
  return {
    putBlob(repository, content) {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      const digest = digestOf(bytes);
      storage.open(repository).blobs.set(digest, bytes);
      return digest;
    },
    putManifest(name, manifest, { mediaType, tag }) {
      const bytes = manifest instanceof Uint8Array ? manifest : Buffer.from(JSON.stringify(manifest));
      const digest = digestOf(bytes);
      const repository = storage.open(name);
      repository.manifests.set(digest, { bytes, mediaType });
      if (tag !== undefined) repository.tags.set(tag, digest);
      return digest;
    },
    getManifest: (name, reference) => findManifest(storage.find(name), reference),
    getBlob: (name, digest) => storage.find(name)?.blobs.get(digest),
  };
}

interface Serving {
  readonly parts: Parts;
  readonly faults: FaultList;
}

async function respond(request: IncomingMessage, response: ServerResponse, serving: Serving): Promise<void> {
  const fault = serving.faults.strike(request);
  const instead = fault && (await answerInstead(fault, response));
  if (instead === 'done') return;
  const body = await readBody(request);
  writeAnswer(instead ?? route(request, body, serving.parts), instead ? undefined : fault, response);
}

function route(request: IncomingMessage, body: Uint8Array, parts: Parts): Answer {
  const url = new URL(request.url ?? '/', 'http://registry.invalid');
  const path = decodeURIComponent(url.pathname);
  if (path === '/token' && parts.authorizer) return parts.authorizer.token(request, url, body);
  if (path === '/v2/') {
    return parts.authorizer?.check(request, '', 'pull') ?? { status: 200, headers: {}, body: new Uint8Array(0) };
  }
  const [, name, kind, rest] = ROUTE.exec(path) ?? [];
  if (name === undefined || kind === undefined || rest === undefined)
    return errorAnswer(404, 'NOT_FOUND', 'no such page');
  const reading = request.method === 'GET' || request.method === 'HEAD';
  const denied = parts.authorizer?.check(request, name, reading && kind !== 'blobs/uploads' ? 'pull' : 'push');
  if (denied) return denied;
  const context: BlobRequest = { request, url, name, body, storage: parts.storage };
  if (kind === 'blobs') return serveBlob(context, rest);
  if (kind === 'blobs/uploads') return serveUpload(context, rest);
  if (kind === 'manifests') return serveManifest(context, rest, parts.settings);
  if (kind === 'referrers') return serveReferrers(context, rest, parts.settings);
  return serveTags(context, parts.settings);
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
