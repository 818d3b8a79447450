import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  buildSbomDocument,
  comparableSbom,
  compareSboms,
  readCycloneDxJson,
  writeCycloneDx,
  type ComparableSbom,
  type SbomInput,
} from '../../src/sbom/index.ts';
import { isAppError } from '../../src/core/index.ts';
import { sampleInput, samplePackage } from '../support/sample-sbom.ts';

const compared = (input: SbomInput): ComparableSbom => comparableSbom(buildSbomDocument(input));
const own = compared(sampleInput());
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe('readCycloneDxJson', () => {
  test('gives what our own document is compared by, in every version', async () => {
    const document = buildSbomDocument(sampleInput());
    for (const specVersion of ['1.5', '1.6', '1.7'] as const) {
      assert.deepEqual(readCycloneDxJson(await writeCycloneDx(document, { format: 'json', specVersion })), own);
    }
    assert.deepEqual(JSON.parse(JSON.stringify(own)), own);
  });

  test('takes nested components of other tools', () => {
    const nested = { bomFormat: 'CycloneDX', components: [{ name: 'a', components: [{ name: 'b', version: '1' }] }] };
    assert.deepEqual(
      readCycloneDxJson(bytesOf(nested)).components.map(({ key }) => key),
      ['library:a', 'library:b@1'],
    );
  });

  test('refuses what is no CycloneDX, naming the place', () => {
    const bom = { bomFormat: 'CycloneDX' };
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [[], /no object/],
      [{}, /bomFormat/],
      [{ ...bom, components: 1 }, /components is no list/],
      [{ ...bom, components: [null] }, /components\[0\] is no object/],
      [{ ...bom, components: [{}] }, /components\[0\] has no name/],
      [{ ...bom, components: [{ name: 'a', evidence: 3 }] }, /components\[0\]\.evidence/],
      [{ ...bom, components: [{ name: 'a', licenses: [{}] }] }, /licenses\[0\]/],
      [{ ...bom, components: ['a', 'b'].map((name) => ({ name, 'bom-ref': 'x' })) }, /used twice/],
      [{ ...bom, dependencies: [{}] }, /dependencies\[0\] has no ref/],
    ];
    for (const [value, message] of cases) {
      assert.throws(
        () => readCycloneDxJson(bytesOf(value)),
        (error) => isAppError(error) && error.code === 'SBOM_MALFORMED' && message.test(error.message),
      );
    }
    assert.throws(() => readCycloneDxJson(new TextEncoder().encode('{"a":1,"a":2}')), { code: 'JSON_INVALID' });
  });

  test('throws nothing but AppError for any JSON', () => {
    const member = fc.constantFrom(
      'components',
      'dependencies',
      'metadata',
      'properties',
      'evidence',
      'licenses',
      'name',
      'ref',
    );
    fc.assert(
      fc.property(fc.dictionary(member, fc.jsonValue()), fc.dictionary(member, fc.jsonValue()), (outer, inner) => {
        try {
          readCycloneDxJson(bytesOf({ ...outer, bomFormat: 'CycloneDX', components: [{ ...inner, name: 'x' }] }));
        } catch (error) {
          assert.ok(isAppError(error), String(error));
        }
      }),
    );
  });
});

describe('compareSboms', () => {
  const change = (edit: (input: SbomInput) => Partial<SbomInput>): ComparableSbom =>
    compared(sampleInput(edit(sampleInput())));

  test('finds nothing between an SBOM and itself, whatever tool and time say', () => {
    assert.deepEqual(compareSboms(own, own), []);
    const other = change(() => ({ tool: { name: 'waybill', version: '9' }, sourceDateEpoch: 1 }));
    assert.deepEqual(compareSboms(other, own), []);
  });

  test('names what is missing and what is added', () => {
    const added = samplePackage({ type: 'npm', name: 'ghost', foundBy: 'npm', id: 'npm:ghost' });
    const attested = change(({ packages }) => ({
      packages: [...packages.filter(({ name }) => name !== 'cmd'), added],
    }));
    assert.deepEqual(compareSboms(attested, own), [
      { kind: 'missing', component: 'application:example.com/tool/cmd@1.0', severity: 'fail', cataloger: 'sample' },
      { kind: 'added', component: 'pkg:npm/ghost@1.0', severity: 'fail', cataloger: 'npm' },
    ]);
  });

  test('another version of a package is an alteration, and edges to it are the same edges', () => {
    const attested = change(({ packages }) => ({
      packages: packages.map((pkg) => (pkg.name === 'libc6' ? { ...pkg, version: '2.99' } : pkg)),
    }));
    const differences = compareSboms(attested, own);
    assert.deepEqual(
      differences.map(({ kind, field }) => `${kind} ${field}`),
      ['altered purl', 'altered version'],
    );
    assert.equal(differences[1]?.attested, '2.99');
    assert.equal(differences[1]?.own, '2.36-9+deb12u10');
  });

  test('sees changed layers, licences and edges', () => {
    const attested = change(({ packages }) => ({
      packages: packages.map((pkg) =>
        pkg.name === 'bash'
          ? { ...pkg, licenses: [], dependsOn: [], locations: [{ path: '/var/lib/dpkg/status', layer: 1 }] }
          : pkg,
      ),
    }));
    assert.deepEqual(
      compareSboms(attested, own).map(({ component, field, severity }) => [component, field, severity]),
      ['dependsOn', 'licenses', 'locations'].map((field) => ['pkg:deb/debian/bash@5.2.15-2?arch=amd64', field, 'fail']),
    );
  });

  test('warns only where another version of the cataloger made the attested SBOM', () => {
    const attested = change(({ packages }) => ({
      catalogers: [
        { id: 'npm', version: 7 },
        { id: 'dpkg', version: 2 },
      ],
      packages: packages.filter(({ name }) => name !== 'right' && name !== 'bash'),
    }));
    const severities = new Map(
      compareSboms(attested, own)
        .filter(({ kind }) => kind === 'missing')
        .map(({ component, severity }) => [component, severity]),
    );
    assert.equal(severities.get('pkg:npm/right@1.0'), 'warn');
    assert.equal(severities.get('pkg:deb/debian/bash@5.2.15-2?arch=amd64'), 'fail');
  });

  test('an SBOM that records no cataloger versions gets no leniency', () => {
    const differences = compareSboms({ catalogers: {}, components: [] }, own);
    assert.equal(differences.length, own.components.length);
    assert.ok(differences.every(({ kind, severity }) => kind === 'missing' && severity === 'fail'));
  });
});
