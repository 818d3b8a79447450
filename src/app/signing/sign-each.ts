import { coreError, writeFileAtomic, type Digest, type Runtime } from '../../core/index.ts';
import { formatPlatform, listPlatformImages, type Descriptor, type ReferrerStore } from '../../image/index.ts';
import { attach } from '../store/attach.ts';
import {
  openImageStore,
  requireWritableReferrers,
  type ImageAccess,
  type OpenedStore,
} from '../store/open-image-store.ts';
import { openSigning, type MadeBundle, type SignedBy, type Signing, type Witnessed } from './open-signing.ts';
import { imageTarget, resolveTarget, type Target } from '../store/resolve-target.ts';
import type { SigningAccess } from './signing-access.ts';

/** Where bundles go. */
export interface BundleOutput {
  /** File to write the bundle to. */
  readonly bundleFile?: string;
  /** False: nothing is attached. */
  readonly upload?: boolean;
  /** Of an index, its platforms too. */
  readonly recursive?: boolean;
}

/** One signed manifest or index and its bundle. */
export interface SignedSubject extends Witnessed {
  readonly subject: Digest;
  readonly platform?: string;
  /** Digest of the bundle's bytes. */
  readonly bundle: Digest;
  /** Digest of the manifest that attaches the bundle; absent when nothing was attached. */
  readonly referrer?: Digest;
  readonly bundleFile?: string;
}

export interface SignEachOptions extends SigningAccess, BundleOutput {
  readonly image: string;
  readonly access: ImageAccess;
}

/** What is signed about a subject. */
export interface Content {
  readonly predicateType: string;
  /** The statement's bytes. */
  readonly payload: (subject: Descriptor, opened: OpenedStore) => Uint8Array;
  /** What must be there before the bundle is. */
  readonly beforeAttach?: (store: ReferrerStore, subject: Descriptor) => Promise<void>;
}

export interface SignEachResult extends SignedSubject, SignedBy {
  readonly image: string;
  readonly kind: 'image' | 'index';
  readonly predicateType: string;
  readonly platforms?: readonly SignedSubject[];
}

interface Subject {
  readonly descriptor: Descriptor;
  readonly platform?: string;
}

/** Signs what the reference leads to, and its platforms where asked; the reference's own comes last, so that whoever sees it finds the others. */
export async function signEach(options: SignEachOptions, content: Content, runtime: Runtime): Promise<SignEachResult> {
  const { bundleFile, upload = true } = options;
  checkOutput(options);
  await using signing = await openSigning(options, runtime);
  await using opened = await openImageStore(options.image, options.access, runtime);
  if (upload) requireWritableReferrers(opened);
  const target = await resolveTarget(opened, options.access, runtime);
  const subjects = [...(await platformsOf(target, { options, opened, runtime })), { descriptor: target.descriptor }];
  const made: { readonly subject: Subject; readonly bundle: MadeBundle }[] = [];
  for (const subject of subjects) made.push({ subject, bundle: await signOne(subject, { content, opened, signing }) });
  if (bundleFile !== undefined) {
    for (const { bundle } of made) await writeFileAtomic(bundleFile, bundle.bytes, { ifExists: 'replace' });
  }
  const results: SignedSubject[] = [];
  for (const { subject, bundle } of made) {
    const { predicateType, beforeAttach } = content;
    if (upload) await beforeAttach?.(requireWritableReferrers(opened), subject.descriptor);
    const referrer = upload
      ? await attach(
          { store: requireWritableReferrers(opened), subject: subject.descriptor, bundle: bundle.bytes, predicateType },
          runtime,
        )
      : undefined;
    results.push(signedSubject(subject, bundle, { referrer, bundleFile }));
  }
  const [last, platforms] = [results.at(-1), results.slice(0, -1)];
  if (last === undefined) throw new TypeError('the reference itself is always signed');
  return {
    image: options.image,
    kind: target.kind,
    predicateType: content.predicateType,
    ...(await signing.signedBy()),
    ...last,
    ...(platforms.length === 0 ? {} : { platforms }),
  };
}

/** @throws AppError USAGE */
function checkOutput({ bundleFile, upload = true, recursive = false }: BundleOutput): void {
  if (bundleFile === undefined && !upload) {
    throw coreError('USAGE', 'without --bundle the signature would be lost: nothing is to be uploaded');
  }
  if (bundleFile !== undefined && recursive) {
    throw coreError('USAGE', 'one file cannot take the bundles of every platform', {
      hint: 'sign each with --platform and --bundle, or let --recursive attach them',
    });
  }
}

async function platformsOf(
  target: Target,
  { options, opened, runtime }: { options: SignEachOptions; opened: OpenedStore; runtime: Runtime },
): Promise<readonly Subject[]> {
  if (options.recursive !== true || target.kind === 'image') return [];
  const images = await listPlatformImages(opened.store, target.index, runtime.signal);
  return images.map((image) => ({
    descriptor: imageTarget(image).descriptor,
    platform: formatPlatform(image.platform),
  }));
}

function signOne(
  { descriptor }: Subject,
  { content, opened, signing }: { content: Content; opened: OpenedStore; signing: Signing },
): Promise<MadeBundle> {
  return signing.signStatement(content.payload(descriptor, opened), descriptor.digest);
}

function signedSubject(
  { descriptor, platform }: Subject,
  { bundle, logs, times }: MadeBundle,
  { referrer, bundleFile }: { readonly referrer: Digest | undefined; readonly bundleFile: string | undefined },
): SignedSubject {
  return {
    subject: descriptor.digest,
    ...(platform === undefined ? {} : { platform }),
    bundle,
    ...(referrer === undefined ? {} : { referrer }),
    ...(bundleFile === undefined ? {} : { bundleFile }),
    logs,
    times,
  };
}
