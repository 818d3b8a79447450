import { X509Certificate } from 'node:crypto';
import type { TrustedRoot } from './trust-types.ts';

/** As Node writes names: one part on a line, commas escaped. */
const ORGANIZATION = /^O=GitHub\\?, Inc\.$/m;

/**
 * Whether this is the trusted root of GitHub's own Sigstore: every authority is GitHub's, and there is no log of either kind, so that time comes from
 * timestamp authorities alone. What it cannot show is not asked of it.
 * @see https://github.blog/news-insights/product-news/configure-github-artifact-attestations-for-secure-cloud-native-delivery/
 */
export function isGithubRoot(root: TrustedRoot): boolean {
  const { certificateAuthorities: authorities, transparencyLogs, certificateLogs, timestampAuthorities } = root;
  if (transparencyLogs.length + certificateLogs.length > 0) return false;
  if (authorities.length === 0 || timestampAuthorities.length === 0) return false;
  return authorities.every(({ chain }) => chain.every(({ bytes }) => ORGANIZATION.test(subjectOf(bytes))));
}

function subjectOf(certificate: Uint8Array): string {
  try {
    return new X509Certificate(certificate).subject;
  } catch {
    return '';
  }
}
