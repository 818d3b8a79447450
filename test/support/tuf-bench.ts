import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TemporaryDirectory } from '../../src/core/index.ts';
import { createHttpClient, type FetchInit, type FetchResponse } from '../../src/net/index.ts';
import type { TufOptions } from '../../src/verification/tuf/index.ts';
import { TufRepository, type TufSettings } from './tuf-repository.ts';

export const NOW = new Date('2026-06-01T12:00:00Z');
export const HOUR_MS = 3_600_000;
export const MIRROR = 'https://tuf.example.com/repo';

type Answer = (path: string, init: FetchInit) => FetchResponse | Promise<FetchResponse | undefined> | undefined;

/** A repository, a mirror of it without sockets, and a folder to keep things in. */
export interface TufBench extends AsyncDisposable {
  readonly repository: TufRepository;
  readonly path: string;
  readonly cacheDir: string;
  /** Paths asked for, in order; emptied by `asked`. */
  asked(): readonly string[];
  /** Warnings since the last call. */
  warnings(): readonly string[];
  /** What answers before the repository does. */
  answer: Answer | undefined;
  options(change?: Partial<TufOptions>): TufOptions;
  /** The options that many hours later. */
  later(hours: number, change?: Partial<TufOptions>): TufOptions;
}

export const TRUSTED_ROOT = Buffer.from('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}');

export async function openTufBench(settings: Partial<TufSettings> = {}): Promise<TufBench> {
  const folder = await TemporaryDirectory.create('waybill-tuf-');
  const repository = new TufRepository({ now: NOW, ...settings });
  repository.targets.set('trusted_root.json', TRUSTED_ROOT);
  repository.publish();
  const rootFile = join(folder.path, 'root.json');
  writeFileSync(rootFile, repository.firstRoot);
  const asked: string[] = [];
  const warnings: string[] = [];
  const bench: TufBench = {
    repository,
    path: folder.path,
    cacheDir: join(folder.path, 'cache'),
    asked: () => asked.splice(0),
    warnings: () => warnings.splice(0),
    answer: undefined,
    options: (change = {}) => ({
      mirror: MIRROR,
      rootFile,
      cacheDir: bench.cacheDir,
      offline: false,
      now: () => NOW,
      http: createHttpClient({
        runtime: { env: {}, now: () => NOW, randomBytes: (length) => new Uint8Array(length) },
        sleep: () => Promise.resolve(),
        fetch: async (url, init) => {
          const path = url.startsWith(`${MIRROR}/`) ? url.slice(MIRROR.length + 1) : url;
          asked.push(path);
          return (await bench.answer?.(path, init)) ?? served(repository.files.get(path));
        },
      }),
      signal: new AbortController().signal,
      progress: (event) => {
        if (event.kind === 'warning') warnings.push(event.message);
      },
      ...change,
    }),
    later: (hours, change = {}) => bench.options({ now: () => new Date(NOW.getTime() + hours * HOUR_MS), ...change }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
  return bench;
}

function served(bytes: Buffer | undefined): FetchResponse {
  return bytes === undefined ? answer(404, Buffer.from('not found')) : answer(200, bytes);
}

export function answer(
  status: number,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): FetchResponse {
  return { status, headers: { get: (name) => headers[name.toLowerCase()] ?? null }, body: once(body) };
}

// oxlint-disable-next-line require-await
async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}
