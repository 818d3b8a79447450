import type { EvidenceError, ImageView, PlatformView } from '../evidence/index.ts';
import type { Digest, ExitCode } from '../core/index.ts';
import type { RegoEvaluator } from './rego/rego-runner.ts';
import type { ImageStatements } from './signers/statements.ts';
import type { MissingTrust } from './signers/trust.ts';
import type { LoadedPolicy, PolicyRule } from './file/types.ts';

/** Everything one rule may look at for one platform of one image. */
export interface RuleContext {
  readonly loaded: LoadedPolicy;
  readonly rule: PolicyRule;
  readonly image: ImageView;
  readonly platform: PlatformView;
  readonly statements: ImageStatements;
  readonly lock: LockFacts;
  /** Runs Rego policies for this decision. */
  readonly rego: RegoEvaluator;
  readonly now: Date;
}

/** What questions about bundles look at. */
export type BundleContext = Pick<RuleContext, 'loaded' | 'image' | 'platform' | 'statements'>;

/** What was verified about the lock before rules are evaluated. */
export interface LockFacts {
  /** Undefined: nothing demanded, or met. */
  readonly refused?: {
    readonly code: string;
    readonly reason: string;
    readonly remedy: string;
    readonly exitCode: ExitCode;
  };
  /** `sequence manifest` of platforms whose base is signed by an identity of its entry, with the identity's name. */
  readonly authenticated: ReadonlyMap<string, string>;
  /** Why signatures by keyless identities could not be judged; undefined when they could. */
  readonly missingTrust: MissingTrust | undefined;
}

export function authenticatedKey(sequence: number, manifest: Digest): string {
  return `${sequence} ${manifest}`;
}

/** Digests whose signatures cover this platform: the index and the platform manifest. */
export function coveringSubjects(context: Pick<RuleContext, 'image' | 'platform'>): readonly Digest[] {
  const { image, platform } = context;
  return image.index === null ? [platform.manifest] : [image.index.digest, platform.manifest];
}

/** The first collection error that may hide bundles of these subjects. */
export function referrerError(image: ImageView, subjects: readonly Digest[]): EvidenceError | undefined {
  return image.errors.find(
    (error) => error.what === 'referrers' && (error.subject === undefined || subjects.includes(error.subject)),
  );
}

/** The first collection error of a part of this platform. */
export function platformError(
  context: RuleContext,
  parts: readonly EvidenceError['what'][],
): EvidenceError | undefined {
  const { image, platform } = context;
  return image.errors.find(
    (error) => parts.includes(error.what) && (error.subject === undefined || error.subject === platform.manifest),
  );
}
