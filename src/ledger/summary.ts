import { isStripped } from './findings.ts';
import type { Ledger, LedgerTotals } from './types.ts';

/** Whether the packages that were found are all of the image; values of CycloneDX `compositions.aggregate`. */
export type Completeness = 'complete' | 'incomplete' | 'unknown';

/** What an SBOM says of a ledger. */
export interface LedgerSummary {
  readonly totals: LedgerTotals;
  /** Package files whose content is another than recorded. */
  readonly modified: number;
  readonly unaccountedExecutables: number;
  readonly completeness: Completeness;
  /** Why, for people; one sentence. */
  readonly reason: string;
}

/**
 * What a ledger says of the inventory. `complete`: every file is accounted for. `incomplete`: there is software that no component stands for, executables
 * or what could not be identified, or may be, as the inventory was stripped. `unknown`: only files that are no programs by themselves are left, or nothing
 * was catalogued.
 * @param options.diagnostics how many things could not be read; any makes the inventory incomplete
 */
export function ledgerSummary(ledger: Ledger, options: { readonly diagnostics?: number } = {}): LedgerSummary {
  const { totals, packages, findings } = ledger;
  const { files, executables } = totals.byClass.unaccounted;
  const base = totals.byClass.base;
  const judged = judge({
    packages: packages.length,
    unread: options.diagnostics ?? 0,
    unknown: totals.knownUnknowns,
    stripped: findings.filter(({ kind }) => isStripped(kind)).length,
    executables: executables + base.executables,
    files: files + base.files,
  });
  return { totals, modified: totals.integrity.modified, unaccountedExecutables: executables, ...judged };
}

interface Evidence {
  readonly packages: number;
  readonly unread: number;
  readonly unknown: number;
  /** Traces of a stripped inventory. */
  readonly stripped: number;
  readonly executables: number;
  readonly files: number;
}

function judge({ packages, unread, unknown, stripped, executables, files }: Evidence): {
  readonly completeness: Completeness;
  readonly reason: string;
} {
  if (unread > 0) return { completeness: 'incomplete', reason: `${count(unread, 'thing')} could not be read` };
  if (unknown > 0) {
    return { completeness: 'incomplete', reason: `${count(unknown, 'piece')} of software could not be identified` };
  }
  if (stripped > 0 && (packages === 0 || files > 0)) {
    return { completeness: 'incomplete', reason: `the inventory was stripped: ${count(stripped, 'trace')} of it` };
  }
  if (packages === 0) return { completeness: 'unknown', reason: 'no package was found' };
  if (executables > 0) {
    return { completeness: 'incomplete', reason: `${count(executables, 'executable')} of no known package` };
  }
  if (files > 0) return { completeness: 'unknown', reason: `${count(files, 'file')} of no known package` };
  return { completeness: 'complete', reason: 'every file is accounted for' };
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
