import { splitOutput } from '../core/index.ts';
import type { CycloneDxVersion } from './cyclonedx/library.ts';
import { sbomError } from './errors.ts';

/** One `-o` of the command line. */
export interface SbomOutput {
  readonly format: 'cyclonedx-json' | 'cyclonedx-xml' | 'table';
  /** Absent for the table. */
  readonly specVersion?: CycloneDxVersion;
  /** Absent: standard output. */
  readonly file?: string;
}

const VERSIONS: readonly CycloneDxVersion[] = ['1.5', '1.6', '1.7'];
const DEFAULT_VERSION: CycloneDxVersion = '1.6';

/**
 * Reads `FORMAT[@VERSION][=FILE]`: `cyclonedx-json`, `cyclonedx-xml@1.5=bom.xml`, `table`. The file `-` is standard output.
 * @throws AppError SBOM_FORMAT_UNKNOWN
 */
export function parseOutputFormat(text: string): SbomOutput {
  const { format: spelled, ...target } = splitOutput(text);
  const [format = '', version, ...rest] = spelled.split('@');
  if (target.file === '') throw unknown(text, 'the file name after "=" is missing');
  if (format === 'table') {
    if (version !== undefined) throw unknown(text, 'a table has no version');
    return { format, ...target };
  }
  if (format !== 'cyclonedx-json' && format !== 'cyclonedx-xml') throw unknown(text, `no format "${format}"`);
  const specVersion = VERSIONS.find((known) => known === (version ?? DEFAULT_VERSION));
  if (specVersion === undefined || rest.length > 0)
    throw unknown(text, `${format} is written in ${VERSIONS.join(', ')}`);
  return { format, specVersion, ...target };
}

function unknown(text: string, reason: string): Error {
  return sbomError('SBOM_FORMAT_UNKNOWN', `cannot write ${JSON.stringify(text.slice(0, 200))}: ${reason}`, {
    hint: 'use cyclonedx-json, cyclonedx-xml (with @1.5, @1.6 or @1.7) or table, and =FILE to write to a file',
  });
}
