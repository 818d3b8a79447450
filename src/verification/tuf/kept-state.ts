import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isAppError, parseStrictJson, readInputFile, writeFileAtomic, type JsonValue } from '../../core/index.ts';
import { TUF_LIMITS } from './limits.ts';

/**
 * What is kept of one repository, as it came from the mirror. Nothing in it is believed: each use checks all of it again from the root that trust
 * starts from. One file, replaced in one step, so that two processes never mix their states, and no name of a mirror becomes a path.
 */
export interface KeptState {
  readonly fetchedAt: Date;
  /** Roots after the first, oldest first. */
  readonly rotations: readonly Uint8Array[];
  readonly timestamp: Uint8Array;
  readonly snapshot: Uint8Array;
  readonly targets: Uint8Array;
  /** Target files by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const FORMAT = 1;

/** The file that holds the state of a mirror: its host, to be found by people, and a digest of its URL. */
export function statePath(cacheDir: string, mirror: string): string {
  const host = new URL(mirror).hostname.replaceAll(/[^a-z0-9.-]/g, '_').slice(0, 64);
  const digest = createHash('sha256').update(mirror).digest('hex').slice(0, 16);
  return join(cacheDir, 'tuf', `${host}-${digest}.json`);
}

/** The kept state; undefined when there is none; 'damaged' when it cannot be read. */
export async function readState(path: string): Promise<KeptState | 'damaged' | undefined> {
  try {
    const bytes = await readInputFile(path, TUF_LIMITS.cacheBytes);
    return parseState(parseStrictJson(bytes, path, { maxBytes: TUF_LIMITS.cacheBytes, maxDepth: 4 })) ?? 'damaged';
  } catch (error) {
    if (!isAppError(error)) throw error;
    return error.code === 'FILE_NOT_FOUND' ? undefined : 'damaged';
  }
}

/** @throws AppError FILE_UNWRITABLE */
export async function writeState(path: string, state: KeptState): Promise<void> {
  await makeFolders(path);
  const text = JSON.stringify({
    format: FORMAT,
    fetchedAt: state.fetchedAt.toISOString(),
    rotations: state.rotations.map(encode),
    timestamp: encode(state.timestamp),
    snapshot: encode(state.snapshot),
    targets: encode(state.targets),
    files: Object.fromEntries([...state.files].map(([name, bytes]) => [name, encode(bytes)])),
  });
  await writeFileAtomic(path, text, { mode: 0o600, ifExists: 'replace' });
}

/** The folder and the cache folder above it, one at a time: Node's recursive mkdir never ends in `/proc`. What cannot be made shows when the file is written. */
async function makeFolders(path: string): Promise<void> {
  const folder = dirname(path);
  for (const made of [dirname(folder), folder]) await mkdir(made, { mode: 0o700 }).catch(() => undefined);
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function decode(value: JsonValue | undefined): Uint8Array | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'base64') : undefined;
}

function parseState(value: JsonValue): KeptState | undefined {
  if (typeof value !== 'object' || value === null || !('format' in value) || value['format'] !== FORMAT)
    return undefined;
  const fetchedAt = typeof value['fetchedAt'] === 'string' ? new Date(value['fetchedAt']) : undefined;
  const [timestamp, snapshot, targets] = [value['timestamp'], value['snapshot'], value['targets']].map(decode);
  const { rotations, files } = { rotations: value['rotations'], files: value['files'] };
  if (fetchedAt === undefined || Number.isNaN(fetchedAt.getTime())) return undefined;
  if (timestamp === undefined || snapshot === undefined || targets === undefined) return undefined;
  if (!Array.isArray(rotations) || typeof files !== 'object' || files === null) return undefined;
  return {
    fetchedAt,
    rotations: rotations.flatMap((item: JsonValue) => decode(item) ?? []),
    timestamp,
    snapshot,
    targets,
    files: new Map(
      Object.entries(files).flatMap(([name, item]) => {
        const bytes = decode(item);
        return bytes === undefined ? [] : [[name, bytes] as const];
      }),
    ),
  };
}
