import { canonicalJson, compareCodeUnits, sha256Hex, type JsonValue } from '../../core/index.ts';
import type { FileView } from '../../filesystem/index.ts';
import type { Diagnostic } from '../../packages/index.ts';
import type { FoundStanzas, OsStanza } from './os-stanza.ts';
import { readRpmInstallations } from './rpm-databases.ts';
import type { RpmRecord } from './rpm-record.ts';

/** Every record with all that it says of its package and files, but when it was installed. Hostile input, bounded as the cataloger's. */
export function rpmStanzas(view: FileView, diagnostics: Diagnostic[]): FoundStanzas {
  const installations = readRpmInstallations(view, diagnostics, true).filter(({ root }) => root === '');
  return {
    stanzas: installations.flatMap(({ entry, records }) => records.map((record) => stanzaOf(entry.path, record))),
    databases: installations.map(({ entry }) => entry.path),
  };
}

function stanzaOf(database: string, record: RpmRecord): OsStanza {
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
