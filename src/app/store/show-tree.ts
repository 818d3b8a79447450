import { findBundles, parseBundle, parseStatement } from '../../attestation/index.ts';
import { isAppError, type Digest, type Runtime } from '../../core/index.ts';
import type { Descriptor, ReferrerStore } from '../../image/index.ts';
import { findLimits, openImageStore, requireReferrers, type ImageAccess } from './open-image-store.ts';
import { resolveTarget } from './resolve-target.ts';

export interface ShowTreeOptions {
  readonly image: string;
  readonly access: ImageAccess;
}

/** One thing attached to a digest; nothing about it is verified. */
export interface TreeReferrer {
  readonly manifest: Digest;
  readonly kind: 'bundle' | 'unreadable' | 'other';
  readonly artifactType?: string;
  /** Read from the signed statement, unverified. */
  readonly predicateType?: string;
  readonly bundle?: Digest;
  readonly sizeBytes: number;
  readonly reason?: string;
}

export interface TreeNode {
  readonly digest: Digest;
  readonly mediaType: string;
  /** `os/architecture`, for a platform of an index. */
  readonly platform?: string;
  readonly referrers: readonly TreeReferrer[];
  readonly children: readonly TreeNode[];
}

export interface ShowTreeResult {
  readonly image: string;
  readonly root: TreeNode;
}

/** What is attached to an image, and to each platform of an index. Shows, does not verify. */
export async function showTree(options: ShowTreeOptions, runtime: Runtime): Promise<ShowTreeResult> {
  await using opened = await openImageStore(options.image, options.access, runtime);
  const store = requireReferrers(opened);
  const target = await resolveTarget(opened, options.access, runtime);
  const read = { ...findLimits(options.access), signal: runtime.signal };
  const children: TreeNode[] = [];
  if (target.kind === 'index') {
    for (const platform of target.index.platforms) children.push(await readNode(store, platform, read));
  }
  return { image: options.image, root: { ...(await readNode(store, target.descriptor, read)), children } };
}

type ReadOptions = Parameters<typeof findBundles>[2];

async function readNode(store: ReferrerStore, descriptor: Descriptor, options: ReadOptions): Promise<TreeNode> {
  const found = await findBundles(store, descriptor.digest, options);
  const { platform } = descriptor;
  return {
    digest: descriptor.digest,
    mediaType: descriptor.mediaType,
    ...(platform === undefined
      ? {}
      : {
          platform: [platform.os, platform.architecture, platform.variant]
            .filter((part) => part !== undefined)
            .join('/'),
        }),
    referrers: [
      ...found.bundles.map((item): TreeReferrer => ({
        manifest: item.manifest.digest,
        kind: 'bundle',
        ...statedPredicateType(item.bytes),
        bundle: item.digest,
        sizeBytes: item.bytes.byteLength,
      })),
      ...found.unreadable.map((item): TreeReferrer => ({
        manifest: item.manifest.digest,
        kind: 'unreadable',
        sizeBytes: item.manifest.sizeBytes,
        reason: item.reason,
      })),
      ...found.otherReferrers.map((item): TreeReferrer => ({
        manifest: item.digest,
        kind: 'other',
        ...(item.artifactType === undefined ? {} : { artifactType: item.artifactType }),
        sizeBytes: item.sizeBytes,
      })),
    ],
    children: [],
  };
}

function statedPredicateType(bytes: Uint8Array): { readonly predicateType?: string } {
  try {
    return { predicateType: parseStatement(parseBundle(bytes).payload).predicateType };
  } catch (error) {
    if (isAppError(error)) return {};
    throw error;
  }
}
