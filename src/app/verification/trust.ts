import {
  isAppError,
  readInputFile,
  sha256Digest,
  writeFileAtomic,
  type Digest,
  type Runtime,
} from '../../core/index.ts';
import { createHttpClient, type HttpClient } from '../../net/index.ts';
import {
  describeTrustedRoots,
  loadSigningConfigFromTuf,
  loadTrustedRootFromTuf,
  readKeptSigningConfig,
  readKeptTrustedRoot,
  type TrustedRootView,
  type TufOptions,
  type TufSource,
  type TufTarget,
  type TufVersions,
} from '../../verification/index.ts';
import { compareTrust, type TrustChange } from './compare-trust.ts';

export const MAX_TRUSTED_ROOT_BYTES = 4 * 1024 * 1024;

/** A TUF repository as flags name it. */
export interface TufAccess {
  /** `public-good` (default), `github`, or a URL. */
  readonly mirror?: string;
  /** Root metadata of a mirror that waybill does not know. */
  readonly rootFile?: string;
  /** The same as bytes; goes before `rootFile`. */
  readonly rootBytes?: Uint8Array;
  /** PEM file of extra certificate authorities for the mirror. */
  readonly caFile?: string;
}

export interface ShowTrustOptions extends TufAccess {
  /** A file in place of a repository. */
  readonly trustedRootFile?: string;
  readonly offline: boolean;
  /** Writes the trusted root, byte for byte, to this file. */
  readonly outputFile?: string;
}

/** Where a trusted root is from: a file, or a repository and how current it is. */
export type TrustOrigin =
  | { readonly kind: 'file'; readonly file: string }
  | {
      readonly kind: TufSource;
      readonly mirror: string;
      readonly fetchedAt?: string;
      readonly expires: string;
      readonly versions?: TufVersions;
    };

export interface ShowTrustResult {
  readonly origin: TrustOrigin;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Usually one; a file of JSON lines holds several. */
  readonly roots: readonly TrustedRootView[];
  readonly output?: string;
}

/**
 * Whom a trusted root trusts, until when, and where it is from.
 * @throws AppError of TUF_ERRORS and NET_ERRORS, TRUST_ROOT_MALFORMED, and those of files
 */
export async function showTrust(options: ShowTrustOptions, runtime: Runtime): Promise<ShowTrustResult> {
  const { origin, bytes } = await readTrustedRoot(options, runtime);
  const roots = describeTrustedRoots(bytes, runtime.now());
  const { outputFile } = options;
  if (outputFile !== undefined) await writeFileAtomic(outputFile, bytes, { ifExists: 'refuse' });
  return {
    origin,
    digest: sha256Digest(bytes),
    sizeBytes: bytes.byteLength,
    roots,
    ...(outputFile === undefined ? {} : { output: outputFile }),
  };
}

/** The bytes of a trusted root and where they are from. */
export async function readTrustedRoot(
  options: Omit<ShowTrustOptions, 'outputFile'>,
  runtime: Runtime,
): Promise<{ readonly origin: TrustOrigin; readonly bytes: Uint8Array }> {
  const file = options.trustedRootFile;
  if (file !== undefined)
    return { origin: { kind: 'file', file }, bytes: await readInputFile(file, MAX_TRUSTED_ROOT_BYTES) };
  await using http = clientOf(options, runtime);
  const target = await loadTrustedRootFromTuf(tufOptions(options, runtime, http));
  return {
    origin: {
      kind: target.source,
      mirror: target.mirror,
      ...(target.fetchedAt === undefined ? {} : { fetchedAt: target.fetchedAt.toISOString() }),
      expires: target.expires.toISOString(),
      ...(target.versions === undefined ? {} : { versions: target.versions }),
    },
    bytes: target.bytes,
  };
}

/**
 * The bytes of the signing configuration that a repository has now.
 * @throws AppError of TUF_ERRORS and NET_ERRORS
 */
export async function readSigningConfig(access: TufAccess, runtime: Runtime): Promise<Uint8Array> {
  const options = { ...access, offline: false };
  await using http = clientOf(options, runtime);
  const { bytes } = await loadSigningConfigFromTuf(tufOptions(options, runtime, http));
  return bytes;
}

/** One file of a repository after an update. */
export interface UpdatedFile {
  readonly name: string;
  /** `absent`: the repository has none. */
  readonly state: 'new' | 'changed' | 'unchanged' | 'absent';
  readonly digest?: Digest;
}

export interface UpdateTrustResult {
  readonly mirror: string;
  /** What was kept before; absent on the first run. */
  readonly before?: TufVersions;
  readonly after: TufVersions;
  readonly expires: string;
  readonly files: readonly UpdatedFile[];
  /** Authorities and logs that came, went or changed; empty on the first run. */
  readonly changes: readonly TrustChange[];
}

/**
 * Asks the repository now and tells what changed.
 * @throws AppError of TUF_ERRORS and NET_ERRORS, TRUST_ROOT_MALFORMED
 */
export async function updateTrust(access: TufAccess, runtime: Runtime): Promise<UpdateTrustResult> {
  await using http = clientOf({ ...access, offline: false }, runtime);
  const options = tufOptions({ ...access, offline: false }, runtime, http);
  // what is damaged is told of once, by what follows
  const quiet = { ...options, progress: () => undefined };
  const before = { root: await readKeptTrustedRoot(quiet), config: await readKeptSigningConfig(quiet) };
  const root = await loadTrustedRootFromTuf({ ...options, maxAgeMs: 0, allowStale: false });
  const config = await optionalSigningConfig({ ...options, progress: () => undefined });
  const now = runtime.now();
  const after = describeTrustedRoots(root.bytes, now);
  if (root.versions === undefined) throw new TypeError('a fetched trusted root has versions');
  return {
    mirror: root.mirror,
    ...(before.root?.versions === undefined ? {} : { before: before.root.versions }),
    after: root.versions,
    expires: root.expires.toISOString(),
    files: [
      updatedFile('trusted_root.json', before.root, root),
      updatedFile('signing_config.v0.2.json', before.config, config),
    ],
    changes: before.root === undefined ? [] : compareTrust(describeTrustedRoots(before.root.bytes, now), after),
  };
}

/** Private repositories need not tell where to sign. */
async function optionalSigningConfig(options: TufOptions): Promise<TufTarget | undefined> {
  try {
    return await loadSigningConfigFromTuf(options);
  } catch (error) {
    if (isAppError(error) && error.code === 'TUF_TARGET_NOT_FOUND') return undefined;
    throw error;
  }
}

function updatedFile(name: string, before: TufTarget | undefined, after: TufTarget | undefined): UpdatedFile {
  if (after === undefined) return { name, state: 'absent' };
  const digest = sha256Digest(after.bytes);
  if (before === undefined) return { name, state: 'new', digest };
  return { name, state: sha256Digest(before.bytes) === digest ? 'unchanged' : 'changed', digest };
}

function clientOf(access: TufAccess & { readonly offline: boolean }, runtime: Runtime): HttpClient {
  return createHttpClient({
    runtime,
    offline: access.offline,
    caFlag: '--tuf-ca',
    ...(access.caFile === undefined ? {} : { caFile: access.caFile }),
  });
}

function tufOptions(access: TufAccess & { readonly offline: boolean }, runtime: Runtime, http: HttpClient): TufOptions {
  return {
    ...(access.mirror === undefined ? {} : { mirror: access.mirror }),
    ...(access.rootFile === undefined ? {} : { rootFile: access.rootFile }),
    ...(access.rootBytes === undefined ? {} : { rootBytes: access.rootBytes }),
    cacheDir: runtime.cacheDir,
    offline: access.offline,
    now: runtime.now,
    http,
    signal: runtime.signal,
    progress: runtime.progress,
  };
}
