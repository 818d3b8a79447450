import { safeText } from '../../core/index.ts';
import type { CheckResult, Decision, ImageDecision } from '../../policy/index.ts';
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

const COMMANDS = { fail: 'error', error: 'error', warn: 'warning', excepted: 'notice' } as const;
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
  return [...lines, command('notice', [['title', 'waybill gate']], verdict + ending)].join('\n');
}

function annotations(located: LocatedResult): readonly string[] {
  const { image, result } = located;
  const { outcome } = result;
  if (outcome === 'pass') return [];
  const title: Property = ['title', `${checkTitle(result)} [${result.code}]`];
  // standard input is no file that a reader could open
  const named = (image.places ?? []).filter(({ file }) => file !== '-');
  const places = named.slice(0, MAX_PLACES).map(({ file, line, column }): readonly Property[] => [
    ['file', file],
    ['line', String(line)],
    ['col', String(column)],
  ]);
  return (places.length === 0 ? [[]] : places).map((place) =>
    command(COMMANDS[outcome], [...place, title], words(image, located, result)),
  );
}

function words(image: ImageDecision, located: LocatedResult, result: CheckResult): string {
  const scope = scopeTitle(located);
  const about = `${image.reference}${scope === '' ? '' : ` (${scope})`}: ${result.reason}`;
  return result.remedy === undefined || result.outcome === 'excepted' ? about : `${about}; to pass: ${result.remedy}`;
}

type Property = readonly [name: string, value: string];

/** Names and commands are ours, values are not. */
function command(name: string, properties: readonly Property[], message: string): string {
  const written = properties.map(
    ([key, value]) => `${key}=${escaped(value).replaceAll(':', '%3A').replaceAll(',', '%2C')}`,
  );
  return `::${name}${written.length === 0 ? '' : ` ${written.join(',')}`}::${escaped(message)}`;
}

function escaped(text: string): string {
  return safeText(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
