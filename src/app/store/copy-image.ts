import { coreError, ExitCode, type Digest, type Runtime } from '../../core/index.ts';
import {
  executeCopy,
  parseImageReference,
  planCopy,
  type BlobCounts,
  type CopiedAttachment,
  type CopyPlan,
  type CopyReport,
  type CopySource,
  type ImageReference,
  type NotCopied,
} from '../../image/index.ts';
import { openDestination, type OpenedDestination } from './copy-destination.ts';
import {
  attachmentRepository,
  openImageStore,
  registryOptions,
  requestedPlatform,
  type ImageAccess,
  type OpenedStore,
} from './open-image-store.ts';

export interface CopyImageOptions {
  readonly from: string;
  readonly to: string;
  /** How both are reached; `platform` copies one image of an index, `attachmentRepository` is where the source keeps attachments. */
  readonly access: ImageAccess;
  /** Where the copy's attachments go, if not to the image's own repository. */
  readonly toAttachmentRepository?: string;
  /** Whether what is attached comes along. */
  readonly referrers: boolean;
  /** Whether cosign's older tags (`sha256-….sig`, `.att`, `.sbom`) come along. */
  readonly legacy: boolean;
  /** Whether layers that their makers keep elsewhere come along. */
  readonly nondistributable: boolean;
}

export interface CopyImageResult {
  readonly from: string;
  readonly to: string;
  readonly digest: Digest;
  readonly kind: 'image' | 'index';
  /** The tag that leads to the copy, and whether it did so before; null when there is none. */
  readonly tag: { readonly name: string; readonly outcome: 'copied' | 'present' } | null;
  readonly manifests: CopyReport['manifests'];
  readonly blobs: BlobCounts;
  readonly attached: readonly CopiedAttachment[];
  /** What belongs to the image and is not in the copy, and why. */
  readonly notCopied: readonly NotCopied[];
  readonly nondistributable: readonly Digest[];
}

/**
 * Copies an image, or an index with all its images, with everything attached to any of them, between registries and layouts, byte for byte. The tag comes last.
 * @throws AppError USAGE, NEEDS_REGISTRY_OR_LAYOUT, and those of both ends
 */
export async function copyImageWithAttachments(options: CopyImageOptions, runtime: Runtime): Promise<CopyImageResult> {
  const { signal } = runtime;
  const target = parseImageReference(options.to);
  const { attachmentRepository: sourceAttachments, ...access } = options.access;
  await using source = await openImageStore(options.from, access, runtime);
  await using attachments = await openAttachments(source, sourceAttachments, { access, runtime });
  runtime.progress({ kind: 'phase', label: 'reading manifests' });
  const platform = requestedPlatform(access);
  const plan = await planCopy(attachments.source, {
    reference: source.target,
    ...(platform === undefined ? {} : { platform }),
    referrers: options.referrers,
    legacy: options.legacy,
    nondistributable: options.nondistributable,
    signal,
  });
  refuseOtherDigest(target, plan);
  if (source.store.syntheticManifest === true)
    runtime.progress({
      kind: 'warning',
      message: `${options.from} holds no manifest: the copy's digest is made up from it`,
    });
  await using destination = await openDestination(
    {
      reference: target,
      access: {
        ...access,
        ...(options.toAttachmentRepository === undefined
          ? {}
          : { attachmentRepository: options.toAttachmentRepository }),
      },
      ...(source.reference.transport === 'registry' ? { mountFrom: source.reference } : {}),
    },
    runtime,
  );
  const tag = targetTag(target, source);
  const report = await executeCopy(plan, {
    from: attachments.source,
    to: destination.stores,
    ...(tag === undefined ? {} : { tag }),
    signal,
    onProgress: (doneBytes, totalBytes) =>
      runtime.progress({ kind: 'transfer', label: 'copying', doneBytes, totalBytes }),
  });
  warnOfGaps(report, runtime);
  return copyResult(options, { plan, report, tag, destination });
}

/** Everything is there, or all of it but what could not be copied. */
export function copyExitCode(result: CopyImageResult, strict: boolean): ExitCode {
  return strict && result.notCopied.length > 0 ? ExitCode.Partial : ExitCode.Passed;
}

interface OpenedSource extends AsyncDisposable {
  readonly source: CopySource;
}

async function openAttachments(
  opened: OpenedStore,
  repository: string | undefined,
  { access, runtime }: { readonly access: ImageAccess; readonly runtime: Runtime },
): Promise<OpenedSource> {
  const images = opened.store;
  if (repository !== undefined && opened.reference.transport === 'registry') {
    const { openRegistry } = await import('../../registry/index.ts');
    const store = await openRegistry(attachmentRepository(repository), registryOptions(access, runtime));
    return { source: { images, attachments: store }, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
  }
  const { referrers } = opened;
  const own =
    referrers === undefined
      ? {}
      : {
          attachments: {
            listReferrers: (...args: Parameters<typeof referrers.listReferrers>) => referrers.listReferrers(...args),
            readManifest: (...args: Parameters<typeof images.readManifest>) => images.readManifest(...args),
            openBlob: (...args: Parameters<typeof images.openBlob>) => images.openBlob(...args),
          },
        };
  return { source: { images, ...own }, [Symbol.asyncDispose]: () => Promise.resolve() };
}

function refuseOtherDigest(target: ImageReference, { root }: CopyPlan): void {
  if (target.digest === undefined || target.digest === root.digest) return;
  throw coreError('USAGE', `the destination names ${target.digest}, but ${root.digest} is copied`, {
    hint: 'leave the digest of the destination out: it stays what it is',
  });
}

/** The destination's; for a layout that names none, the source's. */
function targetTag(target: ImageReference, source: OpenedStore): string | undefined {
  if (target.tag !== undefined || target.digest !== undefined || target.transport === 'registry') return target.tag;
  const { tag } = source.reference;
  return tag?.startsWith('@') === true ? undefined : tag;
}

function warnOfGaps({ notCopied }: CopyReport, runtime: Runtime): void {
  const [first] = notCopied;
  if (first === undefined) return;
  const others = notCopied.length === 1 ? '' : `, and ${notCopied.length - 1} more`;
  const what = first.tag ?? first.digest ?? first.subject;
  runtime.progress({ kind: 'warning', message: `not copied: ${what}: ${first.reason}${others}` });
}

interface Copied {
  readonly plan: CopyPlan;
  readonly report: CopyReport;
  readonly tag: string | undefined;
  readonly destination: OpenedDestination;
}

function copyResult(options: CopyImageOptions, { plan, report, tag, destination }: Copied): CopyImageResult {
  return {
    from: options.from,
    to: tag === undefined ? `${destination.name}@${plan.root.digest}` : `${destination.name}:${tag}`,
    digest: plan.root.digest,
    kind: plan.kind,
    tag: tag === undefined || report.tagged === undefined ? null : { name: tag, outcome: report.tagged },
    manifests: report.manifests,
    blobs: report.blobs,
    attached: report.attached,
    notCopied: report.notCopied,
    nondistributable: plan.nondistributable,
  };
}
