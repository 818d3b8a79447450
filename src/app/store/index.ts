export { cleanImage } from './clean-image.ts';
export type { CleanedItem, CleanImageOptions, CleanImageResult, CleanType } from './clean-image.ts';
export { copyExitCode, copyImageWithAttachments } from './copy-image.ts';
export type { CopyImageOptions, CopyImageResult } from './copy-image.ts';
export type { ImageAccess } from './open-image-store.ts';
export { showTree } from './show-tree.ts';
export type { ShowTreeOptions, ShowTreeResult, TreeNode, TreeReferrer } from './show-tree.ts';
