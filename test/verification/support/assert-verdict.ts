import assert from 'node:assert/strict';
import type { BundleVerdict, CertificateSigner, FileVerdict, LegacyVerdict } from '../../../src/verification/index.ts';

/** The owner of the certificate that an accepted bundle was signed with. */
export function acceptedSigner(verdict: BundleVerdict | FileVerdict | LegacyVerdict): CertificateSigner {
  assert.ok(verdict.ok, verdict.ok ? '' : `${verdict.code}: ${verdict.reason}`);
  assert.ok(verdict.signer.kind === 'certificate');
  return verdict.signer;
}

export function assertRejected(
  verdict: BundleVerdict | FileVerdict | LegacyVerdict,
  code: string,
  reason?: RegExp,
): void {
  assert.ok(!verdict.ok, 'accepted');
  assert.equal(verdict.code, code, verdict.reason);
  if (reason !== undefined) assert.match(verdict.reason, reason);
}
