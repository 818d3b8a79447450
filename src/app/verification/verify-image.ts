import {
  findBundles,
  findLegacy,
  resolvePredicateType,
  SIGN_PREDICATE_TYPE,
  type PredicateType,
  type UnreadableReferrer,
} from '../../attestation/index.ts';
import { coreError, ExitCode, type Digest, type Runtime } from '../../core/index.ts';
import { formatPlatform, listPlatformImages, parseImageReference, type ReferrerStore } from '../../image/index.ts';
import {
  evaluateSignatures,
  type AcceptedLegacy,
  type EvaluateOptions,
  type RejectedBundle,
  type VerifiedBundle,
} from '../../verification/index.ts';
import { findLimits, openImageStore, requireReferrers, type ImageAccess } from '../store/open-image-store.ts';
import { acceptedSigner, type AcceptedSigner } from './accepted-signer.ts';
import { resolveTarget } from '../store/resolve-target.ts';
import { signerLoader, type SignerAccess, type SignerLoader } from './signers.ts';

export interface VerifyImageOptions {
  readonly image: string;
  readonly access: ImageAccess;
  readonly signers: SignerAccess;
  /** Also judge what cosign 1 and 2 attached under tags. */
  readonly allowLegacy?: boolean;
  /** An attestation of this type (short name or URI) instead of an image signature. */
  readonly type?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** How many distinct keys and identities must have signed. */
  readonly threshold?: number;
  /** Of an index, every platform's own manifest too; of attestations, which speak of platforms, only theirs. */
  readonly recursive?: boolean;
}

export interface AcceptedSignature extends AcceptedSigner {
  readonly predicateType: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Digest of the bundle's bytes; of a signature in the layout of cosign 1 and 2, of the document that was signed. */
  readonly bundle: Digest;
  /** In the layout of cosign 1 and 2. */
  readonly legacy?: true;
}

export interface RejectedSignature {
  readonly bundle?: Digest;
  readonly referrer?: Digest;
  readonly code: string;
  readonly reason: string;
  readonly claimedFingerprint?: string;
  /** Whom the certificate names; unverified. */
  readonly claimedIdentity?: string;
}

/** What was found at one digest. */
export interface VerifiedSubject {
  readonly verified: boolean;
  /** VERIFIED, UNSIGNED (nothing of the kind is attached), NOT_VERIFIED, THRESHOLD_NOT_MET. */
  readonly code: 'VERIFIED' | 'UNSIGNED' | 'NOT_VERIFIED' | 'THRESHOLD_NOT_MET';
  readonly digest: Digest;
  readonly threshold: number;
  readonly signers: number;
  readonly accepted: readonly AcceptedSignature[];
  readonly rejected: readonly RejectedSignature[];
}

/** Verified only if every platform that was asked for is. */
export interface VerifyImageResult extends VerifiedSubject {
  readonly image: string;
  readonly kind: 'image' | 'index';
  readonly wanted: 'signature' | 'attestation';
  readonly predicateType: string;
  /** With `recursive`: each platform manifest of the index, in its order. */
  readonly platforms?: readonly (VerifiedSubject & { readonly platform: string })[];
}

/** Finds what is attached to the image and says who signed it, and why each other bundle does not count. No signature is a negative verdict. */
export async function verifyImage(options: VerifyImageOptions, runtime: Runtime): Promise<VerifyImageResult> {
  const wanted = options.type === undefined ? undefined : resolvePredicateType(options.type);
  refuseRegistryOffline(options);
  await using opened = await openImageStore(options.image, options.access, runtime);
  const store = requireReferrers(opened);
  const target = await resolveTarget(opened, options.access, runtime);
  const signersFor = signerLoader(options.signers, runtime);
  const check = (digest: Digest) => verifySubject(digest, { store, options, wanted, signersFor }, runtime);
  const common = {
    image: options.image,
    kind: target.kind,
    wanted: wanted === undefined ? 'signature' : 'attestation',
    predicateType: wanted?.uri ?? SIGN_PREDICATE_TYPE,
  } as const;
  const own = await check(target.digest);
  if (options.recursive !== true || target.kind === 'image') return { ...own, ...common };
  const images = await listPlatformImages(opened.store, target.index, runtime.signal);
  const platforms: (VerifiedSubject & { readonly platform: string })[] = [];
  for (const image of images) {
    platforms.push({ platform: formatPlatform(image.platform), ...(await check(image.digest)) });
  }
  return { ...own, ...wholeVerdict(own, platforms, wanted !== undefined), ...common, platforms };
}

/** An index without platforms was not verified: there is nothing that could run. */
function wholeVerdict(
  own: VerifiedSubject,
  platforms: readonly VerifiedSubject[],
  isAttestation: boolean,
): Pick<VerifiedSubject, 'verified' | 'code'> {
  const needed = isAttestation ? platforms : [own, ...platforms];
  const failing = platforms.length === 0 ? own : needed.find((subject) => !subject.verified);
  if (failing === undefined) return { verified: true, code: 'VERIFIED' };
  return { verified: false, code: failing.code === 'VERIFIED' ? 'NOT_VERIFIED' : failing.code };
}

interface SubjectCheck {
  readonly store: ReferrerStore;
  readonly options: VerifyImageOptions;
  readonly wanted: PredicateType | undefined;
  readonly signersFor: SignerLoader;
}

async function verifySubject(subject: Digest, check: SubjectCheck, runtime: Runtime): Promise<VerifiedSubject> {
  const { store, options, wanted, signersFor } = check;
  const found = await findBundles(store, subject, { ...findLimits(options.access), signal: runtime.signal });
  const { maxBundleBytes } = options.access;
  const limits = maxBundleBytes === undefined ? {} : { maxBundleBytes };
  const legacy =
    options.allowLegacy === true
      ? await findLegacy(store, subject, { otherReferrers: found.otherReferrers, ...limits, signal: runtime.signal })
      : { candidates: [], unreadable: [] };
  const bundles = found.bundles.map(({ bytes }) => bytes);
  const signers = await signersFor({ bundles, legacy: legacy.candidates });
  const common = {
    ...signers,
    ...(maxBundleBytes === undefined ? {} : { maxBytes: maxBundleBytes }),
    legacy: legacy.candidates,
    subject,
    threshold: options.threshold ?? 1,
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  };
  const evaluation: EvaluateOptions =
    wanted === undefined ? { ...common, kind: 'signature' } : { ...common, kind: 'attestation', predicateType: wanted };
  const result = await evaluateSignatures(found.bundles, evaluation);
  const unreadable = [...found.unreadable, ...legacy.unreadable];
  const rejected = [...result.rejected.map(rejectedSignature), ...unreadable.map(unreadableSignature)];
  const accepted = [...result.accepted.map(acceptedSignature), ...result.acceptedLegacy.map(acceptedLegacy)];
  return {
    verified: result.satisfied,
    code: result.satisfied ? 'VERIFIED' : negativeCode(accepted, rejected),
    digest: subject,
    threshold: result.threshold,
    signers: result.signers.length,
    accepted,
    rejected,
  };
}

/** @throws AppError USAGE */
function refuseRegistryOffline({ image, signers }: VerifyImageOptions): void {
  if (!signers.offline || parseImageReference(image).transport !== 'registry') return;
  throw coreError('USAGE', `${image} is in a registry, and --offline allows no request`, {
    hint: 'copy it first: waybill copy IMAGE oci:DIR:TAG; to stay away from everything but the registry, give --trusted-root FILE',
  });
}

export function verifyExitCode(result: VerifyImageResult): ExitCode {
  return result.verified ? ExitCode.Passed : ExitCode.Negative;
}

function negativeCode(
  accepted: readonly AcceptedSignature[],
  rejected: readonly RejectedSignature[],
): VerifyImageResult['code'] {
  if (accepted.length > 0) return 'THRESHOLD_NOT_MET';
  const ofTheKind = rejected.filter((item) => item.code !== 'PREDICATE_TYPE');
  return ofTheKind.length === 0 ? 'UNSIGNED' : 'NOT_VERIFIED';
}

function acceptedSignature(bundle: VerifiedBundle): AcceptedSignature {
  return {
    ...acceptedSigner(bundle),
    predicateType: bundle.predicateType,
    annotations: bundle.annotations,
    bundle: bundle.bundleDigest,
  };
}

/** A signature as cosign 1 and 2 made them: no statement, so its type is that of every image signature. */
function acceptedLegacy(signature: AcceptedLegacy): AcceptedSignature {
  return {
    ...acceptedSigner(signature),
    predicateType: SIGN_PREDICATE_TYPE,
    annotations: signature.annotations,
    bundle: signature.bundleDigest,
    legacy: true,
  };
}

function rejectedSignature(bundle: RejectedBundle & { readonly manifestDigest?: Digest }): RejectedSignature {
  return {
    bundle: bundle.bundleDigest,
    ...(bundle.manifestDigest === undefined ? {} : { referrer: bundle.manifestDigest }),
    code: bundle.code,
    reason: bundle.reason,
    ...(bundle.claimedFingerprint === undefined ? {} : { claimedFingerprint: bundle.claimedFingerprint }),
    ...(bundle.claimedIdentity === undefined ? {} : { claimedIdentity: bundle.claimedIdentity }),
  };
}

function unreadableSignature(referrer: UnreadableReferrer): RejectedSignature {
  return { referrer: referrer.manifest.digest, code: referrer.code, reason: referrer.reason };
}
