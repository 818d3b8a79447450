import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { buildSbomDocument, type SbomDocument } from '../../src/sbom/index.ts';
import { sampleInput, samplePackage } from '../support/sample-sbom.ts';

describe('buildSbomDocument', () => {
  test('serialNumber is a UUIDv5 that changes with subject, tool, catalogers and options, and with nothing else', () => {
    const input = sampleInput();
    const serial = buildSbomDocument(input).serialNumber;
    assert.match(serial, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const others = [
      sampleInput({ subject: { ...input.subject, digest: `sha256:${'d'.repeat(64)}` } }),
      sampleInput({ tool: { name: 'waybill', version: '0.2.0' } }),
      sampleInput({ catalogers: [{ id: 'npm', version: 2 }] }),
      sampleInput({ options: { scope: 'all' } }),
      sampleInput({ sourceDateEpoch: 1 }),
    ].map((other) => buildSbomDocument(other).serialNumber);
    assert.equal(new Set([serial, ...others]).size, others.length + 1);
    assert.equal(buildSbomDocument(sampleInput({ catalogers: input.catalogers.toReversed() })).serialNumber, serial);
  });

  test('timestamp is SOURCE_DATE_EPOCH, else when the image was created', () => {
    assert.equal(buildSbomDocument(sampleInput()).timestamp, '2026-01-02T03:04:05.678Z');
    assert.equal(buildSbomDocument(sampleInput({ sourceDateEpoch: 0 })).timestamp, '1970-01-01T00:00:00.000Z');
    const subject = { ...sampleInput().subject, created: 'yesterday' };
    assert.equal(buildSbomDocument(sampleInput({ subject })).timestamp, undefined);
  });

  test('the root is the image: purl of its digest, repository and tag', () => {
    const { root } = buildSbomDocument(sampleInput());
    const digest = 'a'.repeat(64);
    assert.equal(
      root.purl,
      `pkg:oci/app@sha256%3A${digest}?arch=amd64&repository_url=registry.example.com%2Fshop%2Fapp&tag=1.2`,
    );
    assert.equal(root.version, '1.2');
    assert.equal(root.manifestSha256, digest);
  });

  test('a purl that two packages have gets a hash of where each was found', () => {
    const twice = ['a', 'b'].map((id) =>
      samplePackage({ type: 'npm', name: 'x', id, locations: [{ path: `/${id}`, layer: 0 }] }),
    );
    const refs = buildSbomDocument(sampleInput({ packages: twice, distribution: undefined })).components.map(
      ({ ref }) => ref,
    );
    assert.equal(new Set(refs).size, 2);
    for (const ref of refs) assert.match(ref, /^pkg:npm\/x@1\.0#[0-9a-f]{12}$/);
  });

  test('licences: a list, one expression, expressions joined, or all names', () => {
    const licenses = (...values: string[]): unknown => {
      const pkg = samplePackage({ type: 'npm', name: 'x', licenses: values.map((value) => ({ value })) });
      return buildSbomDocument(sampleInput({ packages: [pkg], distribution: undefined })).components[0]?.licenses;
    };
    assert.deepEqual(licenses('MIT', 'mit'), [{ kind: 'id', value: 'MIT' }]);
    assert.deepEqual(licenses('(MIT OR ISC)', 'Apache-2.0'), [
      { kind: 'expression', value: '(MIT OR ISC) AND Apache-2.0' },
    ]);
    assert.deepEqual(licenses('(MIT) OR (ISC)', 'Zlib'), [{ kind: 'expression', value: '((MIT) OR (ISC)) AND Zlib' }]);
    assert.deepEqual(licenses('MIT OR ISC', 'own words'), [
      { kind: 'name', value: 'MIT OR ISC' },
      { kind: 'name', value: 'own words' },
    ]);
  });

  test('says where a component lies in an archive, what it is part of, its digests, and other names of it', () => {
    const { components, properties } = buildSbomDocument(sampleInput());
    const [app, nested] = components.filter(({ packageType }) => packageType === 'maven').toReversed();
    const named = (component: typeof nested) =>
      component?.properties.map(({ name, value }) => `${name}=${value}`) ?? [];
    assert.deepEqual(nested?.occurrences, [{ path: '/opt/app.jar:WEB-INF/lib/nested-1.0.jar', layer: 1 }]);
    assert.equal(nested?.hashes.length, 2);
    assert.ok(named(nested).includes('waybill:part-of=pkg:maven/com.example/app@1.0'));
    assert.ok(named(nested).includes(`waybill:distribution:SHA-512=${'c'.repeat(128)}`));
    assert.equal(app?.type, 'framework');
    assert.deepEqual(app?.alsoKnownAs, [
      {
        purl: 'pkg:generic/app@1.0',
        foundBy: 'binary',
        path: '/opt/app.jar',
        technique: 'binary-analysis',
        confidence: 0.8,
      },
    ]);
    assert.ok(named(app).includes('waybill:also-known-as=pkg:generic/app@1.0'));
    assert.ok(properties.some(({ value }) => value === 'note go packed-executable /usr/bin/x: packed'));
    assert.ok(properties.some(({ name }) => name === 'waybill:trust'));
  });

  test('says incomplete when something could not be read', () => {
    assert.equal(buildSbomDocument(sampleInput({ notes: [] })).completeness, 'unknown');
    assert.equal(buildSbomDocument(sampleInput()).completeness, 'incomplete', 'a packed program is known to be there');
    const diagnostics = [{ code: 'x', severity: 'error', message: 'unreadable', source: 'dpkg' }] as const;
    const document = buildSbomDocument(sampleInput({ diagnostics }));
    assert.equal(document.completeness, 'incomplete');
    assert.ok(document.properties.some(({ value }) => value === 'error dpkg x: unreadable'));
  });

  test('no evidence of a purl where none is claimed', () => {
    const [known, unknown] = [true, false].map((purlKnown) => {
      const pkg = samplePackage({ type: 'rpm', namespace: 'fedora', name: 'x', purlKnown });
      return buildSbomDocument(sampleInput({ packages: [pkg], distribution: undefined })).components[0];
    });
    assert.deepEqual(
      known?.identity.map(({ field }) => field),
      ['purl'],
    );
    assert.deepEqual([unknown?.purl, unknown?.identity.map(({ field }) => field)], [undefined, ['name']]);
  });

  test('what lies inside a component hangs from it, not from the image', () => {
    const packages = [
      samplePackage({ type: 'pypi', name: 'wheel', id: 'w' }),
      samplePackage({ type: 'cargo', name: 'crate', id: 'c', partOf: 'w' }),
    ];
    const { dependencies, root } = buildSbomDocument(sampleInput({ packages, distribution: undefined }));
    assert.deepEqual(dependencies.get(root.ref), ['pkg:pypi/wheel@1.0']);
    assert.deepEqual(dependencies.get('pkg:pypi/wheel@1.0'), ['pkg:cargo/crate@1.0']);
  });

  test('every component can be reached from the root, whatever the edges', () => {
    const edges = fc.array(fc.tuple(fc.nat(11), fc.nat(14)), { maxLength: 40 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const packages = Array.from({ length: 12 }, (_, index) =>
          samplePackage({
            type: 'npm',
            name: `p${index}`,
            id: `${index}`,
            dependsOn: pairs.filter(([from]) => from === index).map(([, to]) => `${to}`),
          }),
        );
        const document = buildSbomDocument(sampleInput({ packages }));
        assert.equal(reachable(document).size, document.components.length + 1);
        assert.equal(document.dependencies.size, document.components.length + 1);
      }),
    );
  });
});

function reachable(document: SbomDocument): ReadonlySet<string> {
  const seen = new Set([document.root.ref]);
  for (const ref of seen) for (const target of document.dependencies.get(ref) ?? []) seen.add(target);
  return seen;
}
