import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { estimateBundleBytes, MAX_PREDICATE_BYTES, warnOfBundleSize } from '../../src/app/sbom/bundle-size.ts';
import { LIMITS, type ProgressEvent } from '../../src/core/index.ts';

describe('the size of an attestation', () => {
  test('is estimated with base64, and the largest predicate just fits', () => {
    assert.ok(estimateBundleBytes(3_000_000) > 4_000_000);
    assert.ok(estimateBundleBytes(MAX_PREDICATE_BYTES) <= LIMITS.bundleBytes);
    assert.ok(estimateBundleBytes(MAX_PREDICATE_BYTES + 10) > LIMITS.bundleBytes);
  });

  test('is warned of before it is too much', () => {
    const events: ProgressEvent[] = [];
    const runtime = {
      env: {},
      now: () => new Date(0),
      randomBytes: () => new Uint8Array(),
      signal: new AbortController().signal,
      progress: (event: ProgressEvent) => events.push(event),
      cacheDir: undefined,
    };
    warnOfBundleSize(LIMITS.bundleBytes / 2, 'the SBOM', runtime);
    assert.equal(events.length, 0);
    warnOfBundleSize(LIMITS.bundleBytes * 0.95, 'the SBOM', runtime);
    const [event] = events;
    assert.ok(event?.kind === 'warning');
    assert.match(event.message, /^the SBOM: an attestation of it would be about 15\.2 MiB; .*16\.0 MiB$/);
  });
});
