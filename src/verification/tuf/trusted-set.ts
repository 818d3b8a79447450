import { createHash } from 'node:crypto';
import { tufError } from './errors.ts';
import { parseMetadata, type Document, type Models, type RoleName } from './metadata.ts';

/** Metadata that was checked, as far as it goes. Made by `acceptX` in TUF's order only. */
export interface TrustedSet {
  /** Roots after the one that trust started from, oldest first. */
  readonly rotations: readonly Uint8Array[];
  readonly root: Document<'root'>;
  readonly timestamp?: Document<'timestamp'>;
  readonly snapshot?: Document<'snapshot'>;
  readonly targets?: Document<'targets'>;
}

export type CompleteSet = Required<TrustedSet>;

/**
 * Starts from a root that is trusted because of where it comes from. It may have expired: later ones may follow.
 * @throws AppError TUF_ROOT_INVALID
 * @see https://theupdateframework.github.io/specification/v1.0.33/#load-trusted-root
 */
export function startFrom(models: Models, anchor: Uint8Array): TrustedSet {
  try {
    const root = parseMetadata(models, 'root', anchor);
    verifySigned(root, root, 'root');
    return { rotations: [], root };
  } catch (cause) {
    throw tufError('TUF_ROOT_INVALID', `the root to start from is unusable: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Takes the next root: signed by the one before and by itself, numbered one higher.
 * @throws AppError TUF_METADATA_INVALID, TUF_SIGNATURE_THRESHOLD, TUF_VERSION_MISMATCH, TUF_TOO_LARGE
 */
export function acceptRoot(models: Models, set: TrustedSet, bytes: Uint8Array): TrustedSet {
  const next = parseMetadata(models, 'root', bytes);
  verifySigned(set.root, next, 'root');
  if (next.version !== set.root.version + 1) {
    throw tufError('TUF_VERSION_MISMATCH', `root ${set.root.version} is followed by a root numbered ${next.version}`);
  }
  verifySigned(next, next, 'root');
  return { rotations: [...set.rotations, bytes], root: next };
}

/**
 * Takes a timestamp, refusing one that is older than `set.timestamp` or points to an older snapshot. One of the same version changes nothing.
 * @throws AppError of TUF_ERRORS
 */
export function acceptTimestamp(models: Models, set: TrustedSet, bytes: Uint8Array): TrustedSet {
  const next = parseMetadata(models, 'timestamp', bytes);
  verifySigned(set.root, next, 'timestamp');
  const { timestamp: known } = set;
  if (known !== undefined) {
    requireNoRollback('timestamp', next.version, known.version);
    if (next.version === known.version) return set;
    requireNoRollback('snapshot', snapshotOf(next).version, snapshotOf(known).version);
  }
  const { rotations, root } = set;
  return { rotations, root, timestamp: next };
}

/**
 * Takes the snapshot that the timestamp names.
 * @param previous the snapshot seen before, whatever its age: none of its files may be missing or older
 * @throws AppError of TUF_ERRORS
 */
export function acceptSnapshot(
  models: Models,
  set: TrustedSet,
  bytes: Uint8Array,
  previous?: Document<'snapshot'>,
): TrustedSet {
  const announced = snapshotOf(present(set.timestamp));
  verifyContent('snapshot', bytes, announced);
  const next = parseMetadata(models, 'snapshot', bytes);
  verifySigned(set.root, next, 'snapshot');
  requireVersion('snapshot', next.version, announced.version);
  const files = next.metadata.signed.meta;
  for (const [name, { version }] of Object.entries(previous?.metadata.signed.meta ?? {})) {
    const now = Object.hasOwn(files, name) ? files[name]?.version : undefined;
    if (now === undefined) throw tufError('TUF_ROLLBACK', `the new snapshot has lost ${JSON.stringify(name)}`);
    requireNoRollback(name, now, version);
  }
  return { ...set, snapshot: next };
}

/**
 * Takes the top-level targets that the snapshot names. Delegated roles are never asked: what decides about trust is in the top-level role.
 * @throws AppError of TUF_ERRORS
 */
export function acceptTargets(models: Models, set: TrustedSet, bytes: Uint8Array): TrustedSet {
  const announced = targetsOf(present(set.snapshot));
  verifyContent('targets', bytes, announced);
  const next = parseMetadata(models, 'targets', bytes);
  verifySigned(set.root, next, 'targets');
  requireVersion('targets', next.version, announced.version);
  return { ...set, targets: next };
}

/** Reads a snapshot that was current once: only what may not be rolled back is taken from it. */
export function readPreviousSnapshot(models: Models, set: TrustedSet, bytes: Uint8Array): Document<'snapshot'> {
  const previous = parseMetadata(models, 'snapshot', bytes);
  verifySigned(set.root, previous, 'snapshot');
  return previous;
}

/** @throws AppError TUF_EXPIRED */
export function requireUnexpired(role: RoleName, document: Document<RoleName>, now: Date): void {
  if (now < document.expires) return;
  throw tufError('TUF_EXPIRED', `${role} metadata ${document.version} expired at ${document.expires.toISOString()}`, {
    details: { role, version: document.version, expires: document.expires.toISOString() },
  });
}

export function snapshotOf(timestamp: Document<'timestamp'>): Announced {
  return timestamp.metadata.signed.snapshotMeta;
}

/** @throws AppError TUF_METADATA_INVALID */
export function targetsOf(snapshot: Document<'snapshot'>): Announced {
  const { meta } = snapshot.metadata.signed;
  const announced = Object.hasOwn(meta, 'targets.json') ? meta['targets.json'] : undefined;
  if (announced === undefined) throw tufError('TUF_METADATA_INVALID', 'the snapshot does not name targets.json');
  return announced;
}

interface Announced {
  readonly version: number;
  readonly length?: number;
  readonly hashes?: Record<string, string>;
}

const HASHES = ['sha256', 'sha512'] as const;

/**
 * Compares with size and digests that signed metadata states, as far as it states them. Digests of other kinds than SHA-256 and SHA-512 prove nothing here.
 * @throws AppError TUF_CONTENT_MISMATCH
 */
export function verifyContent(what: string, bytes: Uint8Array, stated: Omit<Announced, 'version'>): void {
  if (stated.length !== undefined && stated.length !== bytes.byteLength) {
    throw tufError('TUF_CONTENT_MISMATCH', `${what} is ${bytes.byteLength} bytes, not the ${stated.length} announced`);
  }
  const { hashes } = stated;
  if (hashes === undefined) return;
  const known = HASHES.filter((name) => Object.hasOwn(hashes, name));
  if (known.length === 0)
    throw tufError('TUF_CONTENT_MISMATCH', `${what} is announced without a digest of a known kind`);
  for (const name of known) {
    if (createHash(name).update(bytes).digest('hex') === hashes[name]) continue;
    throw tufError('TUF_CONTENT_MISMATCH', `${what} has another ${name} digest than the one announced`);
  }
}

function verifySigned<Role extends RoleName>(root: Document<'root'>, document: Document<Role>, role: Role): void {
  try {
    root.metadata.verifyDelegate(role, document.metadata);
  } catch (cause) {
    throw tufError('TUF_SIGNATURE_THRESHOLD', `${role} metadata ${document.version}: ${messageOf(cause)}`, { cause });
  }
}

function requireNoRollback(what: string, version: number, known: number): void {
  if (version >= known) return;
  throw tufError(
    'TUF_ROLLBACK',
    `${JSON.stringify(what)} went back from version ${known} to ${version}: an old state is being served`,
    { details: { known, version } },
  );
}

function requireVersion(what: string, version: number, announced: number): void {
  if (version === announced) return;
  throw tufError('TUF_VERSION_MISMATCH', `${what} is version ${version}, and ${announced} was announced`);
}

function present<T>(document: T | undefined): T {
  if (document === undefined) throw tufError('TUF_METADATA_INVALID', 'metadata is taken out of order');
  return document;
}

function messageOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, 300);
}
