import { createZipEntryReader, tryReadZip } from '../../formats/index.ts';

/** One distribution's records inside a zip archive. */
export interface ZippedDistribution {
  /** `EGG-INFO/PKG-INFO`, `site-packages/x-1.0.dist-info/METADATA`. */
  readonly inside: string;
  readonly metadata: Uint8Array;
  /** `EGG-INFO/requires.txt`. */
  readonly requires: Uint8Array | undefined;
}

const EGG = 'EGG-INFO/PKG-INFO';
const REQUIRES = 'EGG-INFO/requires.txt';
/** At the top, or in the folder where shiv (`site-packages`) or pex (`.deps/<wheel>`) put it: not what such a distribution itself carries. */
const DIST_INFO = /^(?:site-packages\/|\.deps\/[^/]+\/)?[^/]+\.dist-info\/METADATA$/;
const MAX_RECORD_BYTES = 4 * 1024 * 1024;
const MAX_RECORDS_BYTES = 64 * 1024 * 1024;
const MAX_DISTRIBUTIONS = 2000;

/** What `readZippedDistributions` found. */
export interface ZippedDistributions {
  readonly distributions: readonly ZippedDistribution[];
  /** false when records could not be read, or were more than any real archive has. */
  readonly isWhole: boolean;
}

/**
 * Distributions in an egg that is one archive, or in an application that is one (`.pyz`, `.pex`). Hostile bytes: never throws.
 * @returns undefined when the bytes are no zip archive
 * @see https://setuptools.pypa.io/en/latest/deprecated/python_eggs.html and https://docs.python.org/3/library/zipapp.html
 */
export function readZippedDistributions(bytes: Uint8Array): ZippedDistributions | undefined {
  const archive = tryReadZip(bytes, { wants: (name) => name === EGG || name === REQUIRES || DIST_INFO.test(name) });
  if (archive === undefined) return undefined;
  const reader = createZipEntryReader(archive, { entryBytes: MAX_RECORD_BYTES, totalBytes: MAX_RECORDS_BYTES });
  const distributions: ZippedDistribution[] = [];
  const requires = archive.entries.find(({ name }) => name === REQUIRES);
  for (const entry of archive.entries) {
    if (entry.name === REQUIRES) continue;
    if (distributions.length >= MAX_DISTRIBUTIONS) return { distributions, isWhole: false };
    const metadata = reader.read(entry);
    if (metadata === undefined) continue;
    const needs = entry.name === EGG && requires !== undefined ? reader.read(requires) : undefined;
    distributions.push({ inside: entry.name, metadata, requires: needs });
  }
  return { distributions, isWhole: reader.isWhole };
}
