import { parseBoundedJson } from '../../core/index.ts';
import { asObject, asText, decodeText, dependencyNames, type JsonObject } from './json-fields.ts';
import { plainVersion } from './record.ts';

/** A distribution of CPAN as its installer knows it. */
export interface CpanDistribution {
  /** `Foo-Bar`. */
  readonly name: string;
  readonly version: string | undefined;
  /** CPAN id: `ETHER`. */
  readonly author: string | undefined;
  /** Main module: `Foo::Bar`. */
  readonly module: string;
  readonly provides: readonly string[];
}

const DISTRIBUTION = /^([A-Za-z][\w+.-]{0,255}?)-v?\d[\w.]{0,63}(?:-TRIAL\d{0,3})?$/;
const MODULE = /^[A-Za-z_]\w*(?:::\w+)*$/;

/**
 * Reads `install.json` of cpanm. Hostile input; never throws.
 * @returns undefined when it does not name a distribution
 */
export function readInstallJson(bytes: Uint8Array): CpanDistribution | undefined {
  const json = parse(bytes);
  const module = asText(json?.['name']);
  const dist = asText(json?.['dist']);
  if (json === undefined || module === undefined || module.length > 256 || !MODULE.test(module)) return undefined;
  const author = /^(?:[A-Z]\/[A-Z][A-Z0-9-]\/)?([A-Z][A-Z0-9-]{1,31})\//.exec(asText(json['pathname']) ?? '')?.[1];
  const version = plainVersion(asText(json['version']));
  const known = dist !== undefined && version !== undefined && dist.endsWith(`-${version}`);
  const name = known ? dist.slice(0, -version.length - 1) : DISTRIBUTION.exec(dist ?? '')?.[1];
  if (name !== undefined && !/^[A-Za-z][\w+.-]*$/.test(name)) return undefined;
  return {
    name: name ?? module.replaceAll('::', '-'),
    version,
    author,
    module,
    provides: dependencyNames(asObject(json['provides'])).filter((item) => item.length <= 256 && MODULE.test(item)),
  };
}

/** Reads what `MYMETA.json` says of licence, summary and the modules needed to run; undefined when it is not JSON. */
export function readMyMeta(
  bytes: Uint8Array,
):
  | { readonly licenses: readonly string[]; readonly needs: readonly string[]; readonly abstract: string | undefined }
  | undefined {
  const json = parse(bytes);
  if (json === undefined) return undefined;
  const license = json['license'];
  const values = (Array.isArray(license) ? (license as unknown[]) : [license]).map(asText);
  const runtime = asObject(asObject(json['prereqs'])?.['runtime']);
  return {
    licenses: values
      .filter((value) => value !== undefined && value !== 'unknown')
      .slice(0, 64)
      .map((value) => LICENSES.get(value ?? '') ?? value ?? ''),
    needs: dependencyNames(asObject(runtime?.['requires'])),
    abstract: asText(json['abstract']),
  };
}

/** The specification's own words that mean one SPDX expression; the others stay as they are. */
const LICENSES: ReadonlyMap<string, string> = new Map([
  ['perl_5', 'Artistic-1.0-Perl OR GPL-1.0-or-later'],
  ['apache_1_1', 'Apache-1.1'],
  ['apache_2_0', 'Apache-2.0'],
  ['artistic_2', 'Artistic-2.0'],
  ['bsd', 'BSD-3-Clause'],
  ['freebsd', 'BSD-2-Clause'],
  ['mit', 'MIT'],
  ['mozilla_1_0', 'MPL-1.0'],
  ['mozilla_1_1', 'MPL-1.1'],
  ['zlib', 'Zlib'],
]);

function parse(bytes: Uint8Array): JsonObject | undefined {
  try {
    return asObject(parseBoundedJson(decodeText(bytes)));
  } catch {
    return undefined;
  }
}
