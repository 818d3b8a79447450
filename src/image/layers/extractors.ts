import type { Extraction } from '../../filesystem/index.ts';
import {
  extractDotnetBundle,
  extractElfPackageNote,
  extractGoBuildInfo,
  extractGraalvmSbom,
  extractJavaArchive,
  extractPeVersion,
  extractRustAudit,
  hasDotnetBundle,
  type InflateBudget,
  type SparseBytes,
} from '../../formats/index.ts';
import type { ExecutableStructure } from './executable-structure.ts';
import { mayBeGo } from './go-marker.ts';
import type { ByteSpan } from './scratch.ts';

/** What an extractor is told about its file. */
export interface ExtractorInfo {
  readonly path: string;
  readonly sizeBytes: number;
  /** False when `bytes` is only the file's beginning, or parts of it are zeros. */
  readonly complete: boolean;
  /** Present when parts of an archive that nobody needs are zeros. */
  readonly sparse?: SparseBytes;
  /** What archives of the layer may hold together. */
  readonly budget?: InflateBudget;
}

/**
 * Looks into a file and returns the little that is to be kept of it. Hostile bytes: never throws, bounded time.
 * @param bytes the file, or its beginning when `complete` is false; valid during the call only
 */
export type Extractor = (bytes: Uint8Array, info: ExtractorInfo) => Uint8Array | undefined;

/** An extractor with a cheap test that spares most files. */
export interface ExtractorEntry {
  readonly extract: Extractor;
  /**
   * False when it is certain that `extract` would return nothing. Asked for every executable of an image, so it should look at headers and sections
   * rather than search the bytes; where it must search, needles whose first byte is rare in machine code are ten times faster than others, and `kept` says
   * which parts are not just zeros, when that is not all.
   */
  readonly mayApply: (bytes: Buffer, structure: ExecutableStructure, kept?: readonly ByteSpan[]) => boolean;
}

/** All extractors a capture rule can name. */
export const EXTRACTORS: Readonly<Partial<Record<Extraction['kind'], ExtractorEntry>>> = {
  'go-buildinfo': {
    extract: extractGoBuildInfo,
    mayApply: mayBeGo,
  },
  'rust-audit': {
    extract: extractRustAudit,
    // others than ELF are few, and their headers are all that is read
    mayApply: (_, structure) =>
      structure.format !== 'elf' || ['.dep-v0', '.comment'].some((name) => structure.section(name) !== undefined),
  },
  'elf-package-note': {
    extract: extractElfPackageNote,
    mayApply: (_, structure) =>
      structure.format === 'elf' && (!structure.hasSections || structure.section('.note.package') !== undefined),
  },
  'dotnet-bundle': {
    extract: extractDotnetBundle,
    mayApply: (bytes, structure) => hasDotnetBundle(bytes, structure.section('.data')),
  },
  'graalvm-sbom': {
    extract: extractGraalvmSbom,
    mayApply: (_, structure) => structure.section('.svm_heap') !== undefined,
  },
  // asked only for files with an archive's name or ends
  'java-archive': { extract: extractJavaArchive, mayApply: () => true },
  'pe-version': { extract: extractPeVersion, mayApply: (_, structure) => structure.format === 'pe' },
};
