import { isDigest, safeText } from '../core/index.ts';
import { counted } from './counted.ts';
import type { Basis, CheckResult, Decision, ImageDecision, PlatformDecision, Verdict } from '../policy/index.ts';
import {
  checkTitle,
  countOutcomes,
  locatedResults,
  REPLAY_WORDS,
  VERDICT_WORDS,
  worstFirst,
  type GateRenderOptions,
} from './gate/located-results.ts';
import { painter, plainLength, wrappedLines, type Paint, type Style } from './running-text.ts';

export interface RenderDecisionOptions extends GateRenderOptions {
  /** Use colours. */
  readonly color: boolean;
  /** Columns of the terminal; long lines are wrapped at words. At least 40. */
  readonly width: number;
}

const MAX_NOTES = 10;
const MAX_PLACES = 5;
const SHORT_VERDICTS = { allow: 'ok', warn: 'warn', deny: 'DENY' } as const satisfies Record<Verdict, string>;
const VERDICT_STYLES = { allow: 'green', warn: 'yellow', deny: 'red' } as const satisfies Record<Verdict, Style>;
const MARKS = { pass: 'ok', warn: 'warn', fail: 'FAIL', error: 'ERROR', excepted: 'excepted' } as const;
const OUTCOME_STYLES = { pass: 'green', warn: 'yellow', fail: 'red', error: 'red', excepted: 'yellow' } as const;

/**
 * A decision for people: the verdict, then for each image what failed, on what evidence, and what would make it pass; what passed in a line each. Several images get a line
 * each first, and details only when something about them did not pass.
 */
export function renderDecision(decision: Decision, options: RenderDecisionOptions): string {
  const paper = new Paper(options);
  const { images, verdict } = decision;
  const counts = countOutcomes(images);
  const many = images.length > 1 ? ` (${images.length} images)` : '';
  const summary = counts === '' ? '' : `: ${counts}`;
  paper.line(paper.paint(VERDICT_WORDS[verdict], VERDICT_STYLES[verdict], 'bold') + many + summary);
  if (options.replay) paper.line(paper.paint(REPLAY_WORDS, 'yellow'));
  if (images.length > 1) {
    paper.line('');
    for (const image of images) renderSummary(image, paper);
  }
  const detailed = images.length > 1 ? images.filter(needsDetails) : images;
  for (const image of detailed) renderImage(image, paper);
  paper.line('');
  for (const note of decision.notes) paper.wrapped('note: ', `${note.message} [${note.code}]`);
  const name = decision.policy.name === null ? '' : ` ${safeText(decision.policy.name)}`;
  paper.line(paper.paint(`policy${name} ${decision.policy.digest}`, 'dim'));
  paper.line(paper.paint(`evidence ${decision.evidence.digest}, decided for ${decision.decidedAt}`, 'dim'));
  return paper.text();
}

function needsDetails(image: ImageDecision): boolean {
  return locatedResults(image).some(({ result }) => result.outcome !== 'pass');
}

function renderSummary(image: ImageDecision, paper: Paper): void {
  const mark = paper.paint(SHORT_VERDICTS[image.verdict].padEnd(5), VERDICT_STYLES[image.verdict]);
  const counts = countOutcomes([image]);
  paper.cut(`${mark} `, `${image.reference}  ${counts}`);
}

function renderImage(image: ImageDecision, paper: Paper): void {
  paper.line('');
  const word = paper.paint(VERDICT_WORDS[image.verdict].toLowerCase(), VERDICT_STYLES[image.verdict]);
  paper.line(`${paper.paint(safeText(image.reference), 'bold')}  ${word}`);
  if (image.digest !== null) paper.line(`  ${image.digest}`);
  const places = image.places ?? [];
  for (const { file, line, column, path } of places.slice(0, MAX_PLACES))
    paper.wrapped('  at ', `${file}:${line}:${column} ${path}`);
  if (places.length > MAX_PLACES) paper.line(`  and at ${places.length - MAX_PLACES} more places (see --json)`);
  renderResults(image.checks, paper, '  ');
  for (const platform of image.platforms) renderPlatform(platform, paper);
}

function renderPlatform(platform: PlatformDecision, paper: Paper): void {
  const { base, total } = platform.layers;
  const layers = `${counted(total, 'layer')}${base === 0 ? '' : `, the bottom ${base} a locked base`}`;
  paper.line(
    `  ${paper.paint(safeText(platform.platform ?? 'unknown platform'), 'bold')}  ${platform.manifest}  ${paper.paint(layers, 'dim')}`,
  );
  for (const rule of platform.rules) {
    const until = rule.effectiveOn === undefined ? '' : ` until ${rule.effectiveOn.slice(0, 10)}`;
    const mode = rule.mode === 'warn' ? ` (only warns${until})` : '';
    paper.line(`    rule ${safeText(rule.rule)}${mode}`);
    renderResults(rule.checks, paper, '      ');
  }
}

function renderResults(results: readonly CheckResult[], paper: Paper, indent: string): void {
  for (const result of results.toSorted(worstFirst)) renderResult(result, paper, indent);
}

function renderResult(result: CheckResult, paper: Paper, indent: string): void {
  const mark = paper.paint(MARKS[result.outcome].padEnd(5), OUTCOME_STYLES[result.outcome]);
  const what = checkTitle(result);
  if (result.outcome === 'pass') {
    paper.cut(`${indent}${mark} `, `${what}: ${result.reason}`);
    return;
  }
  paper.wrapped(`${indent}${mark} `, `${what} [${result.code}]: ${result.reason}`);
  // a digest that the sentence names already is no further evidence
  for (const line of basisLines(result.basis))
    if (!isDigest(line) || !result.reason.includes(line)) paper.wrapped(`${indent}      on `, line);
  if (result.remedy !== undefined) paper.wrapped(`${indent}      to pass: `, result.remedy);
  if (result.exception !== undefined) {
    const { owner, reason, ticket, lastDay } = result.exception;
    const by = ticket === undefined ? owner : `${owner}, ${ticket}`;
    paper.wrapped(`${indent}      excepted by ${safeText(by)} until ${lastDay}: `, reason);
  }
}

function basisLines(basis: Basis): readonly string[] {
  const notes = basis.notes ?? [];
  const more = notes.length - MAX_NOTES;
  const facts =
    notes.length > 0
      ? notes.slice(0, MAX_NOTES)
      : [...(basis.digests ?? []), ...(basis.paths ?? [])].slice(0, MAX_NOTES);
  return more > 0 ? [...facts, `and ${more} more (see --json)`] : facts;
}

/** Lines of output; everything that comes from images is made safe here. */
class Paper {
  readonly #lines: string[] = [];
  readonly #width: number;
  readonly paint: Paint;

  constructor({ width, color }: RenderDecisionOptions) {
    this.#width = width;
    this.paint = painter(color);
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  /** One line, cut at the terminal's width. `prefix` is ours, `text` is made safe. */
  cut(prefix: string, text: string): void {
    const room = Math.max(40, this.#width) - plainLength(prefix);
    const safe = safeText(text);
    this.line(prefix + (safe.length > room ? `${safe.slice(0, room - 1)}…` : safe));
  }

  /** Wrapped at words, continued under the text's first column. */
  wrapped(prefix: string, text: string): void {
    const lines = wrappedLines(prefix, safeText(text, 8192), { width: this.#width, maxIndent: 24 });
    for (const line of lines) this.line(line);
  }

  text(): string {
    return this.#lines.join('\n');
  }
}
