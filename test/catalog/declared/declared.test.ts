import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { crossCheckDeclared, type CrossCheck } from '../../../src/catalog/declared/cross-check.ts';
import { parseDeclaredPurl } from '../../../src/catalog/declared/declared-document.ts';
import { declaredCataloger } from '../../../src/catalog/declared/declared.ts';
import type { Package, PackageType } from '../../../src/packages/index.ts';
import { memoryView } from '../../support/memory-view.ts';
import { runCataloger } from '../../support/run-cataloger.ts';
import { spdx } from '../fixtures/declared.ts';

function found(type: PackageType, name: string, more: Partial<Package> = {}): Package {
  return {
    type,
    name,
    version: '1',
    locations: [{ path: '/app/x', layer: 0 }],
    foundBy: type,
    evidence: [],
    licenses: [],
    id: name,
    dependsOn: [],
    ...more,
  };
}

function check(files: Readonly<Record<string, string>>, packages: readonly Package[] = []): CrossCheck {
  return crossCheckDeclared(memoryView(files, { captures: declaredCataloger.captures }), packages);
}

const cdx = (purls: readonly string[], more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ bomFormat: 'CycloneDX', components: purls.map((purl) => ({ purl, name: 'x' })), ...more });
const told = (result: CrossCheck): readonly string[] =>
  result.notes.map(({ code, facts }) => `${code} ${facts?.['purl'] ?? facts?.['count']}`);

describe('declared', () => {
  it('gives the folder to the package that the document describes', () => {
    const { packages } = runCataloger(declaredCataloger, {
      'opt/bitnami/redis/.spdx-redis.spdx': spdx(['pkg:bitnami/redis@7', 'pkg:bitnami/wait-for-port@1']),
    });
    assert.deepEqual(
      packages.map(({ directories }) => directories),
      [['/opt/bitnami/redis'], undefined],
    );
    assert.deepEqual(
      packages.map(({ partOf }) => partOf),
      [undefined, packages[0]?.id],
    );
    assert.deepEqual(packages[0]?.licenses, [{ value: 'MIT' }]);
    assert.deepEqual(packages[0]?.supplier, { name: 'VMware, Inc.' });
  });
});

describe('crossCheckDeclared', () => {
  it('tells what is declared but was not found, or in another version', () => {
    const document = cdx(['pkg:npm/%40s/a@1', 'pkg:npm/a@1', 'pkg:npm/b@2', 'pkg:generic/c@1', 'pkg:npm/d', 'nothing']);
    const packages = [found('npm', 'a', { namespace: '@s' }), found('npm', 'b'), found('npm', 'd')];
    const result = check({ 'app/x.cdx.json': document }, packages);
    assert.deepEqual(told(result), ['declared-not-found pkg:npm/a@1', 'declared-other-version pkg:npm/b@2']);
    assert.equal(result.notes[1]?.facts?.['found'], '1');
    assert.deepEqual(result.diagnostics, []);
  });

  it('is tolerant of qualifiers, epochs, namespaces of distributions, and spelling', () => {
    const document = cdx([
      'pkg:deb/debian/attr@2.5-1?epoch=1&arch=amd64',
      'pkg:rpm/rhel/zlib@1-1?epoch=0',
      'pkg:apk/chainguard/musl@1',
      'pkg:pypi/Foo.Bar@1',
      'pkg:golang/github.com/A/b@v1',
      'pkg:npm/known@9',
    ]);
    const packages = [
      found('deb', 'attr', { namespace: 'ubuntu', version: '1:2.5-1' }),
      found('rpm', 'zlib', { purlKnown: false, version: '1-1' }),
      found('apk', 'musl', { namespace: 'wolfi' }),
      found('pypi', 'foo_bar'),
      found('golang', 'b', { namespace: 'github.com/a', version: 'v1' }),
      found('deb', 'nodejs', {
        namespace: 'debian',
        alsoKnownAs: [{ purl: 'pkg:npm/known@9', foundBy: 'npm', locations: [] }],
      }),
    ];
    assert.deepEqual(told(check({ 'bom.json': document }, packages)), []);
  });

  it('leaves out sources that a package was made from, and what the document is about', () => {
    const document = spdx(['pkg:apk/wolfi/a@1', 'pkg:apk/wolfi/source@1'], {
      relationships: [
        { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: 'SPDXRef-0' },
        { spdxElementId: 'SPDXRef-0', relationshipType: 'GENERATED_FROM', relatedSpdxElement: 'SPDXRef-1' },
      ],
    });
    const subject = cdx([], { metadata: { component: { type: 'application', purl: 'pkg:npm/app@1' } } });
    const files = { 'var/lib/db/sbom/a-1.spdx.json': document, 'app/a.cdx.json': subject };
    assert.deepEqual(told(check(files)), ['declared-not-found pkg:apk/wolfi/a@1']);
    assert.deepEqual(told(check(files, [found('apk', 'a')])), []);
  });

  it('tells what a document that claims completeness leaves out, of the image or of its folder', () => {
    const packages = [
      found('npm', 'a'),
      found('npm', 'b'),
      found('npm', 'c', { locations: [{ path: '/other/c', layer: 0 }] }),
    ];
    const image = cdx(['pkg:npm/a@1'], { metadata: { component: { type: 'container', name: 'x' } } });
    assert.deepEqual(told(check({ 'sbom.json': image }, packages)), [
      'found-not-declared pkg:npm/b@1',
      'found-not-declared pkg:npm/c@1',
    ]);
    const folder = cdx(['pkg:npm/a@1'], {
      metadata: { component: { type: 'application', 'bom-ref': 'r', name: 'x' } },
      compositions: [{ aggregate: 'complete', assemblies: ['r'] }],
    });
    assert.deepEqual(told(check({ 'app/bom.json': folder }, packages)), ['found-not-declared pkg:npm/b@1']);
    assert.deepEqual(told(check({ 'app/bom.json': cdx([]) }, packages)), []);
  });

  it('reads SPDX 3', () => {
    const document = JSON.stringify({
      '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld',
      '@graph': [
        { type: 'software_Sbom', rootElement: ['urn:r'] },
        {
          type: 'software_Package',
          spdxId: 'urn:r',
          software_packageUrl: 'pkg:oci/x',
          software_primaryPurpose: 'container',
        },
        { type: 'software_Package', spdxId: 'urn:a', software_packageUrl: 'pkg:npm/a@1' },
      ],
    });
    assert.deepEqual(told(check({ 'a.spdx.json': document }, [found('npm', 'b')])), [
      'declared-not-found pkg:npm/a@1',
      'found-not-declared pkg:npm/b@1',
    ]);
  });

  it('bounds the notes of a document', () => {
    const purls = Array.from({ length: 100_000 }, (_, index) => `pkg:npm/p${index}@1`);
    const { notes } = check({ 'a.cdx.json': cdx(purls) });
    assert.equal(notes.length, 21);
    assert.deepEqual(notes.at(-1)?.facts, { code: 'declared-not-found', count: '99980' });
  });

  it('compares a bounded number of documents', () => {
    const files = Object.fromEntries(Array.from({ length: 5002 }, (_, index) => [`${index}.cdx.json`, cdx([])]));
    assert.deepEqual(
      check(files).diagnostics.map(({ code, message }) => [code, message]),
      [['too-many-documents', 'and 1 more documents are not compared']],
    );
  });

  it('tells of broken documents whose name leaves no doubt, and compares those of Python packages too', () => {
    const { notes, diagnostics } = check({
      'a.cdx.json': '{"bomFormat":"CycloneDX",',
      'b.spdx.json': '{"a":1,"a":2}',
      'c/bom.json': 'no JSON at all',
      'd/bom.json': '[{"bomFormat":"CycloneDX"}]',
      'x.dist-info/sboms/e.cdx.json': cdx(['pkg:npm/a@1']),
    });
    assert.deepEqual(
      notes.map(({ code, path }) => `${code} ${path}`),
      ['declared-not-found /x.dist-info/sboms/e.cdx.json'],
    );
    assert.deepEqual(
      diagnostics.map(({ code, path }) => `${code} ${path}`),
      ['malformed-document /a.cdx.json', 'malformed-document /b.spdx.json'],
    );
  });

  it('never throws', () => {
    const purl = fc.oneof(fc.string(), fc.constantFrom('pkg:npm/a@1', 'pkg:deb/%zz', 'pkg:a/@', 7, null));
    const component = fc.record({ purl, name: fc.anything(), components: fc.anything() }, { requiredKeys: [] });
    const document = fc.record(
      {
        bomFormat: fc.constantFrom('CycloneDX', 'x'),
        spdxVersion: fc.constantFrom('SPDX-2.3', undefined, 3),
        metadata: fc.anything(),
        components: fc.oneof(fc.array(component), fc.anything()),
        packages: fc.oneof(
          fc.array(fc.record({ externalRefs: fc.array(fc.anything()), SPDXID: fc.anything() })),
          fc.anything(),
        ),
        relationships: fc.anything(),
        compositions: fc.anything(),
        documentDescribes: fc.anything(),
        '@context': fc.anything(),
        '@graph': fc.anything(),
      },
      { requiredKeys: [] },
    );
    const json = fc.oneof(document, fc.anything()).map((value) => {
      try {
        return JSON.stringify(value) ?? '';
      } catch {
        return '';
      }
    });
    fc.assert(fc.property(json, (text) => void check({ 'a.cdx.json': text, 'opt/bitnami/a/.spdx-a.spdx': text })));
  });
});

describe('parseDeclaredPurl', () => {
  it('takes purls apart', () => {
    const purl = parseDeclaredPurl('pkg:npm/%40angular/core@16.0.0?arch=x&empty=#sub/path');
    assert.deepEqual([purl?.type, purl?.namespace, purl?.name, purl?.version], ['npm', '@angular', 'core', '16.0.0']);
    assert.deepEqual([...(purl?.qualifiers ?? [])], [['arch', 'x']]);
    assert.equal(parseDeclaredPurl('pkg:npm/@scope/x')?.name, 'x');
    for (const bad of ['', 'npm/a', 'pkg:npm', 'pkg:npm/', 'pkg:npm/%zz', `pkg:npm/${'a'.repeat(5000)}`]) {
      assert.equal(parseDeclaredPurl(bad), undefined, bad.slice(0, 20));
    }
  });
});
