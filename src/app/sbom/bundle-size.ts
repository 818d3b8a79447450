import { LIMITS, type Runtime } from '../../core/index.ts';

/** Statement, envelope, signature and certificate around a predicate. */
const OVERHEAD_BYTES = 16_384;

/** The largest predicate whose bundle verifiers, ours among them, and attestation stores accept. */
export const MAX_PREDICATE_BYTES = Math.floor((LIMITS.bundleBytes * 3) / 4) - OVERHEAD_BYTES;

/** About how large the bundle that attests a predicate is: base64 makes four bytes of three. */
export function estimateBundleBytes(predicateBytes: number): number {
  return Math.ceil((predicateBytes + OVERHEAD_BYTES) / 3) * 4;
}

/** Warns when an SBOM comes near the size that cannot be attested any more. */
export function warnOfBundleSize(bundleBytes: number, what: string, runtime: Runtime): void {
  if (bundleBytes < LIMITS.bundleBytes * 0.9) return;
  const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
  const limit = mebibytes(LIMITS.bundleBytes);
  runtime.progress({
    kind: 'warning',
    message: `${what}: an attestation of it would be about ${mebibytes(bundleBytes)} MiB; verifiers and attestation stores refuse more than ${limit} MiB`,
  });
}
