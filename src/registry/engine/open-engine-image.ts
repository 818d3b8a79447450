import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  AppError,
  coreError,
  LIMITS,
  safeText,
  TemporaryDirectory,
  throwIfAborted,
  type Runtime,
} from '../../core/index.ts';
import { openLocalStore, type EngineReference, type LocalStore } from '../../image/index.ts';
import { registryError } from '../errors.ts';
import { engineAddress, formatEngineAddress, type EngineAddress } from './engine-address.ts';
import { askEngine, readJsonAnswer } from './engine-client.ts';
import { connectionFailure } from './engine-failure.ts';

export interface EngineImageOptions {
  readonly runtime: Pick<Runtime, 'env' | 'signal' | 'progress'>;
  /** Bytes that the engine may send; twice `LIMITS.layerBytes` unless told. */
  readonly maxBytes?: number;
}

/** An image of an engine, saved to a temporary file that goes when this is disposed of. */
export interface EngineImage extends AsyncDisposable {
  readonly store: LocalStore;
}

/**
 * Has the engine (Docker, Podman) write an image to a temporary archive, as `docker save` does, and opens that. The name is resolved once: what is saved is the id that
 * it stood for. The bytes are checked like those of any archive.
 * @throws AppError ENGINE_ADDRESS_INVALID, ENGINE_UNREACHABLE, ENGINE_UNEXPECTED_ANSWER, ENGINE_IMAGE_NOT_FOUND, LIMIT_EXCEEDED, INTERRUPTED, those of `openLocalStore`
 * @see https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Image/operation/ImageGet
 */
export async function openEngineImage(reference: EngineReference, options: EngineImageOptions): Promise<EngineImage> {
  const { runtime, maxBytes = 2 * LIMITS.layerBytes } = options;
  const address = engineAddress(runtime.env);
  const engine: Engine = { address, version: await apiVersion(address, runtime.signal) };
  const id = await resolveId(engine, reference, runtime.signal);
  const temporary = await TemporaryDirectory.create('waybill-engine-');
  try {
    const path = join(temporary.path, 'image.tar');
    await save({ engine, id, path, maxBytes, name: reference.path }, runtime);
    const name = `docker-daemon:${reference.path}`;
    const store = await openLocalStore({ transport: 'docker-archive', path }, { signal: runtime.signal, name });
    return {
      store,
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]();
        await temporary[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await temporary[Symbol.asyncDispose]();
    throw error;
  }
}

/** An engine, and the version of its API that is spoken with it. */
interface Engine {
  readonly address: EngineAddress;
  readonly version: string;
}

/** What engines understand that do not say which version they have. */
const DEFAULT_VERSION = '1.41';

/** The newest version that the engine has: those of the last years refuse versions that older ones need. What is asked for is the same in all. */
async function apiVersion(address: EngineAddress, signal: AbortSignal): Promise<string> {
  const answer = await askEngine(address, '/_ping', signal);
  answer.destroy();
  const version = answer.headers['api-version'];
  return typeof version === 'string' && /^1\.\d{1,3}$/.test(version) ? version : DEFAULT_VERSION;
}

/** Slashes of a name stay: engines match the rest of the path. */
function apiPath({ version }: Engine, name: string, action: 'json' | 'get'): string {
  return `/v${version}/images/${name.split('/').map(encodeURIComponent).join('/')}/${action}`;
}

/** The id that a name stands for, else the one that begins so. */
async function resolveId(engine: Engine, { path, idPrefix }: EngineReference, signal: AbortSignal): Promise<string> {
  const id = await findId(engine, path, signal);
  if (id !== undefined) return id;
  const begun = idPrefix === undefined ? undefined : await findId(engine, idPrefix, signal);
  if (idPrefix !== undefined && begun?.replace(/^sha256:/, '').startsWith(idPrefix)) return begun;
  const where = formatEngineAddress(engine.address);
  throw registryError('ENGINE_IMAGE_NOT_FOUND', `the engine at ${where} has no image ${safeText(path, 200)}`, {
    hint: 'docker images, or podman images, lists what it has; nothing is pulled for you',
  });
}

/** Undefined when the engine has no such image. */
async function findId(engine: Engine, name: string, signal: AbortSignal): Promise<string | undefined> {
  const where = formatEngineAddress(engine.address);
  const answer = await askEngine(engine.address, apiPath(engine, name, 'json'), signal);
  if (answer.statusCode === 404) {
    answer.destroy();
    return undefined;
  }
  await requireOk(answer, where);
  const body = await readJsonAnswer(answer, where);
  const id = typeof body === 'object' && body !== null && 'Id' in body ? body.Id : undefined;
  if (typeof id === 'string' && /^(?:sha256:)?[0-9a-f]{64}$/.test(id)) return id;
  throw registryError('ENGINE_UNEXPECTED_ANSWER', `${where} does not say the id of ${safeText(name, 200)}`);
}

async function requireOk(answer: IncomingMessage, where: string): Promise<void> {
  if (answer.statusCode === 200) return;
  const body = await readJsonAnswer(answer, where).catch(() => undefined);
  const told = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : '';
  throw registryError(
    'ENGINE_UNEXPECTED_ANSWER',
    `${where} answered ${answer.statusCode ?? 'nothing'}${told === '' ? '' : `: ${safeText(told, 300)}`}`,
  );
}

interface Saving {
  readonly engine: Engine;
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly maxBytes: number;
}

async function save(saving: Saving, runtime: EngineImageOptions['runtime']): Promise<void> {
  const { engine, id, name, path, maxBytes } = saving;
  const where = formatEngineAddress(engine.address);
  const answer = await askEngine(engine.address, apiPath(engine, id, 'get'), runtime.signal);
  await requireOk(answer, where);
  const label = `image ${safeText(name, 100)}`;
  let doneBytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      doneBytes += chunk.length;
      if (doneBytes > maxBytes) {
        const message = `${label} is larger than the ${maxBytes} bytes allowed`;
        done(coreError('LIMIT_EXCEEDED', message, { hint: 'raise --max-layer-bytes if the image is trusted' }));
        return;
      }
      runtime.progress({ kind: 'transfer', label, doneBytes, totalBytes: undefined });
      done(null, chunk);
    },
  });
  try {
    await pipeline(answer, meter, createWriteStream(path, { flags: 'wx', mode: 0o600 }), { signal: runtime.signal });
  } catch (error) {
    throwIfAborted(runtime.signal);
    throw error instanceof AppError ? error : connectionFailure(where, error);
  }
}
