import type { ExitCode } from '../../../core/index.ts';
import type { LedgerFacts, PlatformView, SystemFacts } from '../../../evidence/index.ts';
import type { AllowedBase } from '../../base/allowed-base.ts';
import type { RuleContext } from '../../context.ts';

export type Severity = 'high' | 'medium' | 'low' | 'info';

/** Facts that a check looks at beside the image's configuration and history, which are always there. */
export type ImageFact = 'system' | 'files' | 'base' | 'signatures' | 'scan';

/** What a check may look at. Pure: no clock but `context.now`, no I/O. */
export interface ImageCheckInput {
  readonly context: RuleContext;
  readonly platform: PlatformView;
  /** What the rule's allowed base is; what it holds is its own affair where a check says so. */
  readonly base: AllowedBase | undefined;
}

/** What was found. `unknown` never passes. */
export type ImageVerdict =
  | { readonly kind: 'met'; readonly reason: string; readonly notes?: readonly string[] }
  | Violation
  | {
      readonly kind: 'unknown';
      readonly code: string;
      readonly reason: string;
      readonly exitCode: ExitCode;
      readonly remedy?: string;
    };

export interface Violation {
  readonly kind: 'violated';
  readonly reason: string;
  readonly remedy: string;
  /** Places in the image. */
  readonly places?: readonly { readonly path: string; readonly layer: number }[];
  /** Further facts, one per line; from hostile input. */
  readonly notes?: readonly string[];
}

/** What of a named check a person wants to know. */
export interface ImageCheckInfo {
  /** `IMG001`, stable. */
  readonly id: string;
  /** What a good image does, one line. */
  readonly title: string;
  readonly severity: Severity;
  /** What a policy that wants all of them should begin with. */
  readonly defaultMode: 'deny' | 'warn' | 'off';
  /** Rules of others that it stands for, or documents. */
  readonly references: readonly string[];
  /** Facts that a policy with this check collects. */
  readonly needs: readonly ImageFact[];
}

/** One check of an image's configuration and files; its verdict is `fail` or `warn` as the policy says. The code of a violation is the id. */
export interface NamedImageCheck extends ImageCheckInfo {
  readonly evaluate: (input: ImageCheckInput & CollectedFacts) => ImageVerdict;
}

/** Those of `needs` that are collected facts of the platform: there when a check that needs them is asked. */
export interface CollectedFacts {
  readonly system: SystemFacts;
  readonly files: LedgerFacts;
}

export function met(reason: string, notes: readonly string[] = []): ImageVerdict {
  return { kind: 'met', reason, ...(notes.length === 0 ? {} : { notes }) };
}

export function violated(reason: string, rest: Omit<Violation, 'kind' | 'reason'>): ImageVerdict {
  return { kind: 'violated', reason, ...rest };
}

export function unknown(
  code: string,
  reason: string,
  rest: { readonly exitCode: ExitCode; readonly remedy?: string },
): ImageVerdict {
  return { kind: 'unknown', code, reason, ...rest };
}
