import { canonicalJson, compareCodeUnits, type Digest } from '../../core/index.ts';
import type { Decision, ImageDecision, Verdict } from '../decision.ts';
import { imageRows, type DecisionRow } from '../decision-rows.ts';

/** Why an image is not simply allowed: one line for all its platforms. */
export interface ChangeReason {
  readonly rule: string | null;
  readonly check: string;
  readonly item?: string;
  readonly outcome: 'fail' | 'error' | 'warn' | 'excepted';
  readonly code: string;
  /** Of the first platform. */
  readonly reason: string;
  /** How many results of this image say so. */
  readonly count: number;
}

/** What another policy says about an image. */
export interface ImageChange {
  readonly reference: string;
  readonly digest: Digest | null;
  /** null when there is no policy to compare with. */
  readonly before: Verdict | null;
  readonly after: Verdict;
  /** `changed`: on the same side, with another verdict or other reasons; null when there is nothing to compare with. */
  readonly change: 'newly-denied' | 'newly-allowed' | 'changed' | 'unchanged' | null;
  /** It is denied only because checks could not be evaluated, as when the evidence was collected for a policy that asked for less. */
  readonly undecided: boolean;
  /** Reasons that came; all of them when there is nothing to compare with. At most 50. */
  readonly added: readonly ChangeReason[];
  /** Reasons that went. At most 50. */
  readonly removed: readonly ChangeReason[];
  /** Reasons left out of both lists. */
  readonly more: number;
}

export interface CodeCount {
  readonly code: string;
  /** Images that it is a reason for. */
  readonly images: number;
}

const MAX_REASONS = 50;

/** Compares two decisions from one evidence, image by image. */
export function compareImages(after: Decision, before: Decision | undefined): readonly ImageChange[] {
  return after.images.map((image, index) => compareImage(image, before?.images[index]));
}

/** In how many of the images each code stands among the reasons that came; most first. */
export function countCodes(images: readonly ImageChange[]): readonly CodeCount[] {
  const counts = new Map<string, number>();
  for (const { added } of images) {
    const codes = added.filter(({ outcome }) => outcome === 'fail' || outcome === 'error').map(({ code }) => code);
    for (const code of new Set(codes)) counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return [...counts]
    .map(([code, count]) => ({ code, images: count }))
    .toSorted((a, b) => b.images - a.images || compareCodeUnits(a.code, b.code));
}

function compareImage(after: ImageDecision, before: ImageDecision | undefined): ImageChange {
  const [now, then] = [reasonsOf(after), before === undefined ? new Map<string, ChangeReason>() : reasonsOf(before)];
  const added = [...now].filter(([key]) => !then.has(key)).map(([, reason]) => reason);
  const removed = [...then].filter(([key]) => !now.has(key)).map(([, reason]) => reason);
  const denying = [...now.values()].filter(({ outcome }) => outcome === 'fail' || outcome === 'error');
  return {
    reference: after.reference,
    digest: after.digest,
    before: before?.verdict ?? null,
    after: after.verdict,
    change: before === undefined ? null : changeOf(before.verdict, after.verdict, added.length + removed.length),
    undecided: after.verdict === 'deny' && denying.every(({ outcome }) => outcome === 'error'),
    added: added.slice(0, MAX_REASONS),
    removed: removed.slice(0, MAX_REASONS),
    more: Math.max(0, added.length - MAX_REASONS) + Math.max(0, removed.length - MAX_REASONS),
  };
}

function changeOf(before: Verdict, after: Verdict, differences: number): NonNullable<ImageChange['change']> {
  if (before !== 'deny' && after === 'deny') return 'newly-denied';
  if (before === 'deny' && after !== 'deny') return 'newly-allowed';
  return before === after && differences === 0 ? 'unchanged' : 'changed';
}

/** By what makes two results the same reason under two policies. */
function reasonsOf(image: ImageDecision): ReadonlyMap<string, ChangeReason> {
  const reasons = new Map<string, ChangeReason>();
  for (const row of imageRows(image)) {
    const reason = reasonOf(row);
    if (reason === undefined) continue;
    const { rule, check, item = null, outcome, code } = reason;
    const key = canonicalJson([rule, check, item, outcome, code]);
    const known = reasons.get(key);
    reasons.set(key, known === undefined ? reason : { ...known, count: known.count + 1 });
  }
  return reasons;
}

function reasonOf({ rule, result }: DecisionRow): ChangeReason | undefined {
  const { check, item, outcome, code, reason } = result;
  if (outcome === 'pass') return undefined;
  return { rule, check, ...(item === undefined ? {} : { item }), outcome, code, reason, count: 1 };
}
