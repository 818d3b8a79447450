import { decodeName } from '../../formats/index.ts';
import { rpmIdentity, type RpmRecord } from './rpm-record.ts';

export interface RpmManifest {
  readonly records: readonly RpmRecord[];
  /** Numbers, from 1, of lines that describe no package; the first 100. */
  readonly badLines: readonly number[];
  /** There are more lines than any real image has; the rest was not read. */
  readonly truncated: boolean;
}

const COLUMNS = 10;
const MAX_BAD_LINES = 100;
const MAX_RECORDS = 250_000;

/**
 * Parses `container-manifest-2`, which images without rpm's database have instead of it (Azure Linux distroless): one line for each package, columns
 * NAME, VERSION-RELEASE, INSTALLTIME, BUILDTIME, VENDOR, EPOCH, SIZE, ARCH, EPOCHNUM, SOURCERPM divided by tabs. Hostile input: never throws, linear.
 * @see https://github.com/microsoft/azurelinux/blob/3.0/toolkit/tools/imagegen/installutils/installutils.go
 */
export function parseRpmManifest(bytes: Uint8Array): RpmManifest {
  const records: RpmRecord[] = [];
  const badLines: number[] = [];
  for (const [index, line] of decodeName(bytes).split('\n').entries()) {
    if (line.trim() === '') continue;
    if (records.length >= MAX_RECORDS) return { records, badLines, truncated: true };
    const record = toRecord(line.split('\t', COLUMNS + 1));
    if (record !== undefined) records.push(record);
    else if (badLines.length < MAX_BAD_LINES) badLines.push(index + 1);
  }
  return { records, badLines, truncated: false };
}

function toRecord(columns: readonly string[]): RpmRecord | undefined {
  if (columns.length < COLUMNS) return undefined;
  const [name, versionRelease = '', , , vendor, epoch = '', , architecture, , sourceRpm] = columns;
  const dash = versionRelease.lastIndexOf('-');
  const identity = rpmIdentity({
    name,
    version: versionRelease.slice(0, Math.max(0, dash)),
    release: versionRelease.slice(dash + 1),
    epoch: /^\d{1,10}$/.test(epoch) ? Number(epoch) : undefined,
    architecture,
    vendor,
    sourceRpm: sourceRpm?.trim(),
  });
  return identity === undefined
    ? undefined
    : { ...identity, installed: [], configuration: [], provides: [], requires: [] };
}
