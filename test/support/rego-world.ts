import { readFileSync } from 'node:fs';
import type { KeySigner } from '../../src/keys/index.ts';
import type { LoadedPolicy } from '../../src/policy/index.ts';
import { GOOD_FILES, GOOD_SYSTEM } from './file-facts.ts';
import { buildImage, fakeDigest, lockBytes, noChanges, policyOf, type PlatformFacts } from './gate-world.ts';
import { REGO_BUNDLES } from './rego-bundles.ts';

const base = buildImage({ diffIds: [fakeDigest('base')] });
/** On the base that the lock knows. */
export const image = buildImage({
  diffIds: [fakeDigest('base'), fakeDigest('layer')],
  labels: { 'org.opencontainers.image.source': 'https://example.com/shop' },
  annotations: { 'org.opencontainers.image.base.name': 'docker.io/library/debian:12' },
});
const SCAN = {
  catalogers: { npm: '1' },
  components: [
    {
      key: 'pkg:npm/n@1',
      type: 'library',
      name: 'n',
      version: '1',
      purl: 'pkg:npm/n@1',
      licenses: ['MIT'],
      locations: ['1 /app/package.json', '/unknown'],
      dependsOn: [],
    },
  ],
};
/** Everything that a Rego policy may look at was collected. */
export const WHOLE: PlatformFacts = {
  scan: SCAN,
  comparisons: [noChanges(1)],
  more: { files: GOOD_FILES, system: GOOD_SYSTEM },
};
const LOCK = lockBytes([
  {
    entry: 'debian',
    image: 'docker.io/library/debian',
    tag: '12',
    observedAt: '2026-11-01T00:00:00Z',
    images: [base],
  },
]);

/** A policy with one rule, whose `rego` is as told; every bundle of the repository lies beside it. */
export async function regoPolicy(release: KeySigner, rego: string, rest = ''): Promise<LoadedPolicy> {
  const yaml = `
apiVersion: waybill.dev/v1
kind: Policy
identities: { release: { key: release.pub } }
bases: { lock: lock.jsonl, entries: [{ name: debian, image: docker.io/library/debian, tags: ["12"] }] }
rules:
  - { name: shop, images: ["registry.example.com/shop/**"], rego: [${rego}] ${rest}
`;
  return policyOf(yaml, {
    'release.pub': release.publicKey.pem,
    'lock.jsonl': LOCK,
    'cases.tar.gz': readFileSync(REGO_BUNDLES.cases.output),
    'missing.tar.gz': readFileSync(REGO_BUNDLES.missing.output),
    'examples.tar.gz': readFileSync(REGO_BUNDLES.examples.output),
    'source.rego': 'package x\ndeny contains "x"\n',
    'junk.tar.gz': 'junk',
  });
}
