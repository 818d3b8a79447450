import type { FileView } from '../filesystem/index.ts';
import { OS_DATABASE_FOLDERS } from '../packages/index.ts';
import type { PackageInventory } from './package-databases.ts';
import type { PackageRecords } from './types.ts';

export interface PathOwner {
  readonly package: string;
  readonly state: 'added' | 'upgraded' | 'unchanged';
}

const decoder = new TextDecoder('utf-8');

/**
 * Which OS package of the final view lists each of some paths, and what became of the package since the base. The databases say so; nothing here
 * checks that the package is what it claims to be.
 * @param paths resolved, without leading slash
 * @param inventories `records`: those of the final view that this room does not read itself
 */
export function findOwners(
  paths: ReadonlySet<string>,
  final: FileView,
  inventories: { readonly base: PackageInventory; readonly final: PackageInventory; readonly records?: PackageRecords },
): ReadonlyMap<string, PathOwner> {
  const owners = new Map<string, PathOwner>();
  if (paths.size === 0) return owners;
  const names = new Set([...paths].map(baseName));
  const claim = (name: string, listed: string): void => {
    if (!names.has(baseName(listed))) return;
    const path = final.lookup(listed)?.path;
    if (path !== undefined && paths.has(path) && !owners.has(path)) {
      const state = packageState(name, inventories);
      if (state !== undefined) owners.set(path, { package: name, state });
    }
  };
  claimDpkgLists(final, claim);
  for (const folder of OS_DATABASE_FOLDERS.apk) claimApkFiles(final.read(`${folder}/installed`), claim);
  for (const { name, files } of inventories.records?.stanzas ?? []) {
    for (const path of files) claim(name, path.replace(/^\/+/, ''));
  }
  return owners;
}

type Claim = (name: string, listed: string) => void;

function claimDpkgLists(final: FileView, claim: Claim): void {
  const folders = OS_DATABASE_FOLDERS.dpkg.flatMap((folder) => [`${folder}/info`, `${folder}/status.d`]);
  for (const folder of new Set(folders.flatMap((each) => final.resolve(each)?.path ?? []))) {
    for (const entry of final.list(folder)) {
      const suffix = entry.path.endsWith('.list')
        ? '.list'
        : entry.path.endsWith('.md5sums') && folder.endsWith('/status.d')
          ? '.md5sums'
          : undefined;
      const bytes = suffix === undefined ? undefined : final.read(entry.path);
      if (suffix === undefined || bytes === undefined) continue;
      const name = baseName(entry.path).slice(0, -suffix.length).split(':')[0] ?? '';
      for (const line of decoder.decode(bytes).split('\n')) {
        const path = suffix === '.list' ? line : line.slice(line.indexOf('  ') + 2);
        if (path.length > 1) claim(name, path.replace(/^\/+/, ''));
      }
    }
  }
}

function claimApkFiles(bytes: Uint8Array | undefined, claim: Claim): void {
  if (bytes === undefined) return;
  let name = '';
  let folder = '';
  for (const line of decoder.decode(bytes).split('\n')) {
    if (line.startsWith('P:')) [name, folder] = [line.slice(2), ''];
    else if (line.startsWith('F:')) folder = line.slice(2);
    else if (line.startsWith('R:')) claim(name, folder === '' ? line.slice(2) : `${folder}/${line.slice(2)}`);
  }
}

/** undefined: the database of the final view has no such package, so its file list owns nothing. */
function packageState(
  name: string,
  inventories: { readonly base: PackageInventory; readonly final: PackageInventory },
): PathOwner['state'] | undefined {
  const after = inventories.final.byName.get(name);
  if (after === undefined) return undefined;
  const before = inventories.base.byName.get(name);
  if (before === undefined) return 'added';
  return before === after ? 'unchanged' : 'upgraded';
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
