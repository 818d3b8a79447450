import type { Extraction } from '../../filesystem/index.ts';
import { extractGoBuildInfo } from '../../formats/index.ts';
import { mayHaveBuildInfo } from './go-marker.ts';

/**
 * Looks into an executable and returns the little that is to be kept of it. Hostile bytes: never throws, bounded time.
 * @param bytes the file, or its beginning when `complete` is false; valid during the call only
 */
export type Extractor = (
  bytes: Uint8Array,
  info: { readonly path: string; readonly sizeBytes: number; readonly complete: boolean },
) => Uint8Array | undefined;

/** An extractor with a cheap test that spares most files. */
export interface ExtractorEntry {
  readonly extract: Extractor;
  /** False when it is certain that `extract` would return nothing. */
  readonly mayApply: (bytes: Buffer) => boolean;
}

/** All extractors a capture rule can name. */
export const EXTRACTORS: Readonly<Partial<Record<Extraction['kind'], ExtractorEntry>>> = {
  'go-buildinfo': {
    extract: extractGoBuildInfo,
    mayApply: mayHaveBuildInfo,
  },
};

/** Whether content begins like an ELF, PE or Mach-O file (universal ones included, Java classes not). Needs 8 bytes. */
export function isExecutableMagic(head: Uint8Array): boolean {
  const word = (((head[0] ?? 0) << 24) | ((head[1] ?? 0) << 16) | ((head[2] ?? 0) << 8) | (head[3] ?? 0)) >>> 0;
  if (word === 0x7f454c46 || word >>> 16 === 0x4d5a) return true;
  if (word === 0xfeedface || word === 0xfeedfacf || word === 0xcefaedfe || word === 0xcffaedfe) return true;
  // 0xcafebabe is shared with Java, whose version numbers begin at 45; nobody has that many architectures
  return (
    (word === 0xcafebabe || word === 0xcafebabf) &&
    head[4] === 0 &&
    head[5] === 0 &&
    head[6] === 0 &&
    (head[7] ?? 0) < 40
  );
}
