import { open } from 'node:fs/promises';
import { SIGN_PREDICATE_TYPE, parseBundle, parseStatement, signStatement } from '../../attestation/index.ts';
import {
  coreError,
  isAppError,
  LIMITS,
  readInputFile,
  sha256Digest,
  writeFileAtomic,
  type Digest,
} from '../../core/index.ts';
import { lockBundlePath, parsePolicy } from '../../policy/index.ts';
import { appError } from '../errors.ts';
import type { Signing } from '../signing/open-signing.ts';

/** @throws AppError LIMIT_EXCEEDED for a lock that could not be read any more once it is written */
export function checkLockSize(lockFile: string, sizeBytes: number): void {
  if (sizeBytes <= LIMITS.lockBytes) return;
  throw coreError(
    'LIMIT_EXCEEDED',
    `${lockFile} would have ${sizeBytes} bytes, more than the ${LIMITS.lockBytes} allowed`,
    { hint: 'start a new lock file with the bases that are still needed, and name it in the policy' },
  );
}

/** Appends in one write to a file opened for appending: a line is there whole or not at all, and what is there is never rewritten. */
export async function appendLines(path: string, lines: Uint8Array, isNew: boolean): Promise<void> {
  try {
    // a new one is not made through a link that leads who knows where
    const handle = await open(path, isNew ? 'ax' : 'a', 0o644);
    try {
      await handle.appendFile(lines);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw coreError('FILE_UNWRITABLE', `cannot append to ${path}: ${String(cause)}`, { cause });
  }
}

/** Puts another lock in the place of one. */
export async function replaceLock(path: string, bytes: Uint8Array): Promise<void> {
  await writeFileAtomic(path, bytes, { ifExists: 'replace' });
}

/** Signs the lock's bytes as they are on disk. Until this is written the old signature does not fit, and the gate refuses the lock. */
export async function signLock(lockFile: string, signing: Signing): Promise<string> {
  const digest = sha256Digest(await readInputFile(lockFile, LIMITS.lockBytes));
  const signatureFile = lockBundlePath(lockFile);
  const { bytes } = await signing.signStatement(signStatement(digest), digest);
  await writeFileAtomic(signatureFile, bytes, { ifExists: 'replace' });
  return signatureFile;
}

/** Whether a bundle is, as far as it says itself, a signature of these bytes. */
export function speaksOf(bundle: Uint8Array, digest: Digest): boolean {
  try {
    const { predicateType, subjects } = parseStatement(parseBundle(bundle).payload);
    return (
      predicateType === SIGN_PREDICATE_TYPE &&
      subjects.some((subject) => `sha256:${subject.digest['sha256']}` === digest)
    );
  } catch (error) {
    if (isAppError(error)) return false;
    throw error;
  }
}

const PIN = /^(\s*(?:["']?lockHead["']?)\s*:\s*)(["']?)sha256:[0-9a-f]{64}\2(?=\s*(?:#.*)?$)/gm;

/** Writes a lock's head into the policy that pins it. */
export type PinHead = (head: Digest) => Promise<void>;

/**
 * Gets ready to write a lock's head into a policy: nothing but the digest will be changed.
 * @throws AppError LOCK_HEAD_NOT_PINNED when the policy has no `lockHead` on a line of its own
 */
export async function openPin(policyFile: string): Promise<PinHead> {
  const text = new TextDecoder().decode(await readInputFile(policyFile, LIMITS.policyBytes));
  const withHead = (head: Digest): string =>
    text.replaceAll(PIN, (_match, start: string, quote: string) => `${start}${quote}${head}${quote}`);
  const probe = sha256Digest('no lock has this head');
  const { policy } = await parsePolicy({ bytes: Buffer.from(withHead(probe)), name: policyFile });
  if (policy.bases?.lockHead !== probe || (text.match(PIN) ?? []).length !== 1) {
    throw appError('LOCK_HEAD_NOT_PINNED', `${policyFile} has no lockHead to write the lock's head into`, {
      hint: 'add to bases, on a line of its own: lockHead: sha256:... with the head that base lock prints',
    });
  }
  return (head) => writeFileAtomic(policyFile, withHead(head), { ifExists: 'replace' });
}
