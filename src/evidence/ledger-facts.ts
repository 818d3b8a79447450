import type { JsonValue } from '../core/index.ts';
import { closedObjectAt, countAt, listAt, textAt } from './json-shape.ts';

/** Files of one kind: how many there are, and the first 1,000 of them by path. */
export interface CountedFiles {
  readonly count: number;
  readonly files: readonly CountedFile[];
}

export interface CountedFile {
  /** Absolute. */
  readonly path: string;
  /** 0 = bottom. */
  readonly layer: number;
}

/** What the ledger of files tells a policy. */
export interface LedgerFacts {
  /** Executables that no package, rule or base accounts for. */
  readonly unaccountedExecutables: CountedFiles;
  /** Files that are not as their package's record says. */
  readonly modifiedPackageFiles: CountedFiles;
  /** Every regular file with the setuid or setgid bit. */
  readonly setuid: CountedFiles;
}

/** Gives parsed JSON the type of ledger facts. @throws AppError EVIDENCE_MALFORMED */
export function readLedgerFacts(value: JsonValue, path: string): LedgerFacts {
  const facts = closedObjectAt(value, path, ['unaccountedExecutables', 'modifiedPackageFiles', 'setuid']);
  const counted = (key: keyof LedgerFacts): CountedFiles => readCounted(facts[key], `${path}.${key}`);
  return {
    unaccountedExecutables: counted('unaccountedExecutables'),
    modifiedPackageFiles: counted('modifiedPackageFiles'),
    setuid: counted('setuid'),
  };
}

function readCounted(value: JsonValue | undefined, path: string): CountedFiles {
  const counted = closedObjectAt(value, path, ['count', 'files']);
  return {
    count: countAt(counted['count'], `${path}.count`),
    files: listAt(counted['files'], `${path}.files`, (item, at) => {
      const file = closedObjectAt(item, at, ['path', 'layer']);
      return { path: textAt(file['path'], `${at}.path`), layer: countAt(file['layer'], `${at}.layer`) };
    }),
  };
}
