import { ExitCode, type Digest } from '../../core/index.ts';
import { coveringSubjects, platformError, referrerError, type RuleContext } from '../context.ts';

/** Why there is no document for a policy to see. */
export interface InputGap {
  readonly code: string;
  readonly reason: string;
  readonly subject?: Digest;
  readonly exitCode?: ExitCode;
  readonly remedy?: string;
}

const AGAIN =
  'only evidence collected for a rule with "rego" holds everything a policy sees: collect it again with such a rule, or show what gate input says of the image itself';

/**
 * The first thing that a policy would look for in vain: a part that could not be collected, or that nobody asked for. A policy may ask for anything, so
 * everything has to be there.
 * @param uncompared whether it is unknown what upper layers did to a locked base
 */
export function inputGap(context: RuleContext, uncompared: boolean): InputGap | undefined {
  const { image, platform, lock } = context;
  const { evidence } = platform;
  if (lock.refused !== undefined) return lock.refused;
  const subjects = coveringSubjects(context);
  const failed =
    platformError(context, ['resolve', 'manifest', 'layers', 'scan', 'comparison', 'files', 'build-attestations']) ??
    referrerError(image, subjects);
  if (failed !== undefined) return failed;
  const unasked = subjects.find((digest) => image.subject(digest) === undefined);
  if (unasked !== undefined) return missing(`the evidence does not say what is attached to ${unasked}`, unasked);
  const unreadable = subjects
    .flatMap((digest) => image.subject(digest)?.unreadable ?? [])
    .find((referrer) => referrer.code !== 'REFERRER_MALFORMED');
  if (unreadable !== undefined) {
    const { code, reason, manifest: subject } = unreadable;
    return { code, reason: `something attached to the image cannot be read: ${reason}`, subject };
  }
  const { missingTrust } = context.statements;
  if (missingTrust !== undefined && context.statements.rejected.some((bundle) => bundle.code === missingTrust.code))
    return missingTrust;
  const parts: readonly (readonly [string, boolean])[] = [
    ['layers', evidence.layersVerified],
    ['packages', evidence.scan !== null],
    ['build attestations', platform.build !== undefined],
    ['ledger of files', evidence.files !== undefined],
    ['configuration and files', evidence.system !== undefined],
    ['changes to the base', !uncompared],
  ];
  const lacking = parts.find(([, there]) => !there);
  return lacking === undefined
    ? undefined
    : missing(`the evidence does not say what a policy sees of the image's ${lacking[0]}`, platform.manifest);
}

function missing(reason: string, subject: Digest): InputGap {
  return { code: 'REGO_INPUT_INCOMPLETE', reason, subject, exitCode: ExitCode.Input, remedy: AGAIN };
}
