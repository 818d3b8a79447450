import type { Digest, Runtime } from '../../core/index.ts';
import { openEvidence, type EvidenceDocument } from '../../evidence/index.ts';
import { decide, evidenceNeeds, hasVsaRules, needsAfterBundles, type Decision } from '../../policy/index.ts';
import { openPolicy, type OpaRuntime, type OpenPolicyOptions } from './compile-rego.ts';
import { collectImages, type CollectingOptions } from './collect-images.ts';
import { checkGateOutputs, givenNames } from './gate-images.ts';
import { decideSaved, readSavedEvidence } from './saved-evidence.ts';
import { readGateInputs, type GateInputOptions, type GateInputs } from './gate-inputs.ts';

export interface CheckGateOptions extends GateInputOptions, CollectingOptions {
  readonly policyFile: string;
  /** Refuse any other policy. */
  readonly policyDigest?: Digest;
  /** Name for the one image when it comes from a layout, archive or directory; made canonical. */
  readonly as?: string;
  /** Files that will be written: never the policy's own. */
  readonly outputFiles?: readonly string[];
  /** Collect what every check looks at, even where a verification summary spares it: evidence that other policies can be tried on. False unless given. */
  readonly fullEvidence?: boolean;
  /** The opa program that compiles Rego sources: a plain name or an absolute path. Without it they are errors in the decision. */
  readonly opa?: string;
}

export interface CheckGateResult {
  readonly decision: Decision;
  readonly evidence: EvidenceDocument;
}

/**
 * Collects evidence, then decides. What could not be collected is an error in the decision, never a gap.
 * @throws AppError for the policy and for wrong use; problems with images are part of the decision
 */
export async function checkGate(options: CheckGateOptions, runtime: Runtime): Promise<CheckGateResult> {
  return decideInputs(await readGateInputs(options), options, runtime);
}

/** The same for inputs that were read already. */
export async function decideInputs(
  inputs: GateInputs,
  options: CheckGateOptions,
  runtime: Runtime,
): Promise<CheckGateResult> {
  const names = givenNames(inputs.images, options.as);
  const loaded = await openPolicy(options.policyFile, policyOptions(options), runtime);
  await checkGateOutputs(options.outputFiles ?? [], { policyFile: options.policyFile, loaded, inputs: inputs.files });
  // one time for evidence and decision: a replay for that time gives the same bytes
  const now = runtime.now();
  const { view, document } = await collectImages(
    {
      images: inputs.images,
      names,
      loaded,
      collectedAt: now,
      needs: (name) => evidenceNeeds(loaded.policy, name),
      ...(hasVsaRules(loaded.policy) && options.fullEvidence !== true
        ? { settle: (found) => needsAfterBundles(openEvidence(found), loaded, now) }
        : {}),
      deployed: inputs.deployed,
    },
    options,
    runtime,
  );
  return { decision: await decide(view, loaded, { now }), evidence: document };
}

export interface ReplayGateOptions {
  readonly evidenceFile: string;
  /** Files that will be written: never the evidence nor the policy's own. */
  readonly outputFiles?: readonly string[];
  readonly policyFile: string;
  readonly policyDigest?: Digest;
  /** The time to decide for; the one the evidence was collected at unless given. */
  readonly asOf?: Date;
  /** As for `checkGate`. */
  readonly opa?: string;
}

export interface ReplayGateResult {
  /** A replay never gates. */
  readonly replay: true;
  readonly decision: Decision;
}

/**
 * Decides again from saved evidence: no network, no registry.
 * @param runtime where `opa` is looked for; only the system's own folders unless given
 */
export async function replayGate(
  options: ReplayGateOptions,
  runtime: OpaRuntime = { env: {}, signal: new AbortController().signal },
): Promise<ReplayGateResult> {
  const loaded = await openPolicy(options.policyFile, policyOptions(options), runtime);
  await checkGateOutputs(options.outputFiles ?? [], {
    policyFile: options.policyFile,
    loaded,
    inputs: [options.evidenceFile],
  });
  const view = await readSavedEvidence(options.evidenceFile);
  return { replay: true, decision: await decideSaved(view, loaded, options.asOf) };
}

function policyOptions({ policyDigest, opa }: Pick<CheckGateOptions, 'policyDigest' | 'opa'>): OpenPolicyOptions {
  return {
    ...(policyDigest === undefined ? {} : { expectedDigest: policyDigest }),
    ...(opa === undefined ? {} : { opa }),
  };
}
