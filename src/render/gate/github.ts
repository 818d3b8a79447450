import type { CheckResult, Decision, ImageDecision } from '../../policy/index.ts';
import { githubAnnotation } from '../github-annotations.ts';
import {
  checkTitle,
  countOutcomes,
  locatedResults,
  REPLAY_WORDS,
  resultsOf,
  scopeTitle,
  VERDICT_WORDS,
  type GateRenderOptions,
  type LocatedResult,
} from './located-results.ts';

const LEVELS = { fail: 'error', error: 'error', warn: 'warning', excepted: 'notice' } as const;
const MAX_PLACES = 10;

/**
 * A decision as workflow commands of GitHub Actions: an annotation for everything that did not pass, at each place in a manifest that names the image, and a notice with
 * the verdict. Nothing that comes from images can end a command or begin one.
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function renderGithub(decision: Decision, options: GateRenderOptions = {}): string {
  const lines = decision.images.flatMap(locatedResults).flatMap(annotations);
  const counts = countOutcomes(resultsOf(decision));
  const verdict = `${VERDICT_WORDS[decision.verdict]}${counts === '' ? '' : `: ${counts}`}`;
  const ending = options.replay === true ? `. ${REPLAY_WORDS}` : '';
  const notice = githubAnnotation({ level: 'notice', title: 'waybill gate', message: verdict + ending });
  return [...lines, notice].join('\n');
}

function annotations(located: LocatedResult): readonly string[] {
  const { image, result } = located;
  const { outcome } = result;
  if (outcome === 'pass') return [];
  const annotation = {
    level: LEVELS[outcome],
    title: `${checkTitle(result)} [${result.code}]`,
    message: words(image, located, result),
  } as const;
  // standard input is no file that a reader could open
  const places = (image.places ?? []).filter(({ file }) => file !== '-').slice(0, MAX_PLACES);
  if (places.length === 0) return [githubAnnotation(annotation)];
  return places.map(({ file, line, column }) => githubAnnotation({ ...annotation, file, line, column }));
}

function words(image: ImageDecision, located: LocatedResult, result: CheckResult): string {
  const scope = scopeTitle(located);
  const about = `${image.reference}${scope === '' ? '' : ` (${scope})`}: ${result.reason}`;
  return result.remedy === undefined || result.outcome === 'excepted' ? about : `${about}; to pass: ${result.remedy}`;
}
