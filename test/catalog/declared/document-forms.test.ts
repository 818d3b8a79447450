import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { crossCheckDeclared } from '../../../src/catalog/declared/cross-check.ts';
import { declaredCataloger } from '../../../src/catalog/declared/declared.ts';
import type { Package } from '../../../src/packages/index.ts';
import { memoryView } from '../../support/memory-view.ts';
import { runCataloger } from '../../support/run-cataloger.ts';
import { spdx } from '../fixtures/declared.ts';

function check(path: string, text: string, packages: readonly Package[] = []) {
  const view = memoryView({ [path]: text }, { captures: declaredCataloger.captures });
  const { notes, diagnostics } = crossCheckDeclared(view, packages);
  return {
    told: notes.map(({ code, facts }) => `${code} ${facts?.['purl'] ?? ''}`),
    codes: diagnostics.map(({ code }) => code),
  };
}

const missing = (...purls: readonly string[]): readonly string[] => purls.map((purl) => `declared-not-found ${purl}`);

const extra: Package = {
  type: 'npm',
  name: 'extra',
  version: '1',
  locations: [{ path: '/app/extra', layer: 0 }],
  foundBy: 'npm',
  evidence: [],
  licenses: [],
  id: 'extra',
  dependsOn: [],
};

describe('crossCheckDeclared: CycloneDX in XML', () => {
  const document = `<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment with <component> -->
<bom xmlns="http://cyclonedx.org/schema/bom/1.4" serialNumber="urn:uuid:0" version="1">
  <metadata><component type="application" bom-ref="app"><name>app</name><purl>pkg:npm/app@1</purl></component></metadata>
  <components>
    <component type="library" bom-ref="a"><group>g</group><name>a</name><version>1</version><purl>pkg:npm/a@1</purl>
      <components><component type="library"><name>b</name><purl>pkg:npm/%40s/b@2?x=1&amp;y=2</purl></component></components>
    </component>
    <component type="library"><name>c</name><scope>excluded</scope><purl>pkg:npm/c@1</purl></component>
    <component type="library"><name>d</name><purl><![CDATA[pkg:npm/d@1]]></purl></component>
    <component type="library"><name>no purl</name></component>
  </components>
  <compositions><composition><aggregate>complete</aggregate><assemblies><assembly ref="app"/></assemblies></composition></compositions>
</bom>`;
  const expected = missing('pkg:npm/%40s/b@2?x=1&y=2', 'pkg:npm/a@1', 'pkg:npm/d@1');

  it('reads components, nested ones too, and what is claimed to be complete', () => {
    for (const path of [
      'app/x.cdx.xml',
      'app/bom.xml',
      'app/sbom.xml',
      'app/app.bom.xml',
      'app/x.sbom.xml',
      'app/x.cdx',
    ]) {
      const { told, codes } = check(path, document, [extra]);
      assert.deepEqual(told.toSorted(), [...expected, 'found-not-declared pkg:npm/extra@1'].toSorted(), path);
      assert.deepEqual(codes, []);
    }
  });

  it('does not care for prefixes, marks, line ends and quotes', () => {
    const prefixed = document
      .replaceAll(/<(\/?)([a-z])/g, '<$1c:$2')
      .replace('<c:bom xmlns=', '<c:bom xmlns:c=')
      .replaceAll('\n', '\r\n');
    assert.deepEqual(check('x.cdx.xml', `\ufeff${prefixed}`).told.toSorted(), expected);
    const quoted = document.replaceAll(/="([^"]*)"/g, "='$1'");
    assert.deepEqual(check('x.cdx.xml', `\n\n${quoted}`).told.toSorted(), expected);
  });

  it('takes other XML for none, and says when there is too much', () => {
    const others = ['<bom/>', '<bom xmlns="urn:x"/>', '<project xmlns="http://cyclonedx.org/schema/bom/1.4"/>', '<'];
    for (const text of others) assert.deepEqual(check('bom.xml', text), { told: [], codes: [] });
    const many = `<bom xmlns="http://cyclonedx.org/schema/bom/1.4">${'<a/>'.repeat(1_000_001)}</bom>`;
    assert.deepEqual(check('x.cdx.xml', many), { told: [], codes: ['malformed-document'] });
  });
});

describe('crossCheckDeclared: SPDX in lines of tags', () => {
  const document = `# made by a tool
SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: x
CreatorComment: <text>of many
PackageName: none
SPDXID: SPDXRef-none
ExternalRef: PACKAGE-MANAGER purl pkg:npm/none@1
</text>

PackageName: app
SPDXID: SPDXRef-app
ExternalRef: PACKAGE-MANAGER purl pkg:npm/app@1

PackageName: a
SPDXID: SPDXRef-a
PackageVersion: 1
PackageCopyrightText: <text>one line</text>
ExternalRef: SECURITY cpe23Type cpe:2.3:a:a:a:1:*:*:*:*:*:*:*
ExternalRef: PACKAGE_MANAGER  purl\tpkg:npm/a@1
FileName: ./x
SPDXID: SPDXRef-file
ExternalRef: PACKAGE-MANAGER purl pkg:npm/file@1

PackageName: source
SPDXID: SPDXRef-source
ExternalRef: PACKAGE-MANAGER purl pkg:npm/source@1
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-app
Relationship: SPDXRef-a GENERATED_FROM SPDXRef-source
`;

  it('reads packages, what is described and what is only a source', () => {
    for (const text of [document, document.replaceAll('\n', '\r\n'), `\ufeff${document}`]) {
      assert.deepEqual(check('usr/share/x.spdx', text), { told: missing('pkg:npm/a@1'), codes: [] });
    }
    const image = document.replace('SPDXID: SPDXRef-app\n', 'SPDXID: SPDXRef-app\nPrimaryPackagePurpose: CONTAINER\n');
    assert.deepEqual(check('x.spdx', image, [extra]).told, [
      ...missing('pkg:npm/a@1'),
      'found-not-declared pkg:npm/extra@1',
    ]);
  });

  it('reads JSON under the same name, and tells of what is neither', () => {
    assert.deepEqual(check('x.spdx', spdx(['pkg:npm/app@1', 'pkg:npm/a@1'])).told, missing('pkg:npm/a@1'));
    assert.deepEqual(check('x.spdx', 'SPDXVersion: SPDX-1.2\n').codes, ['malformed-document']);
  });

  it('takes time that grows with the size only', () => {
    const lines = `SPDXVersion: SPDX-2.3\n${'a\n'.repeat(4_000_000)}`;
    assert.deepEqual(check('x.spdx', lines), { told: [], codes: [] });
    const texts = `SPDXVersion: SPDX-2.3\n${'Tag: <text>\n'.repeat(100_000)}`;
    assert.deepEqual(check('x.spdx', texts), { told: [], codes: [] });
  });

  it('never throws', () => {
    const pieces = fc.array(
      fc.constantFrom(
        'SPDXVersion: SPDX-2.3\n',
        'PackageName: a\n',
        '<text>',
        '</text>',
        'SPDXID:',
        ':',
        '\n',
        '<bom ',
      ),
    );
    fc.assert(fc.property(pieces, (parts) => void check('x.spdx', `SPDXVersion: SPDX-2.2\n${parts.join('')}`)));
    fc.assert(fc.property(pieces, (parts) => void check('x.cdx.xml', `<bom ${parts.join('')}`)));
  });
});

describe('crossCheckDeclared: SPDX 3', () => {
  const pkg = (id: string, more: object = {}): object => ({
    type: 'software_Package',
    spdxId: id,
    software_packageUrl: `pkg:npm/${id}@1`,
    ...more,
  });
  const relation = (relationshipType: string, from: string, to: unknown, more: object = {}): object => ({
    type: 'Relationship',
    relationshipType,
    from,
    to,
    ...more,
  });
  const document = (...graph: readonly object[]): string =>
    JSON.stringify({ '@context': 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld', '@graph': graph });

  it('takes single values for lists of one', () => {
    const identifier = { externalIdentifierType: 'packageUrl', identifier: 'pkg:npm/b@1' };
    const text = document(
      { type: 'SpdxDocument', rootElement: 'app' },
      pkg('app'),
      pkg('a'),
      pkg('b', { software_packageUrl: undefined, externalIdentifier: identifier }),
    );
    assert.deepEqual(check('x.spdx.json', text).told, missing('pkg:npm/a@1', 'pkg:npm/b@1'));
  });

  it('leaves out what packages were made from or with', () => {
    const names = ['app', 'a', 'source', 'ancestor', 'older', 'tool', 'builder', 'tested'];
    const text = document(
      ...names.map((name) => pkg(name)),
      relation('describes', 'document', ['app']),
      relation('contains', 'app', ['a']),
      relation('generates', 'source', ['a']),
      relation('ancestorOf', 'ancestor', 'a'),
      relation('descendantOf', 'a', ['older']),
      relation('usesTool', 'a', 'tool'),
      relation('dependsOn', 'a', ['builder'], { type: 'LifecycleScopedRelationship', scope: 'build' }),
      relation('dependsOn', 'a', ['tested'], { type: 'LifecycleScopedRelationship', scope: 'runtime' }),
    );
    assert.deepEqual(check('x.spdx.json', text).told, missing('pkg:npm/a@1', 'pkg:npm/tested@1'));
  });
});

describe('declared: Bitnami', () => {
  it('finds documents in deeper folders, and does not compare any of them', () => {
    const path = 'opt/bitnami/kafka/modules/.spdx-jmx.spdx';
    const { packages } = runCataloger(declaredCataloger, { [path]: spdx(['pkg:bitnami/jmx-exporter@1']) });
    assert.deepEqual(
      packages.map(({ name }) => name),
      ['jmx-exporter'],
    );
    assert.deepEqual(check(path, spdx(['pkg:bitnami/jmx-exporter@1', 'pkg:npm/a@1'])).told, []);
  });
});
