import { canonicalJson, ExitCode, TOOL_NAME, TOOL_VERSION, type JsonValue } from '../core/index.ts';
import type { EvidenceView } from '../evidence/index.ts';
import type { CheckResult, Decision, DecisionNote, ImageDecision, Verdict } from './decision.ts';
import { evaluateImage } from './evaluate-image.ts';
import { verifyLock } from './base/lock-facts.ts';
import { checkBundle } from '../verification/index.ts';
import { RegoRunner } from './rego/rego-runner.ts';
import { policySigners, type BundleChecker } from './signers/signers.ts';
import { verifyImageBundles } from './signers/statements.ts';
import { policyTrust } from './signers/trust.ts';
import type { LoadedPolicy } from './file/types.ts';
import { lastDay } from './file/values.ts';

export interface DecideOptions {
  /** The time decided for; recorded in the decision. */
  readonly now: Date;
  /** How bundles are checked; the verification room's way unless given. */
  readonly checkBundle?: BundleChecker;
}

/**
 * Decides. Pure: reads nothing but its arguments, verifies every bundle again in memory, and gives the same decision for the same evidence, policy and time.
 * Never throws for what images or bundles hold; a check that cannot be evaluated is an `error` in the decision and denies.
 */
export async function decide(evidence: EvidenceView, loaded: LoadedPolicy, options: DecideOptions): Promise<Decision> {
  const { now } = options;
  const check = options.checkBundle ?? checkBundle;
  const signers = await policySigners(loaded, policyTrust(loaded, evidence), now);
  const lock = await verifyLock(loaded, evidence, { signers, check });
  await using rego = new RegoRunner();
  const images: ImageDecision[] = [];
  for (const image of evidence.images) {
    const statements = await verifyImageBundles(image, signers, check);
    images.push(await evaluateImage({ loaded, image, statements, lock, rego, now }));
  }
  return {
    apiVersion: 'waybill.dev/v1',
    kind: 'Decision',
    tool: { name: TOOL_NAME, version: TOOL_VERSION },
    decidedAt: now.toISOString(),
    policy: { name: loaded.policy.name ?? null, digest: loaded.digest },
    evidence: { digest: evidence.digest, collectedAt: evidence.document.collectedAt },
    verdict: worst(images),
    exitCode: exitCodeOf(images),
    images,
    notes: notesOf(loaded, now),
  };
}

/** The bytes that a decision is compared and hashed by. */
export function canonicalDecision(decision: Decision): string {
  return canonicalJson(decision as unknown as JsonValue);
}

/** Every result of an image, those about the image as such first. */
export function allResults(image: ImageDecision): readonly CheckResult[] {
  return [...image.checks, ...image.platforms.flatMap((platform) => platform.rules.flatMap((rule) => rule.checks))];
}

/** No image at all is nobody's approval. */
function worst(images: readonly ImageDecision[]): Verdict {
  if (images.length === 0 || images.some((image) => image.verdict === 'deny')) return 'deny';
  return images.some((image) => image.verdict === 'warn') ? 'warn' : 'allow';
}

function exitCodeOf(images: readonly ImageDecision[]): ExitCode {
  const results = images.flatMap(allResults);
  if (images.length === 0) return ExitCode.Usage;
  if (results.some((result) => result.outcome === 'fail')) return ExitCode.Negative;
  const error = results.find((result) => result.outcome === 'error');
  return error === undefined ? ExitCode.Passed : (error.exitCode ?? ExitCode.Internal);
}

function notesOf(loaded: LoadedPolicy, now: Date): readonly DecisionNote[] {
  const lapsed = (loaded.policy.exceptions ?? []).filter((exception) => exception.expires <= now);
  return [
    ...[...(loaded.compiledRego ?? [])].map(([path, { compiler }]) => ({
      code: 'REGO_COMPILED',
      message: `${path} was compiled by ${compiler}`,
    })),
    ...lapsed.map((exception) => ({
      code: 'EXCEPTION_EXPIRED',
      message: `the exception for ${exception.check} of rule ${exception.rule} ended with ${lastDay(exception.expires)}; owner ${exception.owner}`,
    })),
    ...loaded.problems
      .filter((problem) => problem.code === 'POLICY_LOCK_UNPINNED')
      .map((problem) => ({ code: problem.code, message: problem.message })),
  ];
}
