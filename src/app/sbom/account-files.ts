import { TOOL_NAME, TOOL_VERSION } from '../../core/index.ts';
import type { CatalogRun } from '../../catalog/index.ts';
import { squash, type FileView, type LayerStack } from '../../filesystem/index.ts';
import type { Image } from '../../image/index.ts';
import {
  buildLedger,
  compareFindings,
  ledgerDocument,
  ledgerSummary,
  strippedInventory,
  uncheckedFiles,
  type Ledger,
  type LedgerDocument,
  type LedgerLayer,
  type LedgerSummary,
  type StrippedFinding,
  type UncheckedFiles,
} from '../../ledger/index.ts';
import type { CatalogNote } from '../../packages/index.ts';

/** Files that an SBOM names one by one; the ledger has them all. */
const MAX_MODIFIED = 1000;

/** Whose files are to be accounted for. */
export interface FilesToAccount {
  readonly stack: LayerStack;
  /** Of all layers. */
  readonly view: FileView;
  /** With the files of language packages, and with `recordedFiles` when `integrity`. */
  readonly catalog: CatalogRun;
  /** Whether the layers' files have the digests to compare. */
  readonly integrity: boolean;
  /** Bottom first; empty for a root file system. */
  readonly layers: readonly LedgerLayer[];
  /** How many of the bottom layers are a known base; 0 when none is known. */
  readonly baseLayers: number;
  /** Reads once more what files need to be compared for which the pass over the layers did not look; without it they stay unchecked. */
  readonly readAgain?: (unchecked: UncheckedFiles) => Promise<LayerStack>;
}

export interface AccountedFiles {
  readonly ledger: Ledger;
  readonly summary: LedgerSummary;
}

/**
 * The ledger of an image, what tells of a stripped inventory included, and what it says of the inventory. Most files of packages lie where the pass over
 * the layers looks for them; where some with a record do not, their layers are read once more.
 */
export async function accountFiles(files: FilesToAccount): Promise<AccountedFiles> {
  const accounted = account(files);
  const { view, catalog, readAgain } = files;
  if (readAgain === undefined || !accounted.ledger.findings.some(({ kind }) => kind === 'not-checked'))
    return accounted;
  const unchecked = uncheckedFiles(view, catalog.packages);
  if (unchecked === undefined) return accounted;
  const stack = await readAgain(unchecked);
  return account({ ...files, stack, view: squash(stack) });
}

function account(files: FilesToAccount): AccountedFiles {
  const { stack, view, catalog, integrity, layers, baseLayers } = files;
  const { packages, notes } = catalog;
  const built = buildLedger({ view, packages, notes, integrity, layers, baseLayers, stack });
  const stripped = strippedInventory({ stack, view, packages, layers });
  const ledger: Ledger = { ...built, findings: [...built.findings, ...stripped].toSorted(compareFindings) };
  const diagnostics = stack.diagnostics.length + catalog.diagnostics.length;
  return { ledger, summary: ledgerSummary(ledger, { diagnostics }) };
}

/** The layers of an image as the ledger names them. */
export function ledgerLayers(image: Image): readonly LedgerLayer[] {
  return image.layers.map(({ diffId, createdBy }) => ({ diffId, ...(createdBy === undefined ? {} : { createdBy }) }));
}

/** The ledger as a file. */
export function writeLedgerDocument(
  ledger: Ledger,
  of: { readonly digest?: string; readonly platform?: string; readonly catalog: CatalogRun },
): LedgerDocument {
  return ledgerDocument(ledger, {
    ...(of.digest === undefined ? {} : { digest: of.digest }),
    ...(of.platform === undefined ? {} : { platform: of.platform }),
    tool: { name: TOOL_NAME, version: TOOL_VERSION },
    catalogers: of.catalog.catalogers,
  });
}

/** More of a kind say nothing more. */
const MAX_ORPHAN_NOTES = 20;

/** What tells of a stripped inventory, as notes of an SBOM: of what packages left behind the first twenty of a kind, then how many more there are. */
export function strippedNotes({ findings }: Ledger): readonly CatalogNote[] {
  const notes = allStrippedNotes(findings);
  return Object.values(Object.groupBy(notes, ({ code }) => code)).flatMap((same = []) => {
    const [first] = same;
    if (first === undefined || first.code === 'database-removed' || same.length <= MAX_ORPHAN_NOTES) return same;
    const rest = same.length - MAX_ORPHAN_NOTES;
    const message = `and ${rest} more of ${first.code}: the ledger lists them`;
    return [...same.slice(0, MAX_ORPHAN_NOTES), { ...first, code: 'more-orphans', message, path: '/' }];
  });
}

function allStrippedNotes(findings: Ledger['findings']): readonly CatalogNote[] {
  return findings.flatMap((finding) => {
    if (finding.kind === 'database-removed') {
      const { path, layer, removedInLayer } = finding;
      const message = `layer ${layer} has this package database and layer ${removedInLayer} deletes it: what it listed may still be there`;
      const facts = { layer: String(layer), removedInLayer: String(removedInLayer) };
      return [{ kind: 'hidden', code: finding.kind, message, path, source: 'ledger', facts }];
    }
    return isOrphan(finding) ? [orphanNote(finding)] : [];
  });
}

/** Which files of packages are not as recorded, as notes of an SBOM: package, digests, layer and the history line of the layer. */
export function integrityNotes({ findings }: Ledger): readonly CatalogNote[] {
  const modified = findings.filter((finding) => finding.kind === 'modified');
  const notes = modified.slice(0, MAX_MODIFIED).map((finding): CatalogNote => {
    const { path, owner, algorithm, expected, found = 'a link', layer, createdBy } = finding;
    const name = owner.purl ?? owner.id;
    const by = createdBy === undefined ? '' : ` (${createdBy})`;
    const message = `is not as ${name} has it: ${algorithm} ${expected} recorded, ${found} found, layer ${layer}${by}`;
    const facts = { package: name, layer: String(layer), algorithm, expected, found };
    return { kind: 'integrity', code: 'modified-file', message, path, source: 'ledger', facts };
  });
  const [first] = notes.slice(-1);
  if (first === undefined || modified.length <= MAX_MODIFIED) return notes;
  const message = `and ${modified.length - MAX_MODIFIED} more files are not as their packages have them`;
  return [...notes, { kind: 'integrity', code: 'more-modified-files', message, path: first.path, source: 'ledger' }];
}

type OrphanFinding = Exclude<StrippedFinding, { readonly kind: 'database-removed' }>;

function isOrphan(finding: Ledger['findings'][number]): finding is OrphanFinding {
  return finding.kind === 'orphaned-copyright' || finding.kind === 'orphaned-list';
}

function orphanNote({ kind, path }: OrphanFinding): CatalogNote {
  const message = 'a package left this behind that no package database knows: the inventory was stripped';
  return { kind: 'hidden', code: kind, message, path, source: 'ledger' };
}
