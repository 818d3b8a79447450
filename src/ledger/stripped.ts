import { removedCaptures, type FileView, type LayerStack, type RemovedCapture } from '../filesystem/index.ts';
import { OS_DATABASE_FOLDERS, type Package } from '../packages/index.ts';
import { compareFindings, historyOf } from './findings.ts';
import { isOsPackage } from './owners.ts';
import type { LedgerFinding, LedgerLayer } from './types.ts';

export type StrippedFinding = Extract<
  LedgerFinding,
  { readonly kind: 'database-removed' | 'orphaned-list' | 'orphaned-copyright' }
>;

/** Rules that capture package databases which are one file. */
const DATABASE_RULES: readonly string[] = [
  'dpkg/status',
  'apk/installed',
  'rpm/database',
  'rpm/manifest',
  'opkg/status',
  'chisel/manifest',
  'nix/database',
  'bottlerocket/inventory',
];
/** A file for each package, which nothing but a stripper removes: images that have them have no package manager. */
const SINGLE_RULE = 'dpkg/status-d';
/** Rules that capture records of which a database has one for each package, and how many segments below the database's folder they lie. */
const RECORD_RULES: ReadonlyMap<string, number> = new Map([
  ['pacman/desc', 2],
  ['portage/contents', 3],
]);
/** More of one kind say nothing more. */
const MAX_FINDINGS = 1000;

export interface StrippedOptions {
  readonly stack: LayerStack;
  /** Of all layers. */
  readonly view: FileView;
  readonly packages: readonly Package[];
  readonly layers?: readonly LedgerLayer[];
}

/**
 * What tells that the inventory of an image was stripped: package databases that a lower layer had and an upper one deleted, and what packages leave behind
 * that no database knows. Takes as long as squashing the layers where something may have been removed. Sorted as the findings of a ledger.
 */
export function strippedInventory(options: StrippedOptions): readonly StrippedFinding[] {
  const findings = [...removedDatabases(options), ...orphans(options), ...leftWithoutDatabase(options)];
  return findings.toSorted(compareFindings);
}

function removedDatabases({ stack, view, layers = [] }: StrippedOptions): readonly StrippedFinding[] {
  if (stack.layers.length < 2) return [];
  const rules = [...DATABASE_RULES, SINGLE_RULE, ...RECORD_RULES.keys()];
  const removed = new Map<string, RemovedCapture>();
  for (const capture of removedCaptures(stack, rules, view)) {
    if (capture.path.endsWith('.md5sums') || isSucceeded(capture, view)) continue;
    const path = databasePath(capture);
    // of a database that lost its records one after the other the last counts
    if ((removed.get(path)?.removedInLayer ?? -1) < capture.removedInLayer) removed.set(path, capture);
  }
  return [...removed].slice(0, MAX_FINDINGS).map(([path, { lastLayer, removedInLayer }]): StrippedFinding => {
    const place = { path: `/${path}`, layer: lastLayer, removedInLayer };
    return { kind: 'database-removed', ...place, ...historyOf(layers, removedInLayer) };
  });
}

/** The file, or the folder of all records. */
function databasePath({ ruleId, path }: RemovedCapture): string {
  return path
    .split('/')
    .slice(0, -(RECORD_RULES.get(ruleId) ?? 0) || undefined)
    .join('/');
}

/**
 * Whether a database of the same kind was written when this one was removed, or since: it was converted, or moved to where a newer version of the package
 * manager has it. Of a database with a record for each package it is enough that one is left.
 */
function isSucceeded(capture: RemovedCapture, view: FileView): boolean {
  const { ruleId, removedInLayer } = capture;
  if (ruleId === SINGLE_RULE) return false;
  const folder = RECORD_RULES.has(ruleId) ? `${databasePath(capture)}/` : undefined;
  return view
    .captured(ruleId)
    .some(({ entry }) => entry.layer >= removedInLayer || (folder !== undefined && entry.path.startsWith(folder)));
}

/** Lists of files and copyright files of Debian packages that no database knows. */
function orphans({ view, packages }: StrippedOptions): readonly StrippedFinding[] {
  const known = new Set(packages.filter(({ type }) => type === 'deb').map(({ name }) => name));
  const owned = new Set<string>();
  for (const { files = [] } of packages) {
    for (const path of files) if (path.startsWith('/usr/share/doc/')) owned.add(path.split('/', 5)[4] ?? '');
  }
  // removed packages whose configuration stayed have a stanza too
  const stanzas = mentioned(view);
  const isOrphan = (name: string): boolean => !known.has(name) && !owned.has(name) && !stanzas.has(name);
  const findings: StrippedFinding[] = [];
  const folders = OS_DATABASE_FOLDERS.dpkg.flatMap((folder) => view.resolve(`${folder}/info`)?.path ?? []);
  for (const { path, layer } of [...new Set(folders)].flatMap((folder) => view.list(folder))) {
    const [, name = ''] = /\/([^/:]+)(?::[^/]*)?\.list$/.exec(path) ?? [];
    if (name !== '' && isOrphan(name)) findings.push({ kind: 'orphaned-list', path: `/${path}`, layer });
  }
  for (const { path, type } of view.list('usr/share/doc')) {
    if (type !== 'directory' || !isOrphan(path.slice(path.lastIndexOf('/') + 1))) continue;
    const copyright = view.lookup(`${path}/copyright`);
    if (copyright === undefined) continue;
    findings.push({ kind: 'orphaned-copyright', path: `/${copyright.path}`, layer: copyright.layer });
  }
  return findings.slice(0, MAX_FINDINGS);
}

/**
 * Of an image without any package of an operating system: the licences that rpm and pacman install, and what apk was told to install. With a database
 * nothing can be told from them, as licences of other software lie there too.
 */
function leftWithoutDatabase({ view, packages }: StrippedOptions): readonly StrippedFinding[] {
  if (packages.some((pkg) => isOsPackage(pkg))) return [];
  const findings: StrippedFinding[] = [];
  const world = view.lookup('etc/apk/world');
  if (world?.type === 'file' && world.sizeBytes > 1) {
    findings.push({ kind: 'orphaned-list', path: `/${world.path}`, layer: world.layer });
  }
  for (const { path, type } of view.list('usr/share/licenses')) {
    const [first] = type === 'directory' ? view.list(path).filter((entry) => entry.type !== 'directory') : [];
    if (first !== undefined) findings.push({ kind: 'orphaned-copyright', path: `/${first.path}`, layer: first.layer });
  }
  return findings.slice(0, MAX_FINDINGS);
}

/** Names of all stanzas, whatever their state. */
function mentioned(view: FileView): ReadonlySet<string> {
  const names = new Set<string>();
  for (const folder of OS_DATABASE_FOLDERS.dpkg) {
    const bytes = view.read(`${folder}/status`) ?? new Uint8Array();
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    for (const [, name = ''] of text.matchAll(/^Package:[ \t]*(\S+)/gim)) names.add(name);
  }
  return names;
}
