import { isAppError, throwIfAborted, ExitCode, type Digest, type Runtime } from '../../core/index.ts';
import type { EvidenceView } from '../../evidence/index.ts';
import {
  compareImages,
  countCodes,
  type CodeCount,
  type Decision,
  type ImageChange,
  type LoadedPolicy,
} from '../../policy/index.ts';
import { openPolicy } from '../gate/compile-rego.ts';
import { appError } from '../errors.ts';
import { findFiles } from '../store/find-files.ts';
import { decideSaved, isDecision, readSavedEvidence } from '../gate/saved-evidence.ts';

export interface TryPolicyOptions {
  /** Evidence files, and folders that are searched for `*.json`. */
  readonly evidence: readonly string[];
  /** The candidate. */
  readonly policyFile: string;
  /** The policy that is in force; without it, what the candidate says is all that is told. */
  readonly againstFile?: string;
  /** The time to decide for; for each file the one its evidence was collected at unless given. */
  readonly asOf?: Date;
  /** As for `checkGate`. */
  readonly opa?: string;
}

export interface TriedImage extends ImageChange {
  readonly file: string;
}

export interface TryPolicyResult {
  /** A replay never gates. */
  readonly replay: true;
  readonly policy: { readonly file: string; readonly digest: Digest };
  readonly against: { readonly file: string; readonly digest: Digest } | null;
  readonly counts: {
    readonly images: number;
    readonly denied: number;
    readonly newlyDenied: number;
    readonly newlyAllowed: number;
    readonly changed: number;
    readonly unchanged: number;
  };
  /** Why images are denied: of the newly denied where there is a policy to compare with, else of all. */
  readonly codes: readonly CodeCount[];
  /** By path, then in the order of the evidence. */
  readonly images: readonly TriedImage[];
  /** Files that could not be opened as evidence. */
  readonly errors: readonly {
    readonly file: string;
    readonly code: string;
    readonly message: string;
    readonly exitCode: ExitCode;
  }[];
  /** Decisions that lie beside the evidence. */
  readonly passedOver: readonly string[];
}

/**
 * Shows what a candidate policy would say about recorded evidence, and what that changes. Reads files only, one evidence file at a time.
 * @throws AppError EVIDENCE_MISSING when there is no file at all, and what `loadPolicy` throws; a file that is no evidence is an error in the result
 */
export async function tryPolicy(options: TryPolicyOptions, runtime: Runtime): Promise<TryPolicyResult> {
  const { policyFile, againstFile, asOf, opa } = options;
  const opening = opa === undefined ? {} : { opa };
  const candidate = await openPolicy(policyFile, opening, runtime);
  const current = againstFile === undefined ? undefined : await openPolicy(againstFile, opening, runtime);
  const images: TriedImage[] = [];
  const errors: TryPolicyResult['errors'][number][] = [];
  const passedOver: string[] = [];
  for (const file of await evidenceFiles(options.evidence)) {
    throwIfAborted(runtime.signal);
    const opened = await tryOpen(file);
    if ('error' in opened) errors.push({ file, ...opened.error });
    else if ('passedOver' in opened) passedOver.push(file);
    else {
      const decisions = await decideBoth(opened.view, { candidate, current, asOf });
      images.push(...compareImages(decisions.after, decisions.before).map((change) => ({ file, ...change })));
    }
  }
  const telling = images.filter((image) =>
    current === undefined ? image.after === 'deny' : image.change === 'newly-denied',
  );
  return {
    replay: true,
    policy: { file: policyFile, digest: candidate.digest },
    against: current === undefined || againstFile === undefined ? null : { file: againstFile, digest: current.digest },
    counts: countChanges(images),
    codes: countCodes(telling),
    images,
    errors,
    passedOver,
  };
}

/** 1 when something is denied and that is to count; else the class of the first file that could not be opened. */
export function tryPolicyExitCode(result: TryPolicyResult, options: { readonly failOnDenied: boolean }): ExitCode {
  const denied = result.against === null ? result.counts.denied : result.counts.newlyDenied;
  if (options.failOnDenied && denied > 0) return ExitCode.Negative;
  return result.errors[0]?.exitCode ?? ExitCode.Passed;
}

async function evidenceFiles(paths: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const found = await findFiles(path, { isWanted: (name) => name.endsWith('.json') });
    files.push(...found.files);
  }
  if (files.length > 0) return files;
  throw appError('EVIDENCE_MISSING', `no evidence is under ${paths.join(', ')}`, {
    hint: 'gate check --evidence-out NAME.json writes it',
  });
}

type Opened =
  | { readonly view: EvidenceView }
  | { readonly passedOver: true }
  | { readonly error: { readonly code: string; readonly message: string; readonly exitCode: ExitCode } };

async function tryOpen(file: string): Promise<Opened> {
  try {
    return { view: await readSavedEvidence(file) };
  } catch (error) {
    if (!isAppError(error)) throw error;
    // `gate check --decision-out` often writes beside the evidence
    if (await isDecision(file)) return { passedOver: true };
    const { code, message, exitCode } = error;
    return { error: { code, message, exitCode } };
  }
}

async function decideBoth(
  view: EvidenceView,
  options: {
    readonly candidate: LoadedPolicy;
    readonly current: LoadedPolicy | undefined;
    readonly asOf: Date | undefined;
  },
): Promise<{ readonly after: Decision; readonly before: Decision | undefined }> {
  const { candidate, current, asOf } = options;
  const after = await decideSaved(view, candidate, asOf);
  return { after, before: current === undefined ? undefined : await decideSaved(view, current, asOf) };
}

function countChanges(images: readonly TriedImage[]): TryPolicyResult['counts'] {
  const count = (change: ImageChange['change']): number => images.filter((image) => image.change === change).length;
  return {
    images: images.length,
    denied: images.filter((image) => image.after === 'deny').length,
    newlyDenied: count('newly-denied'),
    newlyAllowed: count('newly-allowed'),
    changed: count('changed'),
    unchanged: count('unchanged'),
  };
}
