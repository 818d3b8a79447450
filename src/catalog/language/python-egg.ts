import { readZipEntry, tryReadZip } from '../../formats/index.ts';

/** Records inside an egg that is one zip archive. */
export interface ZippedEgg {
  /** `EGG-INFO/PKG-INFO`. */
  readonly metadata: Uint8Array;
  /** `EGG-INFO/requires.txt`. */
  readonly requires: Uint8Array | undefined;
}

const METADATA = 'EGG-INFO/PKG-INFO';
const REQUIRES = 'EGG-INFO/requires.txt';
const MAX_RECORD_BYTES = 4 * 1024 * 1024;

/** undefined when the bytes are no egg. @see https://setuptools.pypa.io/en/latest/deprecated/python_eggs.html */
export function readZippedEgg(bytes: Uint8Array): ZippedEgg | undefined {
  const archive = tryReadZip(bytes, { wants: (name) => name === METADATA || name === REQUIRES });
  const read = (name: string): Uint8Array | undefined => {
    const entry = archive?.entries.find((candidate) => candidate.name === name);
    const content =
      archive === undefined || entry === undefined ? undefined : readZipEntry(archive, entry, MAX_RECORD_BYTES);
    return content !== undefined && 'bytes' in content ? content.bytes : undefined;
  };
  const metadata = read(METADATA);
  return metadata === undefined ? undefined : { metadata, requires: read(REQUIRES) };
}
