import { canonicalJson, sha256Hex } from '../../core/index.ts';
import type { FileView } from '../../filesystem/index.ts';
import type { Diagnostic } from '../../packages/index.ts';
import { opkgFiles, readOpkgDatabases, type OpkgDatabase, type OpkgRecord } from './opkg-database.ts';
import type { FoundStanzas, OsStanza } from './os-stanza.ts';

/** Every record with its fields and the list of its files. Hostile input, bounded as the cataloger's. */
export function opkgStanzas(view: FileView, diagnostics: Diagnostic[]): FoundStanzas {
  const databases = readOpkgDatabases(view, diagnostics).filter(({ root }) => root === '');
  return {
    stanzas: databases.flatMap((database) => database.records.map((record) => stanzaOf(view, database, record))),
    databases: databases.map(statusOf),
  };
}

function statusOf({ folder }: OpkgDatabase): string {
  return `${folder}/status`;
}

function stanzaOf(view: FileView, database: OpkgDatabase, record: OpkgRecord): OsStanza {
  const files = opkgFiles(view, database, record) ?? [];
  // why it was installed changes when somebody asks for it by name
  const fields = Object.fromEntries([...record.fields].filter(([name]) => name !== 'status'));
  return {
    database: statusOf(database),
    name: record.name,
    architecture: record.fields.get('architecture') ?? '',
    version: record.version ?? '',
    sha256: sha256Hex(canonicalJson({ fields, files: [...files] })),
    files,
  };
}
