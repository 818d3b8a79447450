import { AppError, ExitCode, type Digest, type Runtime } from '../../core/index.ts';
import type { EvidenceView } from '../../evidence/index.ts';
import {
  inputNeeds,
  listPolicyInputs,
  loadPolicy,
  type InputChoice,
  type LoadedPolicy,
  type PolicyInput,
} from '../../policy/index.ts';
import { appError } from '../errors.ts';
import { collectImages, type CollectingOptions } from './collect-images.ts';
import { givenNames } from './gate-images.ts';
import { readSavedEvidence } from './saved-evidence.ts';

/** Where the document is made from: an image that is looked at now, or saved evidence. */
export type PolicyInputSource =
  | (CollectingOptions & {
      readonly kind: 'image';
      readonly image: string;
      /** Name for an image from a layout, archive or directory; made canonical. */
      readonly as?: string;
    })
  | { readonly kind: 'evidence'; readonly file: string };

/**
 * An image, or evidence.
 * @throws AppError INPUT_CHOICE when both are given, or neither
 */
export function policyInputSource(
  given: Omit<Extract<PolicyInputSource, { readonly kind: 'image' }>, 'kind' | 'image'> & {
    readonly image: string | undefined;
    readonly evidence: string | undefined;
  },
): PolicyInputSource {
  const { image, evidence, ...rest } = given;
  if (image !== undefined && evidence === undefined) return { kind: 'image', image, ...rest };
  if (evidence !== undefined && image === undefined) return { kind: 'evidence', file: evidence };
  throw appError(
    'INPUT_CHOICE',
    image === undefined ? 'neither an image nor evidence is given' : 'both an image and evidence are given',
    {
      hint: 'name an image, or give a file of gate check --evidence-out with --evidence',
    },
  );
}

export interface ShowPolicyInputOptions {
  readonly policyFile: string;
  readonly policyDigest?: Digest;
  readonly source: PolicyInputSource;
  /** Needed where several rules have Rego policies for the image, or none. */
  readonly rule?: string;
  /** Needed for an image with several platforms. */
  readonly platform?: string;
  /** The time decided for: now, or when the evidence was collected, unless given. */
  readonly asOf?: Date;
}

/**
 * The document that a Rego policy sees of an image, exactly.
 * @throws AppError for the policy; INPUT_CHOICE where there is not exactly one such document; the codes of what could not be collected
 */
export async function showPolicyInput(options: ShowPolicyInputOptions, runtime: Runtime): Promise<PolicyInput> {
  const { source } = options;
  const loaded = await loadPolicy(
    options.policyFile,
    options.policyDigest === undefined ? {} : { expectedDigest: options.policyDigest },
  );
  const view = source.kind === 'image' ? await collect(source, loaded, runtime) : await readSavedEvidence(source.file);
  const now = options.asOf ?? new Date(view.document.collectedAt);
  const { choices, errors } = await listPolicyInputs(view, loaded, { now });
  const failure = choices.length === 0 ? errors[0] : undefined;
  if (failure !== undefined) throw new AppError(failure.code, failure.exitCode, failure.reason);
  const seen = choose(choices, options).read();
  if ('input' in seen) return seen.input;
  const { code, reason, exitCode = ExitCode.Input, remedy } = seen.gap;
  throw new AppError(code, exitCode, reason, remedy === undefined ? {} : { hint: remedy });
}

async function collect(
  source: Extract<PolicyInputSource, { readonly kind: 'image' }>,
  loaded: LoadedPolicy,
  runtime: Runtime,
): Promise<EvidenceView> {
  const { image, as } = source;
  const collection = {
    images: [image],
    names: givenNames([image], as),
    loaded,
    collectedAt: runtime.now(),
    needs: (name: string | null) => inputNeeds(loaded.policy, name),
  };
  return (await collectImages(collection, source, runtime)).view;
}

/** The one document that is meant: rules with a Rego policy go before others. */
function choose(choices: readonly InputChoice[], { rule, platform }: ShowPolicyInputOptions): InputChoice {
  const fitting = choices.filter(
    (choice) =>
      (rule === undefined || choice.rule === rule) && (platform === undefined || choice.platform === platform),
  );
  const withRego = fitting.filter((choice) => choice.hasRego);
  const [chosen, ...others] = withRego.length > 0 ? withRego : fitting;
  if (chosen !== undefined && others.length === 0) return chosen;
  const offered = (chosen === undefined ? choices : [chosen, ...others]).map(
    (choice) => `--platform ${choice.platform} --rule ${choice.rule}`,
  );
  if (offered.length === 0) {
    throw appError('INPUT_CHOICE', 'no rule of the policy speaks of the image, so no policy sees it', {
      hint: 'say with --as which name it will be deployed under, or add a rule whose images match it',
    });
  }
  const few = [...new Set(offered)].slice(0, 10).join('; ');
  throw appError(
    'INPUT_CHOICE',
    chosen === undefined ? 'no policy sees such an image' : `policies see ${offered.length} documents of it`,
    { hint: `choose one: ${few}` },
  );
}
