import type { Digest } from '../../core/index.ts';
import type { BlobSource, Descriptor, ImageStore, RawManifest, ReferrerStore, WriteManifestOptions } from '../types.ts';

/** Images and what is attached to them may be kept in two places; often they are one. */
export type CopySpace = 'images' | 'attachments';

/** Where attached things are read from. */
export type AttachmentSource = Pick<ReferrerStore, 'listReferrers' | 'readManifest'> & Pick<ImageStore, 'openBlob'>;

/** What is copied from. */
export interface CopySource {
  readonly images: ImageStore;
  /** Absent where nothing can be attached: docker archives, engines. */
  readonly attachments?: AttachmentSource;
}

/** One place that is copied to. */
export interface CopyTargetStore {
  readonly name: string;
  /** Whether the blob is there; what lies on this machine is compared with its digest. */
  hasBlob(descriptor: Descriptor, signal: AbortSignal): Promise<boolean>;
  hasManifest(manifest: RawManifest, signal: AbortSignal): Promise<boolean>;
  /** What a tag leads to now. */
  resolveTag(tag: string, signal: AbortSignal): Promise<Digest | undefined>;
  listReferrers(subject: Digest, signal: AbortSignal): Promise<readonly Descriptor[]>;
  /** Takes a blob over from where it is copied from, without a transfer; false when that cannot be done. */
  mountBlob?(descriptor: Descriptor, signal: AbortSignal): Promise<boolean>;
  /** Stores a blob; size and digest are checked on its way. */
  uploadBlob(source: BlobSource, descriptor: Descriptor, signal: AbortSignal): Promise<void>;
  writeManifest(manifest: RawManifest, options: WriteManifestOptions, signal: AbortSignal): Promise<void>;
  /** Stores many referrers of one subject at once, where that is cheaper than one by one. */
  writeReferrers?(
    subject: Digest,
    referrers: readonly { readonly manifest: RawManifest; readonly descriptor: Descriptor }[],
    signal: AbortSignal,
  ): Promise<void>;
  /** Makes an image without a tag findable, where that takes more than storing it. */
  listManifest?(manifest: RawManifest, signal: AbortSignal): Promise<void>;
}

/** What is copied to. */
export type CopyDestination = Readonly<Record<CopySpace, CopyTargetStore>>;

/** A manifest to be copied. */
export interface PlannedManifest {
  readonly manifest: RawManifest;
  readonly space: CopySpace;
  /** Configuration and layers; none of an index. */
  readonly blobs: readonly Descriptor[];
  /** What it is attached to, and how it is listed there. */
  readonly referrer?: { readonly subject: Digest; readonly descriptor: Descriptor };
  /** The tag by which cosign's older attachments are found, and what they belong to. */
  readonly legacy?: { readonly subject: Digest; readonly tag: string };
}

/** Something that belongs to the image and is not in the copy. */
export interface NotCopied {
  readonly digest?: Digest;
  readonly subject: Digest;
  readonly tag?: string;
  readonly code: string;
  readonly reason: string;
}

/** Everything to copy, in the order in which it is written: what others refer to comes first. */
export interface CopyPlan {
  readonly root: RawManifest;
  readonly kind: 'image' | 'index';
  readonly manifests: readonly PlannedManifest[];
  readonly notCopied: readonly NotCopied[];
  /** Layers that their makers keep elsewhere. */
  readonly nondistributable: readonly Digest[];
}
