import {
  attestStatement,
  findBundles,
  resolvePredicateType,
  SIGN_PREDICATE_TYPE,
  signStatement,
} from '../../attestation/index.ts';
import { isAppError, type Digest, type JsonValue, type Runtime } from '../../core/index.ts';
import {
  formatPlatform,
  listPlatformImages,
  type Descriptor,
  type Image,
  type ReferrerStore,
} from '../../image/index.ts';
import {
  comparableSbom,
  compareSboms,
  readCycloneDxValue,
  writeCycloneDx,
  type ComparableSbom,
} from '../../sbom/index.ts';
import { evaluateSignatures, type EvaluateOptions, type SignerOptions } from '../../verification/index.ts';
import { attach } from '../store/attach.ts';
import { appError } from '../errors.ts';
import {
  findLimits,
  openImageStore,
  requireWritableReferrers,
  type ImageAccess,
  type OpenedStore,
} from '../store/open-image-store.ts';
import { openSigning, type SignedBy, type Signing } from './open-signing.ts';
import { imageSbom, readSourceDateEpoch } from '../sbom/platform-sbom.ts';
import { imageTarget, resolveTarget } from '../store/resolve-target.ts';
import type { SigningAccess } from './signing-access.ts';
import { warnOfDiagnostics } from '../sbom/warn-of-diagnostics.ts';

export interface ReleaseImageOptions extends SigningAccess {
  readonly image: string;
  readonly access: ImageAccess;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly allowEmpty: boolean;
  readonly maxLayerBytes?: number;
}

/** What `release` did for one digest. `present`: it was there already, by this key or identity. */
export interface ReleaseStep {
  readonly what: 'sbom' | 'signature';
  readonly subject: Digest;
  readonly platform?: string;
  readonly outcome: 'made' | 'present';
  readonly bundle: Digest;
  readonly packages?: number;
}

export interface ReleaseImageResult extends SignedBy {
  readonly image: string;
  readonly digest: Digest;
  readonly kind: 'image' | 'index';
  readonly steps: readonly ReleaseStep[];
}

const SBOM_TYPE = resolvePredicateType('cyclonedx');

/**
 * Everything a release needs in one step: for every platform the SBOM, attested; the image (or index) signed; everything verified again from the store. What
 * this key or identity attached before is left as it is, so a second run changes nothing. The signature comes last: a signed image has its SBOMs.
 */
export async function releaseImage(options: ReleaseImageOptions, runtime: Runtime): Promise<ReleaseImageResult> {
  const sourceDateEpoch = readSourceDateEpoch(runtime.env['SOURCE_DATE_EPOCH']);
  await using signing = await openSigning(options, runtime);
  // an identity that is missing is told of before the long work
  const signedBy = await signing.signedBy();
  await using opened = await openImageStore(options.image, options.access, runtime);
  const store = requireWritableReferrers(opened);
  const target = await resolveTarget(opened, options.access, runtime);
  const images =
    target.kind === 'image' ? [target.image] : await listPlatformImages(opened.store, target.index, runtime.signal);
  const context: ReleaseContext = { options, opened, store, signing, runtime, sourceDateEpoch };
  const steps: ReleaseStep[] = [];
  for (const image of images) steps.push(await releaseSbom(image, context));
  steps.push(await releaseSignature(target.descriptor, context));
  for (const step of steps) await selfVerify(step, context);
  return {
    image: options.image,
    digest: target.digest,
    kind: target.kind,
    ...signedBy,
    steps,
  };
}

interface ReleaseContext {
  readonly options: ReleaseImageOptions;
  readonly opened: OpenedStore;
  readonly store: ReferrerStore;
  readonly signing: Signing;
  readonly runtime: Runtime;
  readonly sourceDateEpoch: number | undefined;
}

async function releaseSbom(image: Image, context: ReleaseContext): Promise<ReleaseStep> {
  const { options, opened, signing, runtime, sourceDateEpoch } = context;
  const platform = formatPlatform(image.platform);
  const limits = options.maxLayerBytes === undefined ? {} : { maxLayerBytes: options.maxLayerBytes };
  const sbom = await imageSbom(image, opened, { runtime, settings: { sourceDateEpoch }, ...limits });
  warnOfDiagnostics(sbom.diagnostics, runtime);
  if (sbom.packages === 0 && !options.allowEmpty) {
    throw appError('NOTHING_CATALOGUED', `no package was found in ${options.image} (${platform})`, {
      hint: 'if the image really holds none, say --allow-empty',
    });
  }
  const predicateJson = await writeCycloneDx(sbom.document, { format: 'json', specVersion: '1.6' });
  const present = await findOwn(
    image.digest,
    { ...(await wanted(context, image.digest)), kind: 'attestation', predicateType: SBOM_TYPE },
    context,
  );
  // not by its serial number alone: one that differs would fail whoever derives it again
  const own = comparableSbom(sbom.document);
  const same = present.find((bundle) => isSameSbom(bundle.predicate, own));
  const common = { what: 'sbom', subject: image.digest, platform, packages: sbom.packages } as const;
  if (same !== undefined) return { ...common, outcome: 'present', bundle: same.bundle };
  const payload = attestStatement({
    predicateType: SBOM_TYPE.uri,
    predicateJson,
    subject: image.digest,
    ...(opened.repository === undefined ? {} : { subjectName: opened.repository }),
  });
  const { bytes, bundle } = await signing.signStatement(payload, image.digest);
  await attachTo(imageTarget(image).descriptor, { bytes, predicateType: SBOM_TYPE.uri }, context);
  return { ...common, outcome: 'made', bundle };
}

async function attachTo(
  subject: Descriptor,
  { bytes, predicateType }: { readonly bytes: Uint8Array; readonly predicateType: string },
  { store, runtime }: ReleaseContext,
): Promise<void> {
  await attach({ store, subject, bundle: bytes, predicateType }, runtime);
}

async function releaseSignature(subject: Descriptor, context: ReleaseContext): Promise<ReleaseStep> {
  const annotations = context.options.annotations ?? {};
  const present = await findOwn(
    subject.digest,
    { ...(await wanted(context, subject.digest)), kind: 'signature', annotations },
    context,
  );
  const found = present[0];
  if (found !== undefined)
    return { what: 'signature', subject: subject.digest, outcome: 'present', bundle: found.bundle };
  const { bytes, bundle } = await context.signing.signStatement(
    signStatement(subject.digest, annotations),
    subject.digest,
  );
  await attachTo(subject, { bytes, predicateType: SIGN_PREDICATE_TYPE }, context);
  return { what: 'signature', subject: subject.digest, outcome: 'made', bundle };
}

async function wanted(
  { signing }: ReleaseContext,
  subject: Digest,
): Promise<SignerOptions & { readonly subject: Digest }> {
  return { ...(await signing.ownSignatures()), subject };
}

interface OwnBundle {
  readonly bundle: Digest;
  readonly predicate: JsonValue;
}

function isSameSbom(predicate: JsonValue, own: ComparableSbom): boolean {
  try {
    return compareSboms(readCycloneDxValue(predicate), own).length === 0;
  } catch (error) {
    if (isAppError(error)) return false;
    throw error;
  }
}

/** Bundles on a digest that verify with the release's own key or identity. */
async function findOwn(
  subject: Digest,
  options: EvaluateOptions,
  context: ReleaseContext,
): Promise<readonly OwnBundle[]> {
  const found = await findBundles(context.store, subject, {
    ...findLimits(context.options.access),
    signal: context.runtime.signal,
  });
  const { accepted } = await evaluateSignatures(found.bundles, options);
  return accepted.map(({ bundleDigest, statement }) => ({ bundle: bundleDigest, predicate: statement.predicate }));
}

/** Reads back from the store what a step says is there. */
async function selfVerify(step: ReleaseStep, context: ReleaseContext): Promise<void> {
  const common = await wanted(context, step.subject);
  const options: EvaluateOptions =
    step.what === 'signature'
      ? { ...common, kind: 'signature' }
      : { ...common, kind: 'attestation', predicateType: SBOM_TYPE };
  const own = await findOwn(step.subject, options, context);
  if (!own.some((bundle) => bundle.bundle === step.bundle)) {
    throw appError(
      'SELF_VERIFICATION_FAILED',
      `the ${step.what} of ${step.subject} was stored, but cannot be found or verified there`,
      {
        hint: 'the store lost it: look with `waybill tree`, then run release again',
      },
    );
  }
}
