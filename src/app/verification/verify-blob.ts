import { createReadStream, statSync } from 'node:fs';
import { BUNDLE_SUFFIX, resolvePredicateType } from '../../attestation/index.ts';
import {
  coreError,
  createDigester,
  ExitCode,
  isDigest,
  LIMITS,
  readInputFile,
  sha256Digest,
  type Digest,
  type Runtime,
} from '../../core/index.ts';
import { checkArtifact, type BundleVerdict, type FileToCheck, type FileVerdict } from '../../verification/index.ts';
import { appError } from '../errors.ts';
import { acceptedSigner, type AcceptedSigner } from './accepted-signer.ts';
import { signerLoader, type SignerAccess } from './signers.ts';

export interface VerifyBlobOptions {
  /** A path; or `sha256:` and 64 hexadecimal digits, where no file has that name. */
  readonly file: string;
  /** The one beside the file, `FILE.sigstore.json`, unless told. */
  readonly bundleFile?: string;
  readonly signers: SignerAccess;
  /** A statement of this type (short name or URI) about the file instead of anything that is signed. */
  readonly type?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly maxBundleBytes?: number;
}

export interface VerifyBlobResult {
  readonly verified: boolean;
  /** VERIFIED, or why the bundle does not count. */
  readonly code: string;
  readonly file: string;
  /** SHA-256 of the file, unless another was given. */
  readonly digest: Digest;
  readonly bundle: Digest;
  /** What the bundle is: the file's own signature, or a statement about it; absent when it was refused. */
  readonly kind?: 'signature' | 'attestation';
  readonly predicateType?: string;
  readonly signer?: AcceptedSigner;
  readonly reason?: string;
  readonly claimedIdentity?: string;
}

/** Larger files are judged by their digest, which all but Ed25519 signatures allow. */
const MAX_BYTES_IN_MEMORY = 256 * 1024 * 1024;

/**
 * Checks a bundle over a file: its own signature, or a statement of which it is a subject. A refusal is a negative verdict.
 * @throws AppError INPUT_CHOICE for a digest without a bundle, and the codes of reading files and trust
 */
export async function verifyBlob(options: VerifyBlobOptions, runtime: Runtime): Promise<VerifyBlobResult> {
  const { maxBundleBytes = LIMITS.bundleBytes, type, annotations } = options;
  const wanted = type === undefined ? undefined : resolvePredicateType(type);
  const bundle = await readInputFile(options.bundleFile ?? bundleBeside(options.file), maxBundleBytes);
  const { file, digest } = await readArtifact(options.file, runtime.signal);
  const verdict = await checkArtifact(bundle, {
    ...(await signerLoader(options.signers, runtime)({ bundles: [bundle] })),
    file,
    maxBytes: maxBundleBytes,
    ...(wanted === undefined ? {} : { predicateType: wanted }),
    ...(annotations === undefined ? {} : { annotations }),
  });
  const common = { file: options.file, digest, bundle: verdict.bundleDigest };
  if (verdict.ok && wanted !== undefined && !('statement' in verdict)) {
    const reason = `the bundle is the file’s own signature, not a statement of type ${wanted.uri}`;
    return { verified: false, code: 'PREDICATE_TYPE', ...common, reason };
  }
  return verdict.ok
    ? { verified: true, code: 'VERIFIED', ...common, ...accepted(verdict) }
    : { ...refused(verdict), ...common };
}

export function verifyBlobExitCode(result: VerifyBlobResult): ExitCode {
  return result.verified ? ExitCode.Passed : ExitCode.Negative;
}

type Accepted = Extract<BundleVerdict | FileVerdict, { readonly ok: true }>;
type Refused = Extract<BundleVerdict | FileVerdict, { readonly ok: false }>;

function accepted(verdict: Accepted): Pick<VerifyBlobResult, 'kind' | 'predicateType' | 'signer'> {
  const signer = acceptedSigner(verdict);
  return 'statement' in verdict
    ? { kind: 'attestation', predicateType: verdict.predicateType, signer }
    : { kind: 'signature', signer };
}

function refused({ code, reason, claimedIdentity }: Refused): Pick<VerifyBlobResult, 'verified' | 'code' | 'reason'> {
  return { verified: false, code, reason, ...(claimedIdentity === undefined ? {} : { claimedIdentity }) };
}

function bundleBeside(file: string): string {
  if (!isDigestOnly(file)) return `${file}${BUNDLE_SUFFIX}`;
  throw appError('INPUT_CHOICE', 'a digest has no bundle beside it', { hint: 'name the bundle with --bundle' });
}

function isDigestOnly(path: string): path is Digest {
  return isDigest(path) && statSync(path, { throwIfNoEntry: false }) === undefined;
}

/** The bytes of a file when they fit into memory, and its digest; the digest alone when that is what was given. */
async function readArtifact(
  path: string,
  signal: AbortSignal,
): Promise<{ readonly file: FileToCheck; readonly digest: Digest }> {
  if (isDigestOnly(path)) return { file: { digest: path }, digest: path };
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() === true && stats.size > MAX_BYTES_IN_MEMORY) {
    const digest = await digestOfFile(path, signal);
    return { file: { digest }, digest };
  }
  const bytes = await readInputFile(path, MAX_BYTES_IN_MEMORY);
  return { file: { bytes }, digest: sha256Digest(bytes) };
}

async function digestOfFile(path: string, signal: AbortSignal): Promise<Digest> {
  const digester = createDigester();
  try {
    for await (const chunk of createReadStream(path, { signal }) as AsyncIterable<Buffer>) digester.update(chunk);
  } catch (cause) {
    throw coreError('FILE_UNREADABLE', `${path} cannot be read`, { cause });
  }
  return digester.digest();
}
