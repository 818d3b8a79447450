import type { FileView, LayerStack } from '../filesystem/index.ts';
import type { CatalogNote, Package, RecordedFile } from '../packages/index.ts';

/** Every class a file can have, in the order in which they are tried and shown. */
export const LEDGER_CLASSES = [
  'os-package',
  'language-package',
  'package-state',
  'generated',
  'binary',
  'base',
  'unaccounted',
] as const;

/**
 * Whose a file is. `os-package`, `language-package`: a package owns it. `package-state`: a package manager's own data. `generated`: made at installation,
 * by a rule of the table. `binary`: no package brought it, but it was recognised. `base`: not accounted for, but as the base image has it. `unaccounted`:
 * nothing says where it is from.
 */
export type LedgerClass = (typeof LEDGER_CLASSES)[number];

export const INTEGRITIES = ['verified', 'modified', 'configuration', 'unchecked'] as const;

/**
 * How the content of a package's file compares with the package's record. `configuration`: meant to be changed, and changed or not recorded.
 * `unchecked`: there is no record, or no digest to compare.
 */
export type Integrity = (typeof INTEGRITIES)[number];

/** One regular file or symbolic link of the final view. */
export interface LedgerEntry {
  /** Absolute. From hostile input: escape before showing. */
  readonly path: string;
  readonly type: 'file' | 'symlink';
  readonly sizeBytes: number;
  /** 07777. */
  readonly mode: number;
  /** 0 = bottom; -1 when the source has no layers. */
  readonly layer: number;
  /** Machine code by its first bytes, or a regular file that somebody may execute. */
  readonly isExecutable: boolean;
  readonly class: LedgerClass;
  /** Only for files of packages. */
  readonly integrity?: Integrity;
  /** The package that owns it or was recognised in it. */
  readonly owner?: LedgerOwner;
  /** Another package that claims it too. */
  readonly also?: LedgerOwner;
  /** Id of the rule that knows it, for `package-state` and `generated`. */
  readonly rule?: string;
  /** Code of a known unknown that was noted of it. */
  readonly note?: string;
  /** Target of a symbolic link as written. */
  readonly linkTarget?: string;
  /** When the content is another than recorded. */
  readonly difference?: LedgerDifference;
}

/** A package as the ledger names it. */
export interface LedgerOwner {
  /** Index in the packages the ledger was built from. */
  readonly index: number;
  readonly id: string;
  /** Absent when no purl may be claimed. */
  readonly purl?: string;
}

/** How a file is another than its package's record says. */
export interface LedgerDifference {
  readonly algorithm: RecordedFile['algorithm'];
  /** Lower-case hex. */
  readonly expected: string;
  /** Lower-case hex; absent when a symbolic link took the file's place. */
  readonly found?: string;
  /** The other package whose record it fits. */
  readonly fits?: LedgerOwner;
}

/** Something about the image's files that an auditor wants to know. */
export type LedgerFinding =
  /** A package's file was changed or replaced. `createdBy` is the history line of the layer that did it. */
  | (LedgerDifference & FindingPlace & { readonly kind: 'modified'; readonly owner: LedgerOwner })
  /** A package's file is not there. `createdBy` is the history line of the layer that removed it; neither is known of what no layer ever had. */
  | {
      readonly kind: 'missing';
      readonly path: string;
      readonly owner: LedgerOwner;
      readonly removedInLayer?: number;
      readonly createdBy?: string;
    }
  /** Files of packages in a layer whose digests were not computed although a record of them exists. */
  | (Omit<FindingPlace, 'path'> & { readonly kind: 'not-checked'; readonly files: number })
  /** `layer` was the last with a package database; `createdBy` is the history line of the one that removed it. */
  | (FindingPlace & { readonly kind: 'database-removed'; readonly removedInLayer: number })
  /** What a package leaves behind, of a package that no database knows. */
  | (FindingPlace & { readonly kind: 'orphaned-list' | 'orphaned-copyright' });

interface FindingPlace {
  readonly path: string;
  readonly layer: number;
  readonly createdBy?: string;
}

/** What the ledger is to know of a layer. */
export interface LedgerLayer {
  readonly diffId?: string;
  /** The command that made it, as the image's history has it. */
  readonly createdBy?: string;
}

export interface LedgerOptions {
  readonly view: FileView;
  /** With `files` of all, `directories`, and `recordedFiles` where integrity is to be told. */
  readonly packages: readonly Package[];
  /** Whether digests were asked for: then what has a record and none is a finding. True unless told. */
  readonly integrity?: boolean;
  readonly notes?: readonly CatalogNote[];
  /** Bottom first; empty for sources without layers. */
  readonly layers?: readonly LedgerLayer[];
  /** What the view was made of: tells which layer removed what is missing. */
  readonly stack?: LayerStack;
  /** How many of the bottom layers are a known base image. */
  readonly baseLayers?: number;
  /** The base image's own view: what was written again just as it was is still the base's. */
  readonly baseView?: FileView;
}

export interface LedgerCount {
  readonly files: number;
  readonly bytes: number;
  readonly executables: number;
}

export interface LedgerTotals extends LedgerCount {
  readonly byClass: Readonly<Record<LedgerClass, LedgerCount>>;
  /** Files of packages. */
  readonly integrity: Readonly<Record<Integrity, number>>;
  /** Files of packages that are not there, without those of `excluded`. */
  readonly missing: number;
  /** Documentation and translations that are not there, which images leave out on purpose. */
  readonly excluded: number;
  /** Known unknowns: software that is there and could not be identified. */
  readonly knownUnknowns: number;
}

/** Every file of an image accounted for. */
export interface Ledger {
  readonly totals: LedgerTotals;
  /** Sorted by kind, then path, then layer. */
  readonly findings: readonly LedgerFinding[];
  /** Whether digests were asked for. */
  readonly integrity: boolean;
  readonly packages: readonly Package[];
  readonly layers: readonly LedgerLayer[];
  /** Every regular file and link, sorted by path (UTF-16 code units). Entries are made when asked for, every time again. */
  entries(): Iterable<LedgerEntry>;
}
