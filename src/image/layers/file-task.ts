import type { DigestAlgorithm } from '../../filesystem/index.ts';
import type { ByteSpan } from './scratch.ts';

/** What is to be done with the content of the file that streams by. */
export interface FileTask {
  readonly record: number;
  readonly path: string;
  readonly sizeBytes: number;
  /** Rules that keep the whole file, their size limit met. */
  readonly rules: readonly number[];
  /** Rules whose extractors are given the file because of its path, their size limit met. */
  readonly extractRules: readonly number[];
  /** The same for hard links that point at it; this file itself they do not match. */
  readonly linkRules: readonly number[];
  /** Rules whose extractors are given executables. */
  readonly executableRules: readonly number[];
  /** Rules whose extractors are given ZIP archives. */
  readonly zipRules: readonly number[];
  /** Note what the content begins like. */
  readonly notesKind: boolean;
  /** Parts of a large executable that an earlier pass found to be needed. */
  readonly spans: readonly ByteSpan[] | undefined;
  readonly digests: readonly DigestAlgorithm[];
}
