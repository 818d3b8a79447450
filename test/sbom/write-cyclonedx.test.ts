import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  buildSbomDocument,
  validateCycloneDxJson,
  writeCycloneDx,
  type CycloneDxVersion,
} from '../../src/sbom/index.ts';
import { sampleInput, samplePackage } from '../support/sample-sbom.ts';
import { judgeJson, judgeXml } from '../support/schema-judges.ts';

const VERSIONS: readonly CycloneDxVersion[] = ['1.5', '1.6', '1.7'];
const HOSTILE = 'a\u0000b\u001b[31m\ud800<&>"\']]>\u202e\uffff\r\n\t-- %zz';

function hostileInput(): ReturnType<typeof sampleInput> {
  const input = sampleInput();
  return {
    ...input,
    subject: {
      ...input.subject,
      tags: [HOSTILE],
      labels: { [HOSTILE]: HOSTILE },
      layers: [{ createdBy: HOSTILE }],
      created: HOSTILE,
    },
    distribution: {
      id: HOSTILE,
      versionId: HOSTILE,
      idLike: [HOSTILE],
      name: HOSTILE,
      path: HOSTILE,
      homepage: HOSTILE,
      cpe: HOSTILE,
    },
    diagnostics: [{ code: 'x', severity: 'error', message: HOSTILE, path: HOSTILE, source: 'npm' }],
    packages: [
      samplePackage({
        type: 'npm',
        namespace: HOSTILE,
        name: HOSTILE,
        version: HOSTILE,
        author: HOSTILE,
        description: HOSTILE.repeat(200),
        homepage: `https://example.com/${HOSTILE}`,
        sourceUrl: 'https://[::1',
        downloadUrl: 'javascript:alert(1)',
        cpes: [HOSTILE, 'cpe:2.3:a:x:<>:1:*:*:*:*:*:*:*'],
        supplier: { name: HOSTILE, email: 'a b@c', url: 'http://x/%zz' },
        licenses: [{ value: HOSTILE }, { value: 'MIT OR (' }],
        locations: [{ path: `/${HOSTILE}`, layer: 0 }],
        evidence: [{ field: 'name', technique: 'other', confidence: 7, value: HOSTILE }],
        properties: { [HOSTILE]: HOSTILE },
      }),
      samplePackage({ type: 'generic', name: '', version: '', locations: [], evidence: [], id: 'empty' }),
    ],
  };
}

describe('writeCycloneDx', () => {
  for (const specVersion of VERSIONS) {
    test(`${specVersion} JSON is valid to the library's validator`, async () => {
      const bytes = await writeCycloneDx(buildSbomDocument(sampleInput()), { format: 'json', specVersion });
      assert.equal(await judgeJson(bytes, specVersion), null);
      assert.equal((JSON.parse(new TextDecoder().decode(bytes)) as { specVersion: string }).specVersion, specVersion);
    });

    test(`${specVersion} XML is valid to the official XSD`, async () => {
      const bytes = await writeCycloneDx(buildSbomDocument(sampleInput()), { format: 'xml', specVersion });
      assert.deepEqual(await judgeXml(bytes, specVersion), []);
    });

    test(`${specVersion} stays valid whatever an image's texts are`, async () => {
      const document = buildSbomDocument(hostileInput());
      assert.equal(await judgeJson(await writeCycloneDx(document, { format: 'json', specVersion }), specVersion), null);
      assert.deepEqual(await judgeXml(await writeCycloneDx(document, { format: 'xml', specVersion }), specVersion), []);
    });
  }

  test('an image without name, digest, distribution, packages and date is valid too', async () => {
    const document = buildSbomDocument({
      subject: { layers: [] },
      packages: [],
      diagnostics: [],
      tool: { name: 'waybill', version: '1' },
      catalogers: [],
    });
    assert.equal(document.timestamp, undefined);
    assert.equal(document.root.purl, undefined);
    const options = { format: 'json', specVersion: '1.6' } as const;
    assert.equal(await judgeJson(await writeCycloneDx(document, options), '1.6'), null);
    assert.deepEqual(await judgeXml(await writeCycloneDx(document, { ...options, format: 'xml' }), '1.6'), []);
  });

  test('gives the same bytes for the same facts in another order', async () => {
    const input = sampleInput();
    const permuted = { ...input, packages: input.packages.toReversed(), catalogers: input.catalogers.toReversed() };
    for (const format of ['json', 'xml'] as const) {
      const options = { format, specVersion: '1.6' } as const;
      assert.deepEqual(
        await writeCycloneDx(buildSbomDocument(input), options),
        await writeCycloneDx(buildSbomDocument(permuted), options),
      );
    }
  });

  test('writes evidence of identity as a list from 1.6 on, as one object in 1.5', async () => {
    const left = async (specVersion: CycloneDxVersion): Promise<Record<string, unknown>> => {
      const bytes = await writeCycloneDx(buildSbomDocument(sampleInput()), { format: 'json', specVersion });
      const { components } = JSON.parse(new TextDecoder().decode(bytes)) as {
        components: { name: string; evidence: Record<string, unknown> }[];
      };
      return components.find(({ name }) => name === 'left')!.evidence;
    };
    const occurrences = ['/app/node_modules/@scope/left/package.json', '/srv/node_modules/@scope/left/package.json'];
    assert.deepEqual(await left('1.6'), {
      identity: [
        {
          field: 'name',
          confidence: 1,
          concludedValue: 'left',
          methods: [{ technique: 'manifest-analysis', confidence: 1, value: 'name' }],
        },
        {
          field: 'version',
          confidence: 0.5,
          concludedValue: '1.0.0',
          methods: [{ technique: 'filename', confidence: 0.5 }],
        },
      ],
      occurrences: occurrences.map((location, index) => ({ location, additionalContext: `layer ${1 - index}` })),
    });
    assert.deepEqual(await left('1.5'), {
      identity: {
        field: 'name',
        confidence: 1,
        methods: [{ technique: 'manifest-analysis', confidence: 1, value: 'name' }],
      },
      occurrences: occurrences.map((location) => ({ location })),
    });
  });
});

describe('validateCycloneDxJson', () => {
  const bom = { bomFormat: 'CycloneDX', specVersion: '1.6', components: [{ type: 'library', name: 'x' }] };

  test('says where a document breaks the schema', async () => {
    assert.deepEqual(await validateCycloneDxJson(bom, '1.6'), []);
    const problems = await validateCycloneDxJson({ ...bom, components: [{ type: 'plant', name: 'x' }] }, '1.6');
    assert.equal(problems[0]?.path, '/components/0/type');
    assert.ok((await validateCycloneDxJson(null, '1.6')).length > 0);
  });

  test('finds repeated items, wrong formats and unknown licences like the standard keywords do', async () => {
    const component = { type: 'library', name: 'x' };
    const cases = [
      { ...bom, components: [component, { name: 'x', type: 'library' }] },
      { ...bom, metadata: { timestamp: '2026-02-30T00:00:00Z' } },
      { ...bom, components: [{ ...component, licenses: [{ license: { id: 'NOT-A-LICENCE' } }] }] },
      { ...bom, components: [{ ...component, externalReferences: [{ type: 'vcs', url: 'a b' }] }] },
    ];
    for (const value of cases) assert.ok((await validateCycloneDxJson(value, '1.6')).length > 0, JSON.stringify(value));
  });

  test('refuses bytes that are no JSON', async () => {
    await assert.rejects(validateCycloneDxJson(new Uint8Array([0xff]), '1.6'), { code: 'SBOM_MALFORMED' });
  });
});
