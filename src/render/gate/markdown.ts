import { safeText } from '../../core/index.ts';
import type { Decision, ImageDecision } from '../../policy/index.ts';
import {
  checkTitle,
  countOutcomes,
  locatedResults,
  REPLAY_WORDS,
  scopeTitle,
  VERDICT_WORDS,
  worstFirst,
  type GateRenderOptions,
  type LocatedResult,
} from './located-results.ts';

/** What comments of pull requests may hold is 65,536 characters. */
const MAX_CHARS = 60_000;
const MARKS = { allow: '✅', warn: '⚠️', deny: '❌' } as const;
const OUTCOMES = { pass: 'ok', warn: 'warning', fail: 'failed', error: 'error', excepted: 'excepted' } as const;

/**
 * A decision as Markdown for a pull request: the verdict, a table of the images, and for each that did not simply pass what to do. Text that comes from images shows as it
 * is: no markup, links, mentions or HTML of it take effect. What would not fit into a comment is left out, and that is said.
 */
export function renderMarkdown(decision: Decision, options: GateRenderOptions = {}): string {
  const counts = countOutcomes(decision.images);
  const head = [
    `## ${MARKS[decision.verdict]} ${VERDICT_WORDS[decision.verdict]}${counts === '' ? '' : `: ${counts}`}`,
    ...(options.replay === true ? ['', `**${REPLAY_WORDS}**`] : []),
    '',
  ];
  const foot = [
    '',
    `<sub>policy ${decision.policy.name === null ? '' : `${code(decision.policy.name)} `}${code(decision.policy.digest)}, evidence ${code(decision.evidence.digest)}, decided for ${decision.decidedAt}</sub>`,
  ];
  const notes = decision.notes.map((note) => `- note: ${prose(note.message)} ${code(note.code)}`);
  const table = ['| image | verdict | checks |', '| --- | --- | --- |'];
  const room = MAX_CHARS - size([...head, ...foot]);
  const blocks = [...table.map((line) => [line]), ...decision.images.map((image) => [row(image)]), ['', ...notes]];
  return [...head, ...fitting([...blocks, ...decision.images.map(details)], room), ...foot].join('\n');
}

/** Blocks as long as they fit, none cut within. */
function fitting(blocks: readonly (readonly string[])[], room: number): readonly string[] {
  const lines: string[] = [];
  let left = room;
  for (const [index, block] of blocks.entries()) {
    left -= size(block);
    if (left < 200)
      return [...lines, '', `_${blocks.length - index} further parts do not fit here: see the decision itself._`];
    lines.push(...block);
  }
  return lines;
}

function size(lines: readonly string[]): number {
  return lines.reduce((total, line) => total + line.length + 1, 0);
}

function row(image: ImageDecision): string {
  const digest = image.digest === null ? '' : `<br>${code(image.digest)}`;
  return `| ${code(image.reference)}${digest} | ${MARKS[image.verdict]} ${VERDICT_WORDS[image.verdict].toLowerCase()} | ${countOutcomes([image])} |`;
}

function details(image: ImageDecision): readonly string[] {
  const found = locatedResults(image)
    .filter(({ result }) => result.outcome !== 'pass')
    .toSorted((a, b) => worstFirst(a.result, b.result));
  if (found.length === 0) return [];
  const places = (image.places ?? []).map(({ file, line, path }) => `at ${code(`${file}:${line}`)} ${code(path)}`);
  return [
    '',
    `### ${code(image.reference)}`,
    '',
    ...places.slice(0, 10).map((place) => `- ${place}`),
    ...found.flatMap(item),
  ];
}

function item(located: LocatedResult): readonly string[] {
  const { result } = located;
  const scope = scopeTitle(located);
  const about = scope === '' ? '' : ` (${prose(scope)})`;
  const lines = [
    `- **${OUTCOMES[result.outcome]}** ${code(checkTitle(result))} ${code(result.code)}${about}: ${prose(result.reason)}`,
  ];
  if (result.exception !== undefined) {
    const { owner, reason, lastDay } = result.exception;
    lines.push(`  - excepted by ${prose(owner)} until ${lastDay}: ${prose(reason)}`);
  } else if (result.remedy !== undefined) {
    lines.push(`  - to pass: ${prose(result.remedy)}`);
  }
  return lines;
}

/** Text in a code element: entities for everything that Markdown or HTML could take for markup; mentions and links have no effect in there. */
function code(text: string): string {
  return `<code>${entities(safeText(text, 1000))}</code>`;
}

/** Running text. GitHub looks for mentions and references in what is rendered: an empty comment after the sign keeps them apart from it. */
function prose(text: string): string {
  return entities(safeText(text, 2000)).replaceAll(/&#(?:64|35);/g, '$&<!-- -->');
}

function entities(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9 \u00a0-\u{10ffff}]/gu, (char) => `&#${char.codePointAt(0) ?? 0};`);
}
