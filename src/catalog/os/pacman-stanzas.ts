import { canonicalJson, sha256Hex } from '../../core/index.ts';
import type { FileView } from '../../filesystem/index.ts';
import type { Diagnostic } from '../../packages/index.ts';
import type { FoundStanzas, OsStanza } from './os-stanza.ts';
import { pacmanFiles, readPacmanDatabases, type PacmanRecord } from './pacman-database.ts';
import { parentOf } from './parent-of.ts';

/** Every record with what it says of its package, the list of its files and the digests of these. Hostile input, bounded as the cataloger's. */
export function pacmanStanzas(view: FileView, diagnostics: Diagnostic[]): FoundStanzas {
  const databases = readPacmanDatabases(view, diagnostics).filter(({ root }) => root === '');
  const folders = databases.flatMap(({ records: [first] }) => (first === undefined ? [] : [parentOf(first.folder)]));
  return {
    stanzas: databases.flatMap(({ records }) => records.map((record) => stanzaOf(view, record))),
    databases: folders,
  };
}

function stanzaOf(view: FileView, record: PacmanRecord): OsStanza {
  const { name, version = '', sections, folder } = record;
  // why it was installed changes when somebody asks for it by name
  const said = [...sections].filter(([section]) => section !== 'INSTALLDATE' && section !== 'REASON');
  const digestOf = (file: string): string => {
    const bytes = view.read(`${folder}/${file}`);
    return bytes === undefined ? '' : sha256Hex(bytes);
  };
  const content = {
    said: Object.fromEntries(said.map(([section, values]) => [section, [...values]])),
    files: digestOf('files'),
    mtree: digestOf('mtree'),
  };
  return {
    database: parentOf(folder),
    name,
    architecture: sections.get('ARCH')?.[0] ?? '',
    version,
    sha256: sha256Hex(canonicalJson(content)),
    files: (pacmanFiles(view, record)?.listed ?? []).map((path) => `/${path.replace(/^\/+/, '')}`),
  };
}
