import type { Decision } from '../../policy/index.ts';
import { githubAnnotation } from '../github-annotations.ts';
import {
  checkTitle,
  countOutcomes,
  locatedResults,
  placesInFiles,
  REPLAY_WORDS,
  situation,
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
  const counts = countOutcomes(decision.images);
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
    message: words(located),
  } as const;
  const places = placesInFiles(image).slice(0, MAX_PLACES);
  if (places.length === 0) return [githubAnnotation(annotation)];
  return places.map(({ file, line, column }) => githubAnnotation({ ...annotation, file, line, column }));
}

function words(located: LocatedResult): string {
  const { result } = located;
  const about = situation(located);
  return result.remedy === undefined || result.outcome === 'excepted' ? about : `${about}; to pass: ${result.remedy}`;
}
