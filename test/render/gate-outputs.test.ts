import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { validateXML } from 'xmllint-wasm';
import { isAppError } from '../../src/core/index.ts';
import { openEvidence } from '../../src/evidence/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import { canonicalDecision, decide, type Decision } from '../../src/policy/index.ts';
import { renderGate } from '../../src/render/index.ts';
import { buildImage, createSigner, evidenceDocument, fakeDigest, policyOf, signature } from '../support/gate-world.ts';
import { judgeSarif } from '../support/judge-sarif.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const PLAIN = { color: false, width: 100 };
const signed = buildImage({ diffIds: [fakeDigest('signed')] });
const unsigned = buildImage({ diffIds: [fakeDigest('unsigned')] });
const FORMATS = ['text', 'json', 'sarif', 'junit', 'markdown', 'github'] as const;
let release: KeySigner;

before(async () => {
  release = await createSigner();
});

/** A signed image, and an unsigned one that a manifest names without digest; words of the caller's where hostile ones can stand. */
async function decision(
  words: { readonly reference?: string; readonly file?: string; readonly path?: string } = {},
): Promise<Decision> {
  const {
    reference = 'registry.example.com/shop/web:v1',
    file = 'deploy/app.yaml',
    path = 'spec.containers[0].image',
  } = words;
  const good = evidenceDocument({ images: [signed], attached: [await signature(release, signed.digest)] });
  const bad = evidenceDocument({ images: [unsigned], reference });
  const yaml = `{ apiVersion: waybill.dev/v1, kind: Policy, name: production, identities: { release: { key: k } },
    rules: [{ name: shop, images: ["registry.example.com/**"], signatures: { by: [release] } }] }`;
  const document = {
    ...good,
    images: [
      good.images[0]!,
      { ...bad.images[0]!, deployed: { unpinned: 'deny' as const, places: [{ file, line: 12, column: 16, path }] } },
    ],
    blobs: { ...good.blobs, ...bad.blobs },
  };
  return decide(openEvidence(document), await policyOf(yaml, { k: release.publicKey.pem }), { now: NOW });
}

interface SarifLog {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly locations: readonly {
        readonly physicalLocation?: {
          readonly artifactLocation: { readonly uri: string };
          readonly region: { readonly startLine: number; readonly startColumn: number };
        };
        readonly logicalLocations: readonly { readonly fullyQualifiedName: string }[];
      }[];
      readonly partialFingerprints: Record<string, string>;
    }[];
    readonly properties: Record<string, unknown>;
  }[];
}

describe('renderGate', () => {
  test('text: several images get a line each, then details of those that need some', async () => {
    const lines = renderGate(await decision(), 'text', PLAIN).split('\n');
    assert.equal(lines[0], 'DENIED (2 images): 2 failed, 1 passed');
    assert.deepEqual(lines.slice(2, 4), [
      'ok    registry.example.com/shop/web:v1  1 passed',
      'DENY  registry.example.com/shop/web:v1  2 failed',
    ]);
    assert.equal(lines.filter((line) => line.endsWith('  allowed')).length, 0);
    assert.ok(lines.includes('  at deploy/app.yaml:12:16 spec.containers[0].image'));
    assert.ok(lines.some((line) => line.startsWith('  FAIL  pinned [IMAGE_NOT_PINNED]: ')));
  });

  test('json: the canonical decision', async () => {
    const decided = await decision();
    assert.equal(renderGate(decided, 'json', PLAIN), canonicalDecision(decided));
  });

  test('sarif: valid, rules by code, located in the manifest and by the name of the image', async () => {
    const text = renderGate(await decision(), 'sarif', PLAIN);
    assert.deepEqual(judgeSarif(text), []);
    const [run] = (JSON.parse(text) as SarifLog).runs;
    assert.ok(run);
    assert.deepEqual(
      run.tool.driver.rules.map(({ id }) => id),
      ['IMAGE_NOT_PINNED', 'UNSIGNED'],
    );
    assert.deepEqual(
      run.results.map(({ ruleId, ruleIndex, level }) => [ruleId, ruleIndex, level]),
      [
        ['IMAGE_NOT_PINNED', 0, 'error'],
        ['UNSIGNED', 1, 'error'],
      ],
    );
    const [location] = run.results[1]?.locations ?? [];
    assert.deepEqual(location?.physicalLocation, {
      artifactLocation: { uri: 'deploy/app.yaml' },
      region: { startLine: 12, startColumn: 16 },
    });
    assert.equal(location?.logicalLocations[0]?.fullyQualifiedName, `registry.example.com/shop/web@${unsigned.digest}`);
    assert.equal(run.properties['verdict'], 'deny');
    const fingerprints = run.results.map(({ partialFingerprints }) => partialFingerprints['waybillGate/v1']);
    assert.equal(new Set(fingerprints).size, 2);
  });

  test('sarif: names of files become URIs; standard input is no location', async () => {
    for (const [file, uri] of [
      ['./a b/ü#1.yaml', 'a%20b/%C3%BC%231.yaml'],
      ['../x.yaml', '../x.yaml'],
      ['javascript:alert(1)', 'javascript%3Aalert(1)'],
      ['/srv/app.yaml', 'file:///srv/app.yaml'],
      ['-', undefined],
    ] as const) {
      const text = renderGate(await decision({ file }), 'sarif', PLAIN);
      assert.deepEqual(judgeSarif(text), []);
      const [location] = (JSON.parse(text) as SarifLog).runs[0]?.results[0]?.locations ?? [];
      assert.equal(location?.physicalLocation?.artifactLocation.uri, uri);
    }
  });

  test('junit: well-formed, a suite for each image with true counts', async () => {
    const text = renderGate(await decision(), 'junit', PLAIN);
    assert.deepEqual(await xmlErrors(text), []);
    assert.match(
      text,
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites name="waybill gate" tests="3" failures="2" errors="0" skipped="0">/,
    );
    assert.equal(text.match(/<testsuite /g)?.length, 2);
    assert.match(
      text,
      /<testcase name="signatures" classname="linux\/amd64, rule shop" file="deploy\/app\.yaml" line="12">\n +<failure message="[^"]+" type="UNSIGNED">/,
    );
  });

  test('markdown: the verdict, a table, what to do', async () => {
    const lines = renderGate(await decision(), 'markdown', PLAIN).split('\n');
    assert.equal(lines[0], '## ❌ DENIED: 2 failed, 1 passed');
    assert.equal(lines.filter((line) => line.startsWith('| <code>registry')).length, 2);
    assert.ok(
      lines.some((line) => line.startsWith('- **failed** <code>pinned</code> <code>IMAGE&#95;NOT&#95;PINNED</code>: ')),
    );
    assert.ok(lines.some((line) => line.startsWith('  - to pass: ')));
  });

  test('github: annotations at the place in the manifest, and the verdict', async () => {
    const lines = renderGate(await decision(), 'github', PLAIN).split('\n');
    assert.equal(lines.length, 3);
    assert.ok(
      lines[0]?.startsWith(
        '::error file=deploy/app.yaml,line=12,col=16,title=pinned [IMAGE_NOT_PINNED]::registry.example.com/shop/web:v1: ',
      ),
    );
    assert.equal(lines[2], '::notice title=waybill gate::DENIED: 2 failed, 1 passed');
  });

  test('every format but the decision itself says that a replay is one', async () => {
    const decided = await decision();
    for (const format of FORMATS) {
      const text = renderGate(decided, format, { ...PLAIN, replay: true });
      assert.equal(/is a replay of saved evidence/.test(text), format !== 'json', format);
    }
  });

  test('an excepted failure and an error keep their kinds', async () => {
    const listing = {
      what: 'referrers',
      subject: signed.digest,
      code: 'REGISTRY_UNREACHABLE',
      reason: 'refused',
      exitCode: 4,
    } as const;
    const good = evidenceDocument({ images: [unsigned] });
    const unlisted = evidenceDocument({ images: [signed], errors: [listing], unlisted: [signed.digest] });
    const document = {
      ...good,
      images: [...good.images, ...unlisted.images],
      blobs: { ...good.blobs, ...unlisted.blobs },
    };
    const yaml = `{ apiVersion: waybill.dev/v1, kind: Policy, identities: { release: { key: k } },
      rules: [{ name: shop, images: ["registry.example.com/**"], signatures: { by: [release] } }],
      exceptions: [{ rule: shop, check: signatures, digests: ["${unsigned.digest}"], reason: "old <b>", owner: ops, expires: 2026-12-31 }] }`;
    const policy = await policyOf(yaml, { k: release.publicKey.pem });
    const decided = await decide(openEvidence(document), policy, { now: NOW });
    const junit = renderGate(decided, 'junit', PLAIN);
    assert.deepEqual(await xmlErrors(junit), []);
    assert.match(junit, /<error message="[^"]*" type="REGISTRY_UNREACHABLE">/);
    assert.match(junit, /<skipped message="[^"]*excepted: old &lt;b&gt;"\/>/);
    const sarif = renderGate(decided, 'sarif', PLAIN);
    assert.deepEqual(judgeSarif(sarif), []);
    assert.match(sarif, /"justification": "old <b> \(ops, until 2026-12-31\)"/);
    assert.match(renderGate(decided, 'github', PLAIN), /^::notice title=signatures \[UNSIGNED\]::/m);
    assert.match(renderGate(decided, 'markdown', PLAIN), /excepted by ops until 2026-12-31: old &#60;b&#62;/);
  });

  test('hostile text has no effect in any format', async () => {
    const hostile = [
      'x\u001b[31m\u001b]0;title\u0007\u009b2J',
      '\u202eevil\u2066',
      '\n::error::injected\r\n::set-output name=a::b',
      '%0A::stop-commands::x%0D',
      '</failure><![CDATA[ ]]> & "quoted" \'single\' <script>alert(1)</script>',
      '| a | b |\n## heading\n<img src=x onerror=alert(1)> [link](javascript:alert(1)) `code` @octocat #1 https://evil.example',
      '\ufffe\uffff\u0000\u0008\ud800',
      '##[error]injected ##vso[task.setvariable]x ##teamcity[x]',
      ',file=/etc/passwd,line=1::',
    ].join(' ');
    const decided = await decision({ reference: hostile, file: hostile, path: hostile });
    for (const format of FORMATS) {
      const text = renderGate(decided, format, PLAIN);
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\r/, format);
      if (format === 'junit') assert.doesNotMatch(text, /[\ufffe\uffff]/);
      assert.doesNotMatch(text, /##\[|##vso\[|##teamcity\[/, format);
      if (format !== 'github') assert.doesNotMatch(text, /^::/m, format);
    }
    const commands = renderGate(decided, 'github', PLAIN).split('\n');
    assert.equal(commands.length, 3);
    for (const line of commands) {
      const [, name = '', properties = ''] = /^::([a-z]+) ((?:[a-z]+=[^,:]*,?)*)::/.exec(line) ?? [];
      assert.ok(['error', 'notice'].includes(name), line);
      const keys = properties.split(',').map((property) => property.slice(0, property.indexOf('=')));
      assert.deepEqual(keys, name === 'notice' ? ['title'] : ['file', 'line', 'col', 'title']);
      // an escape of the hostile text's own stays text
      assert.doesNotMatch(line, /%0A|%0D/);
    }
    assert.deepEqual(await xmlErrors(renderGate(decided, 'junit', PLAIN)), []);
    assert.deepEqual(judgeSarif(renderGate(decided, 'sarif', PLAIN)), []);
    const markdown = renderGate(decided, 'markdown', PLAIN);
    assert.doesNotMatch(markdown, /<(?!\/?(?:code|sub)>|br>|!-- -->)/);
    assert.doesNotMatch(markdown, /`|\]\(|https?:|@(?!<!)/);
    for (const line of markdown.split('\n').filter((line) => line.startsWith('|')))
      assert.equal(line.match(/\|/g)?.length, 4, line);
  });

  test('markdown fits into a comment, whole parts left out and counted', async () => {
    const one = await decision();
    const many = { ...one, images: Array.from({ length: 400 }, () => one.images[1]!) };
    const text = renderGate(many, 'markdown', PLAIN);
    assert.ok(text.length <= 65_536, `${text.length}`);
    assert.match(text, /^## ❌ DENIED/);
    assert.match(text, /_\d+ further parts do not fit here/);
    assert.match(text, /<sub>policy .*<\/sub>$/);
  });
});

/** What libxml says is wrong; a document without a schema is only parsed. */
async function xmlErrors(text: string): Promise<readonly string[]> {
  try {
    const result = await validateXML({
      xml: { fileName: 'report.xml', contents: text },
      schema: [{ fileName: 'junit.xsd', contents: JUNIT_XSD }],
    });
    return result.errors.map(({ message }) => message);
  } catch (error) {
    if (isAppError(error)) throw error;
    return [String(error)];
  }
}

/** What CI servers read of JUnit reports. */
const JUNIT_XSD = `<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:attributeGroup name="counts">
    <xs:attribute name="name" type="xs:string" use="required"/>
    <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
    <xs:attribute name="skipped" type="xs:nonNegativeInteger" use="required"/>
  </xs:attributeGroup>
  <xs:complexType name="problem"><xs:simpleContent><xs:extension base="xs:string">
    <xs:attribute name="message" type="xs:string" use="required"/><xs:attribute name="type" type="xs:NMTOKEN" use="required"/>
  </xs:extension></xs:simpleContent></xs:complexType>
  <xs:element name="properties"><xs:complexType><xs:sequence>
    <xs:element name="property" maxOccurs="unbounded"><xs:complexType>
      <xs:attribute name="name" type="xs:string" use="required"/><xs:attribute name="value" type="xs:string" use="required"/>
    </xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="testcase"><xs:complexType>
    <xs:choice minOccurs="0">
      <xs:element name="failure" type="problem"/>
      <xs:element name="error" type="problem"/>
      <xs:element name="skipped"><xs:complexType><xs:attribute name="message" type="xs:string"/></xs:complexType></xs:element>
      <xs:element name="system-out" type="xs:string"/>
    </xs:choice>
    <xs:attribute name="name" type="xs:string" use="required"/><xs:attribute name="classname" type="xs:string" use="required"/>
    <xs:attribute name="file" type="xs:string"/><xs:attribute name="line" type="xs:positiveInteger"/>
  </xs:complexType></xs:element>
  <xs:element name="testsuite"><xs:complexType>
    <xs:sequence><xs:element ref="properties"/><xs:element ref="testcase" maxOccurs="unbounded"/></xs:sequence>
    <xs:attributeGroup ref="counts"/><xs:attribute name="timestamp" type="xs:dateTime" use="required"/>
  </xs:complexType></xs:element>
  <xs:element name="testsuites"><xs:complexType>
    <xs:sequence><xs:element ref="properties"/><xs:element ref="testsuite" maxOccurs="unbounded"/></xs:sequence>
    <xs:attributeGroup ref="counts"/>
  </xs:complexType></xs:element>
</xs:schema>`;
