import type { EvaluationInput } from './evaluate-module.ts';

/** To the worker: one evaluation. */
export interface RegoJob extends Omit<EvaluationInput, 'moduleBytes'> {
  /** Digest of the module: compiled once. */
  readonly moduleDigest: string;
  readonly module: Uint8Array<ArrayBuffer>;
}

/** From the worker: `ready` once, then one answer for each job. */
export type RegoAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly json: string }
  | { readonly kind: 'failure'; readonly code: string | undefined; readonly message: string };
