import type { FakeSigstore } from './sigstore.ts';

/** A signing configuration v0.2 that names the certificate authority and the log of version 1. */
export function signingConfigOf({ fulcio, rekor1 }: FakeSigstore): object {
  const service = (url: string): object => ({
    url,
    majorApiVersion: 1,
    operator: 'sigstore.mock',
    validFor: { start: '2020-01-01T00:00:00Z' },
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service(fulcio.url)],
    rekorTlogUrls: [service(rekor1.url)],
    rekorTlogConfig: { selector: 'ANY' },
  };
}
