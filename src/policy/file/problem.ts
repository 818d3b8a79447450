import { compareCodeUnits } from '../../core/index.ts';

/** What can be wrong with a policy. Errors make it unusable; warnings are advice; what is worth knowing is `info`. */
export type PolicyProblemCode =
  | 'POLICY_SYNTAX'
  | 'POLICY_UNKNOWN_KEY'
  | 'POLICY_MISSING_KEY'
  | 'POLICY_WRONG_TYPE'
  | 'POLICY_BAD_VALUE'
  | 'POLICY_UNKNOWN_NAME'
  | 'POLICY_DUPLICATE_NAME'
  | 'POLICY_EMPTY_LIST'
  | 'POLICY_NO_CHECKS'
  | 'POLICY_BAD_THRESHOLD'
  | 'POLICY_BAD_PATTERN'
  | 'POLICY_OPEN_PATTERN'
  | 'POLICY_BAD_REGEXP'
  | 'POLICY_LOCK_UNPINNED'
  | 'POLICY_EXCEPTION_EXPIRED'
  | 'POLICY_EXCEPTION_EXPIRING'
  | 'POLICY_UNUSED'
  | 'POLICY_OPEN_REGEXP'
  | 'POLICY_UNREACHABLE'
  | 'POLICY_CONTRADICTION'
  | 'POLICY_KEYLESS_UNBOUND'
  | 'POLICY_EFFECTIVE_ALREADY'
  | 'POLICY_FILE_MISSING'
  | 'POLICY_FILE_OUTSIDE'
  | 'POLICY_FILE_UNREADABLE'
  | 'POLICY_KEY_INVALID'
  | 'POLICY_LOCK_MISSING'
  | 'POLICY_LOCK_INVALID'
  | 'POLICY_LOCK_UNSIGNED'
  | 'POLICY_LOCK_HEAD_MISMATCH'
  | 'POLICY_TRUST_ROOT_INVALID'
  | 'POLICY_REGO_SOURCE'
  | 'POLICY_REGO_INVALID';

export interface PolicyProblem {
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: PolicyProblemCode;
  /** Where in the document: `rules[0].signatures.by`. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly message: string;
  readonly hint?: string;
}

/** By place, then code: the same order on every machine. */
export function sortProblems(problems: readonly PolicyProblem[]): readonly PolicyProblem[] {
  return problems.toSorted(
    (a, b) =>
      a.line - b.line ||
      a.column - b.column ||
      compareCodeUnits(a.code, b.code) ||
      compareCodeUnits(a.message, b.message),
  );
}
