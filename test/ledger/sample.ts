import { createHash } from 'node:crypto';
import type { FileEntry, FileView } from '../../src/filesystem/index.ts';
import { buildLedger, LEDGER_PLAN, type Ledger, type LedgerEntry, type LedgerOptions } from '../../src/ledger/index.ts';
import type { Package, RecordedFile } from '../../src/packages/index.ts';
import { memoryView, type MemoryEntry } from '../support/memory-view.ts';

export type Files = Readonly<Record<string, MemoryEntry>>;

/** A package with as little as one needs. */
export function pkg(name: string, fields: Partial<Package> = {}): Package {
  return {
    type: 'deb',
    namespace: 'debian',
    name,
    version: '1.0',
    locations: [{ path: '/var/lib/dpkg/status', layer: 0 }],
    foundBy: 'dpkg',
    evidence: [],
    licenses: [],
    id: `deb/debian/${name}@1.0`,
    dependsOn: [],
    ...fields,
  };
}

export function npm(name: string, folder: string, fields: Partial<Package> = {}): Package {
  return {
    ...pkg(name),
    type: 'npm',
    foundBy: 'npm',
    locations: [{ path: `${folder}/package.json`, layer: 0 }],
    directories: [folder],
    id: `npm/${name}@1.0`,
    ...fields,
  };
}

export function md5(text: string): RecordedFile {
  return { algorithm: 'md5', hex: createHash('md5').update(text).digest('hex') };
}

export function viewOf(files: Files): FileView {
  return memoryView(files, { captures: LEDGER_PLAN.captures });
}

export function ledgerOf(files: Files, packages: readonly Package[], more: Partial<LedgerOptions> = {}): Ledger {
  return buildLedger({ view: viewOf(files), packages, ...more });
}

/** The same view, with what the first bytes of files are. */
export function withContent(view: FileView, content: Readonly<Record<string, FileEntry['content']>>): FileView {
  return withTold(view, (entry) => {
    const kind = content[entry.path];
    return kind === undefined ? entry : { ...entry, content: kind };
  });
}

/** The same view, with entries of other types: no object literal can say what a device is. */
export function withType(view: FileView, types: Readonly<Record<string, FileEntry['type']>>): FileView {
  return withTold(view, (entry) => ({ ...entry, type: types[entry.path] ?? entry.type }));
}

function withTold(view: FileView, told: (entry: FileEntry) => FileEntry): FileView {
  return {
    ...view,
    lookup: (path) => {
      const entry = view.lookup(path);
      return entry === undefined ? undefined : told(entry);
    },
    entries: () => [...view.entries()].map(told),
    folders: () =>
      [...view.folders()].map((folder) => ({
        ...folder,
        files: () => [...folder.files()].map(([name, entry]) => [name, told(entry)] as const),
      })),
  };
}

/** `class integrity rule` of every file by its path. */
export function classesOf(ledger: Ledger): Readonly<Record<string, string>> {
  const text = ({ class: name, integrity, rule }: LedgerEntry): string =>
    [name, integrity, rule].filter((part) => part !== undefined).join(' ');
  return Object.fromEntries([...ledger.entries()].map((entry) => [entry.path, text(entry)]));
}

/** One of everything. */
export function sampleLedger(): Ledger {
  const files = ['/usr/bin/a', '/usr/bin/b', '/usr/bin/link'];
  const recordedFiles = new Map<string, RecordedFile>([
    ['/usr/bin/a', md5('a')],
    ['/usr/bin/b', md5('b')],
    ['/usr/bin/gone', md5('gone')],
    ['/usr/bin/odd', { algorithm: 'other', hex: '00'.repeat(64) }],
  ]);
  return ledgerOf(
    {
      'usr/bin/a': { content: 'a', mode: 0o755 },
      'usr/bin/b': { content: 'changed', layer: 1 },
      'usr/bin/link': { link: 'a' },
      'usr/bin/odd': 'odd',
      'etc/ld.so.cache': 'cache',
      'app/x.js': 'x',
      'opt/unknown': { content: 'x', mode: 0o755, layer: 1 },
    },
    [pkg('tool', { files: [...files, '/usr/bin/odd'], recordedFiles }), npm('x', '/app')],
    { layers: [{ createdBy: 'ADD rootfs' }, { createdBy: 'RUN tamper' }] },
  );
}
