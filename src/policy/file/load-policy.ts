import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BUNDLE_SUFFIX } from '../../attestation/index.ts';
import {
  canonicalJson,
  compareCodeUnits,
  isAppError,
  LIMITS,
  readInputFile,
  sha256Digest,
  type AppError,
  type Digest,
} from '../../core/index.ts';
import { parsePublicKey, type PublicKeyIdentity } from '../../keys/index.ts';
import { parseLock, type Lock } from '../../provenance/index.ts';
import { containedFile } from './contained-file.ts';
import { policyError } from '../errors.ts';
import { parsePolicy } from './parse-policy.ts';
import type { LoadedPolicy, Policy } from './types.ts';

const MAX_FILES = 1000;
const ANY_FILE = { maxBytes: LIMITS.policyBytes } as const;
const KEY_FILE = { maxBytes: LIMITS.keyBytes } as const;

export interface LoadPolicyOptions {
  /** `--policy-digest`: refuse anything else. */
  readonly expectedDigest?: Digest;
  /** Files in place of those on disk, by the path that the policy names. */
  readonly given?: ReadonlyMap<string, Uint8Array>;
  /** The lock may have another head than the policy pins: it is about to be pinned anew. */
  readonly anyLockHead?: boolean;
}

/** A file the policy refers to: the path as written, and the most it may hold. */
export interface PolicyFileReference {
  readonly path: string;
  /** Where the document first names it: `identities.release.key`. */
  readonly at: string;
  readonly maxBytes: number;
  /** A lock that is yet to be made may be missing, and so may the bundle beside it. */
  readonly optional?: boolean;
}

/**
 * Reads a policy and every file it refers to. Paths are relative to the policy's folder and stay under it after links are resolved; all are regular
 * files with capped sizes. The digest covers the bytes of the policy and of each file.
 * @throws AppError POLICY_INVALID, POLICY_FILE_MISSING, POLICY_FILE_OUTSIDE, POLICY_DIGEST_MISMATCH, POLICY_KEY_INVALID, POLICY_LOCK_HEAD_MISMATCH,
 *   the codes of `parseLock`, FILE_*, LIMIT_EXCEEDED
 */
export async function loadPolicy(path: string, options: LoadPolicyOptions = {}): Promise<LoadedPolicy> {
  const bytes = await readInputFile(path, LIMITS.policyBytes);
  const parsed = await parsePolicy({ bytes, name: path });
  const { files, failures } = await readPolicyFiles(path, policyFiles(parsed.policy));
  if (failures[0] !== undefined) throw failures[0].error;
  const all = options.given === undefined ? files : new Map([...files, ...options.given]);
  return assemblePolicy({ bytes, name: path, files: all, ...parsed }, options);
}

/** A policy whose files are in memory already (tests, webhooks, saved decisions). */
export interface PolicyParts {
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly policy: Policy;
  readonly problems: LoadedPolicy['problems'];
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Puts a parsed policy and the bytes of its files together; does no I/O. Throws as `loadPolicy` does. */
export function assemblePolicy(parts: PolicyParts, options: LoadPolicyOptions = {}): LoadedPolicy {
  const { policy, files, problems } = parts;
  const digest = policyDigest(parts.bytes, files);
  if (options.expectedDigest !== undefined && options.expectedDigest !== digest) {
    throw policyError(
      'POLICY_DIGEST_MISMATCH',
      `${parts.name} and its files have the digest ${digest}, not ${options.expectedDigest}`,
      {
        hint: 'a file changed since the digest was pinned: review the change, then pin the new digest',
      },
    );
  }
  return { policy, files, digest, problems, keys: readKeys(policy, files), lock: readLock(policy, files, options) };
}

/** SHA-256 over the canonical listing of the policy's own digest and every file's, by path. */
export function policyDigest(bytes: Uint8Array, files: ReadonlyMap<string, Uint8Array>): Digest {
  const listing = Object.fromEntries([...files].map(([path, content]) => [path, sha256Digest(content)]));
  return sha256Digest(canonicalJson({ files: listing, policy: sha256Digest(bytes) }));
}

/** Every file a policy refers to, by path. */
export function policyFiles(policy: Policy): readonly PolicyFileReference[] {
  const references = new Map<string, PolicyFileReference>();
  const add = (at: string, path: string | undefined, limits: Omit<PolicyFileReference, 'at' | 'path'>): void => {
    if (path !== undefined && !references.has(path)) references.set(path, { at, path, ...limits });
  };
  for (const [name, { key }] of policy.identities ?? []) add(`identities.${name}.key`, key, KEY_FILE);
  add('trust.trustedRoot', policy.trust?.trustedRoot, ANY_FILE);
  add('trust.tuf.root', policy.trust?.tuf?.root, ANY_FILE);
  for (const [index, rule] of policy.rules.entries()) {
    for (const [at, { bundle }] of (rule.rego ?? []).entries())
      add(`rules[${index}].rego[${at}].bundle`, bundle, ANY_FILE);
  }
  const lock = policy.bases?.lock;
  add('bases.lock', lock, { maxBytes: LIMITS.lockBytes, optional: true });
  if (lock !== undefined && policy.bases?.lockSignedBy !== undefined)
    add('bases.lockSignedBy', lockBundlePath(lock), { maxBytes: LIMITS.bundleBytes, optional: true });
  return [...references.values()].toSorted((a, b) => compareCodeUnits(a.path, b.path));
}

/** Where the signature of a lock lies. */
export function lockBundlePath(lock: string): string {
  return `${lock}${BUNDLE_SUFFIX}`;
}

/** Bytes by the path written in the policy, and what could not be read. */
export interface ReadPolicyFiles {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly failures: readonly { readonly reference: PolicyFileReference; readonly error: AppError }[];
}

/** Reads every file that a policy refers to; the first that cannot be read does not end the reading. */
export async function readPolicyFiles(
  policyPath: string,
  references: readonly PolicyFileReference[],
): Promise<ReadPolicyFiles> {
  if (references.length > MAX_FILES) {
    throw policyError(
      'POLICY_INVALID',
      `the policy refers to ${references.length} files, more than the ${MAX_FILES} allowed`,
    );
  }
  const root = await realpath(dirname(policyPath));
  const files = new Map<string, Uint8Array>();
  const failures: { readonly reference: PolicyFileReference; readonly error: AppError }[] = [];
  for (const reference of references) {
    try {
      const bytes = await readContained(root, reference);
      if (bytes !== undefined) files.set(reference.path, bytes);
    } catch (error) {
      if (!isAppError(error)) throw error;
      failures.push({ reference, error });
    }
  }
  return { files, failures };
}

async function readContained(root: string, reference: PolicyFileReference): Promise<Uint8Array | undefined> {
  const contained = await containedFile(root, reference.path);
  if (contained.ok) return readInputFile(contained.path, reference.maxBytes);
  if (contained.reason === 'outside') {
    throw policyError('POLICY_FILE_OUTSIDE', `${reference.path} leads out of the policy's folder`, {
      hint: 'every file a policy refers to lies under its folder, links resolved',
    });
  }
  if (reference.optional) return undefined;
  throw policyError('POLICY_FILE_MISSING', `the policy refers to ${reference.path}, which cannot be found`, {
    cause: contained.cause,
    hint: 'paths are relative to the policy file',
  });
}

function readKeys(policy: Policy, files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, PublicKeyIdentity> {
  const keys = new Map<string, PublicKeyIdentity>();
  for (const [name, { key }] of policy.identities ?? []) {
    if (key === undefined) continue;
    const bytes = files.get(key);
    if (bytes === undefined)
      throw policyError('POLICY_FILE_MISSING', `the key ${key} of identity "${name}" is missing`);
    try {
      keys.set(name, parsePublicKey(bytes));
    } catch (cause) {
      if (!isAppError(cause)) throw cause;
      throw policyError('POLICY_KEY_INVALID', `the key ${key} of identity "${name}": ${cause.message}`, {
        cause,
        hint: 'a PEM public key (BEGIN PUBLIC KEY)',
      });
    }
  }
  return keys;
}

function readLock(
  policy: Policy,
  files: ReadonlyMap<string, Uint8Array>,
  { anyLockHead = false }: LoadPolicyOptions,
): Lock | undefined {
  const path = policy.bases?.lock;
  const bytes = path === undefined ? undefined : files.get(path);
  const head = policy.bases?.lockHead;
  const lock = bytes === undefined ? undefined : parseLock(bytes);
  if (!anyLockHead && head !== undefined && (lock?.head ?? null) !== head) {
    throw policyError(
      'POLICY_LOCK_HEAD_MISMATCH',
      `the lock ends in ${lock?.head ?? 'nothing'}, the policy pins ${head}`,
      {
        hint: 'review what was appended to the lock, then pin its new head',
      },
    );
  }
  return lock;
}
