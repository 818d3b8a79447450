import { safeText } from '../core/index.ts';
import type { ExplainPolicyResult } from '../app/index.ts';
import { painter, wrappedLines, type Paint, type Style } from './running-text.ts';
import { renderTable } from './table.ts';

export interface ExplanationOptions {
  readonly color: boolean;
  /** Columns; text is wrapped at words. */
  readonly width: number;
  /** List every check that `image.checks` may name, too. */
  readonly listChecks: boolean;
}

type RuleResult = ExplainPolicyResult['rules'][number];

const OTHERWISE = { deny: 'DENY', warn: 'warn', allow: 'note' } as const;
const OTHERWISE_STYLES = { deny: 'red', warn: 'yellow', allow: 'dim' } as const;
const UNMATCHED = { deny: 'is denied', warn: 'is allowed with a warning', allow: 'is allowed' } as const;

/** What a policy demands, for people: rule by rule, then whom and what it knows. */
export function renderExplanation(result: ExplainPolicyResult, options: ExplanationOptions): string {
  const page = new Page(options);
  const about = result.image === null ? '' : ` about ${result.image}`;
  page.text('', `${result.name === null ? result.file : `policy ${result.name}`}${about}`, 'bold');
  if (result.image !== null && result.rules.length === 0)
    page.text('', `No rule speaks of it: it ${UNMATCHED[result.unmatched]}.`);
  else
    page.text(
      '',
      `An image that no enforced rule speaks of ${UNMATCHED[result.unmatched]}. All rules that speak of an image must pass.`,
    );
  if (result.deniedDigests > 0)
    page.text('', `${result.deniedDigests} digests of images and bases are denied whatever else is true.`);
  for (const rule of result.rules) renderRule(rule, page);
  renderExceptions(result, page);
  page.list(
    'who may vouch',
    result.identities.map(({ name, text }) => `${name}: ${text}`),
  );
  page.list('bases', [
    ...(result.lock === null ? [] : [`lock ${result.lock.path}: ${result.lock.text}`]),
    ...result.bases.map(({ name, text }) => `${name}: ${text}`),
  ]);
  if (options.listChecks) page.block('checks that image.checks may name', checkTable(result, options));
  page.gap();
  page.text('', `digest ${result.digest}`, 'dim');
  return page.done();
}

function renderRule(rule: RuleResult, page: Page): void {
  const day = rule.effectiveOn === null ? '' : `, denies from ${rule.effectiveOn} (00:00 UTC)`;
  page.gap();
  page.text(
    '',
    `rule ${rule.rule}${rule.enforced ? '' : ` (only warns${day}; what cannot be evaluated denies all the same)`}`,
    'bold',
  );
  page.text('  images ', rule.images.join(', '));
  page.text('  platforms ', rule.platforms.join(', '));
  for (const { check, text, otherwise } of rule.demands) page.mark(otherwise, `${check}: ${text}`);
  if (rule.defaults.length > 0)
    page.text('  not said, so ', rule.defaults.map(({ word, value }) => `${word}: ${value}`).join(' · '), 'dim');
  const cost = rule.readsLayers ? 'reads every layer' : 'reads no layer';
  page.text(`  collects (${cost}) `, rule.collects.join('; ') || 'manifests and configuration only', 'dim');
}

function renderExceptions(result: ExplainPolicyResult, page: Page): void {
  page.list(
    'exceptions',
    result.exceptions.map(({ rule, check, images, digests, reason, owner, ticket, lastDay, expired }) => {
      const until = expired ? `ended with ${lastDay}, does nothing` : `until ${lastDay} (UTC)`;
      const of = [...images, ...digests].join(', ');
      return `rule ${rule}, ${check}, of ${of}: ${until}; ${reason} (${ticket === null ? owner : `${owner}, ${ticket}`})`;
    }),
  );
}

function checkTable(result: ExplainPolicyResult, { color }: ExplanationOptions): string {
  const columns = [
    { title: 'CHECK', value: ({ id }: ExplainPolicyResult['imageChecks'][number]) => id },
    { title: 'SEVERITY', value: ({ severity }: ExplainPolicyResult['imageChecks'][number]) => severity },
    { title: 'START WITH', value: ({ defaultMode }: ExplainPolicyResult['imageChecks'][number]) => defaultMode },
    { title: 'A GOOD IMAGE', value: ({ title }: ExplainPolicyResult['imageChecks'][number]) => title },
  ];
  return renderTable(columns, result.imageChecks, { color }).trimEnd();
}

/** Lines of output; text of the policy is made safe here. */
class Page {
  readonly #lines: string[] = [];
  readonly #width: number;
  readonly #paint: Paint;

  constructor({ width, color }: ExplanationOptions) {
    this.#width = width;
    this.#paint = painter(color);
  }

  gap(): void {
    this.#lines.push('');
  }

  /** Wrapped at words; continued under the first column of the text. `prefix` is ours. */
  text(prefix: string, text: string, style?: Style): void {
    const lines = wrappedLines(prefix, safeText(text, 16_384), { width: this.#width, maxIndent: 10 });
    for (const line of lines) this.#push(line, style);
  }

  /** A demand: its mark, then its words. */
  mark(otherwise: keyof typeof OTHERWISE, text: string): void {
    this.text(`    ${this.#paint(OTHERWISE[otherwise], OTHERWISE_STYLES[otherwise])}  `, text);
  }

  list(title: string, items: readonly string[]): void {
    if (items.length === 0) return;
    this.gap();
    this.#push(title, 'bold');
    for (const item of items) this.text('  ', item);
  }

  block(title: string, block: string): void {
    this.gap();
    this.#push(title, 'bold');
    this.#lines.push(block);
  }

  done(): string {
    return this.#lines.join('\n');
  }

  #push(line: string, style: Style | undefined): void {
    this.#lines.push(style === undefined ? line : this.#paint(line, style));
  }
}
