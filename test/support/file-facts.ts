import type { CountedFile, CountedFiles, LedgerFacts, SystemFacts } from '../../src/evidence/index.ts';

const NONE = { count: 0, items: [] } as const;

/** How many, and all of them. */
export function listOf<T>(...items: readonly T[]): { readonly count: number; readonly items: readonly T[] } {
  return { count: items.length, items };
}

/** Files of one kind; `beyond` is told of a base of one layer, and of each number of layers that any file names. */
export function filesOf(...files: readonly (Partial<CountedFile> & { readonly path: string })[]): CountedFiles {
  const all = files.map((file) => ({ layer: 0, bases: [], ...file }));
  const counts = [...new Set([1, ...all.flatMap(({ bases }) => bases)])].toSorted((a, b) => a - b);
  return {
    count: all.length,
    beyond: counts.map((layerCount) => ({
      layerCount,
      count: all.filter(({ bases }) => !bases.some((base) => base === layerCount)).length,
    })),
    files: all,
  };
}

/** Of an image whose files are all as they should be. */
export const GOOD_FILES: LedgerFacts = {
  compared: 100,
  unaccountedExecutables: filesOf(),
  modifiedPackageFiles: filesOf(),
  setuid: filesOf(),
  unreadLayers: NONE,
  unreadRecords: NONE,
  unreadPackages: NONE,
  notCompared: 0,
  stripped: NONE,
};

/** Of an image that no check has anything to say of. */
export const GOOD_SYSTEM: SystemFacts = {
  osRelease: { id: 'debian', versionId: '12', name: 'Debian GNU/Linux 12 (bookworm)' },
  accounts: {
    passwd: 'read',
    shadow: 'read',
    group: 'read',
    rootNames: NONE,
    emptyPasswords: NONE,
    duplicates: NONE,
  },
  user: null,
  command: { program: '/app/server', path: '/app/server', problem: null },
  secrets: NONE,
  exampleSecrets: 0,
  writable: NONE,
  searched: NONE,
  preload: null,
  tools: NONE,
  junk: NONE,
  caches: NONE,
  sources: NONE,
  content: { files: 10, bytes: 1000 },
  unread: NONE,
};
