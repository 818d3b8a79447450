import { compareCodeUnits } from '../core/index.ts';
import { removedCaptures, type FileView, type LayerStack } from '../filesystem/index.ts';
import type { Package } from '../packages/index.ts';
import type { LedgerFinding, LedgerLayer } from './types.ts';

export type StrippedFinding = Extract<
  LedgerFinding,
  { readonly kind: 'database-removed' | 'orphaned-list' | 'orphaned-copyright' }
>;

/** Rules that capture package databases. */
const DATABASE_RULES: readonly string[] = [
  'dpkg/status',
  'dpkg/status-d',
  'apk/installed',
  'rpm/database',
  'rpm/manifest',
  'opkg/status',
  'chisel/manifest',
];
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
  const findings = [...removedDatabases(options), ...orphans(options)];
  return findings.toSorted((a, b) => compareCodeUnits(a.kind, b.kind) || compareCodeUnits(a.path, b.path));
}

function removedDatabases({ stack, view, layers = [] }: StrippedOptions): readonly StrippedFinding[] {
  if (stack.layers.length < 2) return [];
  return removedCaptures(stack, DATABASE_RULES, view)
    .filter(({ path }) => !path.endsWith('.md5sums'))
    .slice(0, MAX_FINDINGS)
    .map(({ path, lastLayer, removedInLayer }): StrippedFinding => {
      const { createdBy } = layers[removedInLayer] ?? {};
      const history = createdBy === undefined ? {} : { createdBy };
      return {
        kind: 'database-removed',
        path: `/${path}`,
        layer: lastLayer,
        removedInLayer,
        ...history,
      };
    });
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
  for (const { path, layer } of view.list('var/lib/dpkg/info')) {
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

/** Names of all stanzas, whatever their state. */
function mentioned(view: FileView): ReadonlySet<string> {
  const bytes = view.read('var/lib/dpkg/status');
  const names = new Set<string>();
  if (bytes === undefined) return names;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  for (const [, name = ''] of text.matchAll(/^Package:[ \t]*(\S+)/gim)) names.add(name);
  return names;
}
