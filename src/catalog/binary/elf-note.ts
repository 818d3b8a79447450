import { compareCodeUnits } from '../../core/index.ts';
import type { CapturedFile } from '../../filesystem/index.ts';
import { packageKey, type Diagnostic, type Location, type Package } from '../../packages/index.ts';
import type { Cataloger, CatalogContext, CatalogResult } from '../contract.ts';
import { asObject, decodeText } from '../language/json-fields.ts';
import { noteIdentity, type NoteFields, type NoteIdentity } from './elf-note-identity.ts';

const MiB = 1024 * 1024;

/** Packages that programs and libraries say they were built for. The name is that of the source package, as the specification wants. */
export const elfNoteCataloger: Cataloger = {
  id: 'elf-note',
  title: 'Package notes in ELF files',
  version: 1,
  specifications: ['https://systemd.io/ELF_PACKAGE_METADATA/'],
  statement: {
    packageTypes: ['deb', 'rpm', 'apk', 'alpm', 'generic'],
    reads: ['ELF files with a package note (.note.package)'],
    licenses: false,
    dependencies: false,
    files: true,
  },
  captures: [{ id: 'elf-note/elf', executables: true, extract: { kind: 'elf-package-note' }, maxBytes: 512 * MiB }],
  catalog,
};

interface Group {
  readonly identity: NoteIdentity;
  readonly fields: NoteFields;
  readonly locations: Location[];
}

function catalog(context: CatalogContext): CatalogResult {
  const diagnostics: Diagnostic[] = [];
  const groups = new Map<string, Group>();
  for (const file of context.view.captured('elf-note/elf')) {
    const path = `/${file.entry.path}`;
    const report = (code: string, message: string): void => {
      diagnostics.push({ code, severity: 'warning', message, path, source: 'elf-note' });
    };
    const note = parseNote(file);
    if (typeof note === 'string') {
      report('unreadable-binary', note);
      continue;
    }
    const identity = noteIdentity(note);
    if (identity === undefined) {
      report('invalid-name', 'the package note names no package, or one that cannot be called so');
      continue;
    }
    const key = packageKey(identity);
    const group = groups.get(key) ?? { identity, fields: note, locations: [] };
    groups.set(key, group);
    group.locations.push({ path, layer: file.entry.layer });
  }
  return { packages: [...groups].map(([key, group]) => toPackage(key, group)), diagnostics };
}

/** The extractor's JSON, checked: a layer cache may hand over anything. A sentence for what cannot be read. */
function parseNote(file: CapturedFile): NoteFields | string {
  let json: unknown;
  try {
    json = JSON.parse(decodeText(file.bytes));
  } catch {
    json = undefined;
  }
  const object = asObject(json);
  const fields = asObject(object?.['fields']);
  if (fields !== undefined) {
    return new Map(Object.entries(fields).filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
  }
  const problem = object?.['problem'];
  return typeof problem === 'string' ? problem : 'the extracted package note is malformed';
}

function toPackage(id: string, { identity, fields, locations }: Group): Package {
  const sorted = locations.toSorted((a, b) => compareCodeUnits(a.path, b.path));
  const appCpe = fields.get('appCpe') ?? '';
  const osCpe = fields.get('osCpe') ?? '';
  return {
    ...identity,
    locations: sorted,
    foundBy: 'elf-note',
    evidence: [{ field: 'purl', technique: 'binary-analysis', confidence: 0.8, value: 'package note' }],
    licenses: [],
    ...(/^cpe:2\.3:[aho](?::(?:[^:\\\s]|\\[!-~]){1,128}){10}$/.test(appCpe) ? { cpes: [appCpe] } : {}),
    files: sorted.map(({ path }) => path),
    ...(/^cpe:[!-~]{1,256}$/.test(osCpe) ? { properties: { 'elf-note:osCpe': osCpe } } : {}),
    id,
    dependsOn: [],
  };
}
