/**
 * waybill as a library: the use cases that the command line calls, with their results.
 *
 * Every use case takes its options and a `Runtime`, which stands for the outside world: clock, randomness, environment, cancellation, progress, cache. `createRuntime`
 * makes one. What is foreseen to fail is thrown as an `AppError` with a stable code and the exit code of its class; a verdict (unsigned, denied, invalid) is a
 * result, never an exception. References, files and everything read from registries are taken to be hostile.
 *
 * @example
 * import { createRuntime, createSboms, writeCycloneDx } from 'waybill';
 *
 * const options = { image: 'registry.example.com/shop/app:1.2', access: {}, allowEmpty: false, strict: false };
 * const { platforms: [sbom] } = await createSboms(options, createRuntime());
 * const bytes = await writeCycloneDx(sbom.document, { format: 'json', specVersion: '1.6' });
 *
 * @example
 * import { gate } from 'waybill';
 *
 * const { allowed, decision } = await gate('registry.example.com/shop/app:1.2', { policy: 'policy.yaml' });
 */
import { randomBytes } from 'node:crypto';
import {
  checkGate,
  type CheckGateOptions,
  type Decision,
  type EvidenceDocument,
  type ImageAccess,
} from './app/index.ts';
import type { Digest, ProgressListener, Runtime } from './core/index.ts';

export * from './app/index.ts';
export { AppError, ExitCode, isAppError, TOOL_NAME, TOOL_VERSION } from './core/index.ts';
export type { AppErrorOptions, Digest, JsonValue, ProgressEvent, ProgressListener, Runtime } from './core/index.ts';

export interface RuntimeOptions {
  /** Cancels the work; never unless given. */
  readonly signal?: AbortSignal;
  /** Called with progress and warnings; nobody is told unless given. */
  readonly progress?: ProgressListener;
  /** Environment variables that use cases see (SOURCE_DATE_EPOCH, REGISTRY_AUTH_FILE, HTTPS_PROXY, HOME ...); the process's unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folder of the layer cache; nothing is kept unless given. */
  readonly cacheDir?: string;
  /** The time that decisions and lock records are made for; the system clock unless given. */
  readonly now?: () => Date;
}

/** A runtime over this process: no cache, no progress and no cancellation unless told. Installs no signal handlers and writes to no stream. */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  return {
    env: options.env ?? process.env,
    now: options.now ?? (() => new Date()),
    randomBytes: (length) => randomBytes(length),
    signal: options.signal ?? new AbortController().signal,
    progress: options.progress ?? (() => undefined),
    cacheDir: options.cacheDir,
  };
}

/** What a gate may be told beside the images. Every member has the meaning of the flag of `waybill gate check`. */
export interface GateOptions extends Pick<
  CheckGateOptions,
  | 'imageLists'
  | 'deployments'
  | 'allowedKinds'
  | 'unpinned'
  | 'readStdin'
  | 'as'
  | 'maxLayerBytes'
  | 'offline'
  | 'tufCaFile'
  | 'opa'
> {
  /** Policy file. */
  readonly policy: string;
  /** Refuse any other policy than the one with this digest. */
  readonly policyDigest?: Digest;
  /** How registries are reached; credentials come from the docker and podman files unless told otherwise. */
  readonly access?: ImageAccess;
  /** For each image, collecting everything; 600,000 ms unless given. */
  readonly deadlineMs?: number;
}

export interface GateResult {
  /**
   * Whether nothing is denied of what was asked about; there may be warnings. Rules that speak of some platforms of an index approve those alone: the digests that may run are in
   * `decision.images[].approves`.
   */
  readonly allowed: boolean;
  readonly decision: Decision;
  /** All that the decision rests on: `replayGate` of it, written as JSON, decides the same. */
  readonly evidence: EvidenceDocument;
}

const DEFAULT_DEADLINE_MS = 600_000;

/**
 * Decides whether images may run: collects evidence, verifies it, decides by the policy. The use case of `waybill gate check`, with the same decision for the same evidence,
 * policy and time. What is wrong with an image is part of the decision and denies.
 * @param images references as on the command line; none when `imageLists` or `deployments` name them
 * @param runtime the process's own without a cache unless given; a cache folder must be one that nobody else can write to
 * @throws AppError for a policy that cannot be used (POLICY_INVALID ...), manifests that hide images (DEPLOYMENT_...), no image at all (NO_IMAGES) and wrong options
 */
export async function gate(
  images: string | readonly string[],
  options: GateOptions,
  runtime: Runtime = createRuntime(),
): Promise<GateResult> {
  const { policy, access = {}, deadlineMs = DEFAULT_DEADLINE_MS, ...rest } = options;
  const given = typeof images === 'string' ? [images] : images;
  const result = await checkGate({ ...rest, images: given, policyFile: policy, access, deadlineMs }, runtime);
  return { allowed: result.decision.verdict !== 'deny', ...result };
}
