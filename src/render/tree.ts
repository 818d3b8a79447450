import { safeText } from '../core/index.ts';
import type { ShowTreeResult, TreeNode, TreeReferrer } from '../app/index.ts';

/** The image, its platforms, and what is attached to each, as a tree. */
export function renderTree(result: ShowTreeResult): string {
  return [safeText(result.image), ...nodeLines(result.root, '')].join('\n');
}

function nodeLines(node: TreeNode, indent: string): string[] {
  const title = node.platform === undefined ? node.digest : `${safeText(node.platform)}  ${node.digest}`;
  const branches = [
    ...node.referrers.map((referrer) => [referrerLine(referrer)]),
    ...node.children.map((child) => nodeLines(child, '')),
  ];
  const lines = [`${indent}${title}`];
  if (branches.length === 0) lines.push(`${indent}   nothing is attached`);
  for (const [index, branch] of branches.entries()) {
    const last = index === branches.length - 1;
    for (const [row, text] of branch.entries())
      lines.push(`${indent}${row === 0 ? (last ? '└─ ' : '├─ ') : last ? '   ' : '│  '}${text}`);
  }
  return lines;
}

function referrerLine(referrer: TreeReferrer): string {
  if (referrer.kind === 'unreadable') return `unreadable  ${referrer.manifest}: ${safeText(referrer.reason ?? '')}`;
  if (referrer.kind === 'other') return `${safeText(referrer.artifactType ?? 'other artifact')}  ${referrer.manifest}`;
  const what =
    referrer.predicateType === 'https://sigstore.dev/cosign/sign/v1'
      ? 'signature'
      : `attestation ${safeText(referrer.predicateType ?? 'of unknown type')}`;
  return `${what}  ${referrer.bundle ?? referrer.manifest} (${referrer.sizeBytes} bytes, not verified)`;
}
