import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildIndexDocument, buildSbomDocument, platformSkew, writeCycloneDx } from '../../src/sbom/index.ts';
import { sampleInput, samplePackage } from '../support/sample-sbom.ts';
import { judgeJson, judgeXml } from '../support/schema-judges.ts';

const deb = (version: string, more: object = {}) =>
  samplePackage({ type: 'deb', namespace: 'debian', name: 'libc6', version, id: version, ...more });

function platform(architecture: string, packages: readonly ReturnType<typeof deb>[]) {
  const input = sampleInput();
  const digest = `sha256:${(architecture === 'amd64' ? 'a' : 'e').repeat(64)}`;
  const subject = { ...input.subject, digest, platform: { os: 'linux', architecture } };
  return { platform: `linux/${architecture}`, document: buildSbomDocument({ ...input, subject, packages }) };
}

const amd64 = platform('amd64', [deb('1'), samplePackage({ type: 'npm', name: 'only', version: '3' })]);
const arm64 = platform('arm64', [deb('2'), deb('0', { scope: 'excluded' })]);
const input = {
  name: 'registry.example.com/shop/App',
  tag: '1.2',
  digest: `sha256:${'f'.repeat(64)}`,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  platforms: [amd64, arm64],
  tool: { name: 'waybill', version: '0.1.0' },
};

describe('platformSkew', () => {
  test('lists packages of which platforms have different versions, or none; hidden ones do not count', () => {
    assert.deepEqual(platformSkew([amd64, arm64]), [
      { name: 'deb:libc6', versions: { 'linux/amd64': ['1'], 'linux/arm64': ['2'] } },
      { name: 'npm:only', versions: { 'linux/amd64': ['3'], 'linux/arm64': [] } },
    ]);
    assert.deepEqual(platformSkew([amd64, { ...amd64, platform: 'linux/386' }]), []);
  });
});

describe('buildIndexDocument', () => {
  test('links the SBOM of each platform and says how they differ', () => {
    const document = buildIndexDocument(input);
    assert.deepEqual(
      document.components.map(({ type, externalReferences }) => [type, externalReferences[0]?.url]),
      [amd64, arm64].map((each) => ['container', `urn:cdx:${each.document.serialNumber.slice(9)}/1`]),
    );
    assert.equal(document.dependencies.get(document.root.ref)?.length, 2);
    assert.ok(document.properties.some(({ value }) => value === 'deb:libc6 {"linux/amd64":["1"],"linux/arm64":["2"]}'));
    assert.match(document.root.purl ?? '', /^pkg:oci\/app@sha256%3Af+\?repository_url=/);
    const other = buildIndexDocument({ ...input, platforms: [amd64] });
    assert.notEqual(other.serialNumber, document.serialNumber);
  });

  for (const specVersion of ['1.5', '1.6', '1.7'] as const) {
    test(`is valid CycloneDX ${specVersion}`, async () => {
      const document = buildIndexDocument(input);
      assert.equal(await judgeJson(await writeCycloneDx(document, { format: 'json', specVersion }), specVersion), null);
      assert.deepEqual(await judgeXml(await writeCycloneDx(document, { format: 'xml', specVersion }), specVersion), []);
    });
  }
});
