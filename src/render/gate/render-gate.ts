import { canonicalJson, inertJson, type JsonValue } from '../../core/index.ts';
import type { Decision } from '../../policy/index.ts';
import { renderDecision, type RenderDecisionOptions } from '../decision.ts';
import { renderGithub } from './github.ts';
import { renderJunit } from './junit.ts';
import { renderMarkdown } from './markdown.ts';
import { renderSarif } from './sarif.ts';

const RENDERERS = {
  text: renderDecision,
  // a terminal may act on what canonical JSON leaves as it is: the same value, spelled with escapes
  json: (decision) => inertJson(canonicalJson(decision as unknown as JsonValue)),
  sarif: renderSarif,
  junit: renderJunit,
  markdown: renderMarkdown,
  github: renderGithub,
} as const satisfies Record<string, (decision: Decision, options: RenderDecisionOptions) => string>;

/** A decision in one of the formats of `gate check -o`, without a newline at its end. Nothing in it acts on a terminal or a CI runner but what `github` is for. */
export function renderGate(decision: Decision, format: keyof typeof RENDERERS, options: RenderDecisionOptions): string {
  return RENDERERS[format](decision, options).trimEnd();
}
