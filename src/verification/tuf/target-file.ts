import { isAppError } from '../../core/index.ts';
import { tufError } from './errors.ts';
import { TUF_LIMITS } from './limits.ts';
import type { MirrorReader } from './mirror-reader.ts';
import type { Session } from './session.ts';
import { verifyContent, type CompleteSet } from './trusted-set.ts';

/** The file as it was kept, if it is the one that the trusted targets announce. */
export function keptFile({ name, kept }: Session, set: CompleteSet): Uint8Array | undefined {
  const announced = announcedFile(name, set);
  const bytes = kept?.files.get(name);
  if (bytes === undefined) return undefined;
  try {
    verifyContent(name, bytes, announced);
    return bytes;
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

/** @throws AppError TUF_TARGET_NOT_FOUND, TUF_TOO_LARGE, TUF_CONTENT_MISMATCH, and those of the mirror */
export async function fetchFile({ name }: Session, set: CompleteSet, mirror: MirrorReader): Promise<Uint8Array> {
  const announced = announcedFile(name, set);
  const bytes = await mirror.read(filePath(name, announced.hashes, set), announced.length);
  verifyContent(name, bytes, announced);
  return bytes;
}

interface AnnouncedFile {
  readonly length: number;
  readonly hashes: Record<string, string>;
}

function announcedFile(name: string, set: CompleteSet): AnnouncedFile {
  const { targets } = set.targets.metadata.signed;
  const announced = Object.hasOwn(targets, name) ? targets[name] : undefined;
  if (announced === undefined) throw tufError('TUF_TARGET_NOT_FOUND', `the TUF repository has no ${name}`);
  if (announced.length > TUF_LIMITS.targetBytes) {
    throw tufError(
      'TUF_TOO_LARGE',
      `${name} is ${announced.length} bytes, more than the ${TUF_LIMITS.targetBytes} allowed`,
    );
  }
  return announced;
}

/** Digests are signed, and nothing but a digest becomes part of a URL. */
function filePath(name: string, hashes: Readonly<Record<string, string>>, set: CompleteSet): string {
  if (!set.root.metadata.signed.consistentSnapshot) return `targets/${name}`;
  const digest = hashes['sha256'] ?? hashes['sha512'] ?? '';
  if (!/^(?:[0-9a-f]{64}|[0-9a-f]{128})$/.test(digest)) {
    throw tufError('TUF_METADATA_INVALID', `${name} is announced without a usable digest`);
  }
  return `targets/${digest}.${name}`;
}
