import type { CheckResult, ImageDecision, PlatformDecision, RuleDecision } from '../../policy/index.ts';

/** A result with what it is about. */
export interface LocatedResult {
  readonly image: ImageDecision;
  /** Absent for results about the image as such. */
  readonly platform?: PlatformDecision;
  readonly rule?: RuleDecision;
  readonly result: CheckResult;
}

/** Every result of an image, those about the image as such first. */
export function locatedResults(image: ImageDecision): readonly LocatedResult[] {
  return [
    ...image.checks.map((result) => ({ image, result })),
    ...image.platforms.flatMap((platform) =>
      platform.rules.flatMap((rule) => rule.checks.map((result) => ({ image, platform, rule, result }))),
    ),
  ];
}

/** `signatures` or `attestations cyclonedx`. */
export function checkTitle({ check, item }: { readonly check: string; readonly item?: string | undefined }): string {
  return item === undefined ? check : `${check} ${item}`;
}

/** `linux/amd64, rule shop`, '' for the image as such. */
export function scopeTitle({ platform, rule }: LocatedResult): string {
  const parts = [
    ...(platform === undefined ? [] : [platform.platform ?? 'unknown platform']),
    ...(rule === undefined ? [] : [`rule ${rule.rule}`]),
  ];
  return parts.join(', ');
}

/** `registry.example.com/app (linux/amd64, rule shop): not signed`. */
export function situation(located: LocatedResult): string {
  const scope = scopeTitle(located);
  return `${located.image.reference}${scope === '' ? '' : ` (${scope})`}: ${located.result.reason}`;
}

/** Places that name an image in files: standard input is none that a reader could open. */
export function placesInFiles({ places = [] }: ImageDecision): NonNullable<ImageDecision['places']> {
  return places.filter(({ file }) => file !== '-');
}

/** What must be acted on comes first. */
const OUTCOMES = [
  ['fail', 'failed'],
  ['error', 'could not be evaluated'],
  ['warn', 'warned'],
  ['excepted', 'excepted'],
  ['pass', 'passed'],
] as const;

/** For sorting. */
export function worstFirst(a: CheckResult, b: CheckResult): number {
  return rank(a) - rank(b);
}

function rank(result: CheckResult): number {
  return OUTCOMES.findIndex(([outcome]) => outcome === result.outcome);
}

/** The results of images, counted: `1 failed, 2 passed`, the worst first; '' when there is no result. */
export function countOutcomes(images: readonly ImageDecision[]): string {
  const results = images.flatMap(locatedResults).map(({ result }) => result);
  return OUTCOMES.map(
    ([outcome, word]) => [results.filter((result) => result.outcome === outcome).length, word] as const,
  )
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ');
}

/** The words of a verdict, the same in every output. */
export const VERDICT_WORDS = { allow: 'ALLOWED', warn: 'ALLOWED WITH WARNINGS', deny: 'DENIED' } as const;

/** Said of every replay. */
export const REPLAY_WORDS = 'This is a replay of saved evidence: it decides nothing.';

export interface GateRenderOptions {
  /** Say that this is a replay: it decides nothing. */
  readonly replay?: boolean;
}
