import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { sha256Digest, type JsonValue } from '../../src/core/index.ts';
import { sbomClaims } from '../../src/provenance/index.ts';

const digest = sha256Digest('a base');
const at = `sha256%3A${digest.slice('sha256:'.length)}`;
const DEBIAN = `pkg:oci/debian@${at}?repository_url=docker.io/library/debian&tag=12`;

function withAncestors(...purls: readonly unknown[]): JsonValue {
  const ancestors = purls.map((purl) => ({ type: 'container', name: 'x', purl }));
  return { metadata: { component: { pedigree: { ancestors } } } } as JsonValue;
}

describe('sbomClaims', () => {
  test('ancestors of the described image, named by package URLs of images', () => {
    assert.deepEqual(sbomClaims(withAncestors(DEBIAN, 'pkg:docker/alpine@3.20')), [
      { source: 'sbom', name: 'docker.io/library/debian:12', digest },
      { source: 'sbom', name: 'docker.io/library/alpine:3.20' },
    ]);
  });

  test('what names no image is no claim', () => {
    assert.deepEqual(sbomClaims(withAncestors('pkg:deb/debian/bash@5', 'debian', '', 7, null, 'pkg:oci/debian')), []);
  });

  test('components that Konflux marks as the base, and no others', () => {
    const component = (name: string, value: unknown): unknown => ({
      type: 'container',
      purl: DEBIAN,
      properties: [
        { name: 'other', value: 'x' },
        { name, value },
      ],
    });
    const bom = (...components: readonly unknown[]): JsonValue => ({ formulation: [{ components }] }) as JsonValue;
    assert.equal(sbomClaims(bom(component('konflux:container:is_base_image', 'true'))).length, 1);
    for (const other of [
      component('konflux:container:is_base_image', 'false'),
      component('konflux:container:is_base_image', true),
      component('konflux:container:is_builder_image:for_stage', '0'),
      { purl: DEBIAN },
      'true',
    ]) {
      assert.deepEqual(sbomClaims(bom(other)), []);
    }
  });

  test('any JSON is read without a throw, and never gives more than the caps', () => {
    const any = fc.jsonValue({ maxDepth: 7 });
    const bom = fc.record({
      metadata: fc.oneof(any, fc.record({ component: fc.record({ pedigree: fc.record({ ancestors: any }) }) })),
      formulation: any,
    });
    fc.assert(fc.property(fc.oneof(any, bom), (value) => assert.ok(sbomClaims(value as JsonValue).length <= 32)));
    assert.equal(sbomClaims(withAncestors(...Array.from({ length: 100 }, () => DEBIAN))).length, 16);
  });
});
