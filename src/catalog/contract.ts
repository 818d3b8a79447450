import type { CaptureRule, DigestRule, FileView } from '../filesystem/index.ts';
import type { CatalogNote, Diagnostic, Distribution, Package, PackageType } from '../packages/index.ts';

/** What a cataloger may look at. */
export interface CatalogContext {
  readonly view: FileView;
  /** The operating system, if its os-release (or a fallback) could be read. */
  readonly distribution: Distribution | undefined;
  /** False when nobody wants `files` of language packages: then they may be left out where nothing else needs them. True unless told. */
  readonly languageFiles?: boolean;
  /** Whether packages shall carry `recordedFiles`. False unless told. */
  readonly recordedFiles?: boolean;
}

export interface CatalogResult {
  /** In any order; the runner sorts. */
  readonly packages: readonly Package[];
  readonly diagnostics: readonly Diagnostic[];
  /** In any order; the runner sorts. */
  readonly notes?: readonly CatalogNote[];
}

/** Machine-readable statement of what a cataloger finds; printed by `waybill sbom catalogers` and held by tests. */
export interface CatalogerStatement {
  readonly packageTypes: readonly PackageType[];
  /** Evidence it reads, as path patterns for people, any folder in front: `lib/dpkg/status`. */
  readonly reads: readonly string[];
  readonly licenses: boolean;
  readonly dependencies: boolean;
  readonly files: boolean;
  /** Whether the records of its packages say what their files contain, so that the ledger can compare. Absent: no. */
  readonly fileDigests?: boolean;
}

/**
 * One package type. The core opens files and limits sizes; a cataloger sees only bytes that its rules captured, never throws for bad input (a broken
 * file is a diagnostic), never looks at clock or environment, and gives the same result for the same view.
 */
export interface Cataloger {
  /** Stable id: `dpkg`. */
  readonly id: string;
  readonly title: string;
  /** Raised whenever its output for some input changes: part of the SBOM's serial number. */
  readonly version: number;
  /** Specifications it follows. */
  readonly specifications: readonly string[];
  readonly statement: CatalogerStatement;
  readonly captures: readonly CaptureRule[];
  /** What only `recordedFiles` need captured. */
  readonly recordCaptures?: readonly CaptureRule[];
  /** Digests that comparing `recordedFiles` with the bytes needs. */
  readonly digests?: readonly DigestRule[];
  catalog(context: CatalogContext): CatalogResult;
}

/**
 * A cataloger that has made so many packages reads no further file: the runner keeps fewer, and tells that there were more. A thousand lists of twenty thousand
 * packages each must not all be in memory before.
 */
export const ENOUGH_PACKAGES = 150_000;
