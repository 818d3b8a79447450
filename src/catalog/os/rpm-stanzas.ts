import { canonicalJson, compareCodeUnits, sha256Hex, type JsonValue } from '../../core/index.ts';
import type { FileView } from '../../filesystem/index.ts';
import type { Diagnostic } from '../../packages/index.ts';
import { readRpmInstallations } from './rpm-databases.ts';
import type { RpmRecord } from './rpm-record.ts';

/** One record of an rpm database, for comparing two views of an image: the same package has the same digest whatever file holds it. */
export interface RpmStanza {
  /** Path of the database, without leading slash. */
  readonly database: string;
  readonly name: string;
  readonly architecture: string;
  /** `epoch:version-release`; '' when the record has none that can be one. */
  readonly version: string;
  /** sha256 hex of everything the record says of the package and its files, but when it was installed. */
  readonly sha256: string;
  /** Absolute paths as packaged. */
  readonly files: readonly string[];
}

export interface RpmStanzas {
  /** Sorted by database, name, architecture and version. */
  readonly stanzas: readonly RpmStanza[];
  /** Paths of the databases of the image's own root. */
  readonly databases: readonly string[];
  /** Those that are damaged, or there and not captured: records may be missing. */
  readonly unreadable: readonly string[];
}

/** The records of the rpm databases of a view's own root. Roots inside the image are none of it. Hostile input, bounded as the cataloger's. */
export function readRpmStanzas(view: FileView): RpmStanzas {
  const diagnostics: Diagnostic[] = [];
  const installations = readRpmInstallations(view, diagnostics, true).filter(({ root }) => root === '');
  const stanzas = installations.flatMap(({ entry, records }) => records.map((record) => stanzaOf(entry.path, record)));
  const damaged = diagnostics.filter(({ code }) => code !== 'second-database' && code !== 'version-unknown');
  return {
    stanzas: stanzas.toSorted(compareStanzas),
    databases: installations.map(({ entry }) => entry.path),
    unreadable: [...new Set(damaged.map(({ path = '/' }) => path.slice(1)))].toSorted(compareCodeUnits),
  };
}

function compareStanzas(a: RpmStanza, b: RpmStanza): number {
  return (
    compareCodeUnits(a.database, b.database) ||
    compareCodeUnits(a.name, b.name) ||
    compareCodeUnits(a.architecture, b.architecture) ||
    compareCodeUnits(a.version, b.version) ||
    compareCodeUnits(a.sha256, b.sha256)
  );
}

function stanzaOf(database: string, record: RpmRecord): RpmStanza {
  const { name, architecture = '', epoch, version = '', recorded, listed = [] } = record;
  // what is on disk follows from the states of files, which other packages change
  const { installed: _i, configuration: _c, recorded: _r, unverified: _u, optional: _o, ...said } = record;
  const digests = [...(recorded ?? [])].map(([path, { algorithm, hex }]) => [path, algorithm, hex]);
  const content = { ...said, digests: digests.toSorted(([a = ''], [b = '']) => compareCodeUnits(a, b)) };
  return {
    database,
    name,
    architecture,
    version: `${epoch === undefined ? '' : `${epoch}:`}${version}`,
    sha256: sha256Hex(Buffer.from(canonicalJson(content as unknown as JsonValue))),
    files: listed,
  };
}
