import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { displayWidth, fit, renderSbomTable, renderTable } from '../../src/render/index.ts';
import { buildSbomDocument } from '../../src/sbom/index.ts';
import { sampleInput, samplePackage } from '../support/sample-sbom.ts';

describe('renderTable', () => {
  const columns = [
    { title: 'A', value: (row: readonly string[]) => row[0] ?? '', shrink: 1 },
    { title: 'N', value: (row: readonly string[]) => row[1] ?? '', align: 'right' as const },
  ];

  test('aligns by display width', () => {
    assert.equal(
      renderTable(
        columns,
        [
          ['日本', '1'],
          ['abcdef', '10'],
        ],
        { color: false },
      ),
      'A        N\n日本     1\nabcdef  10\n',
    );
  });

  test('cuts only when there is a width, and never makes a wide character half', () => {
    const rows = [['日本日本日本', '1']];
    assert.match(renderTable(columns, rows, { color: false }), /日本日本日本/);
    const cut = renderTable(columns, rows, { color: false, width: 10 });
    assert.equal(cut, 'A        N\n日本日…  1\n');
    assert.equal(fit('日本', 2), '…');
    assert.equal(displayWidth('e\u0301'), 1);
  });
});

describe('renderSbomTable', () => {
  test('shows name, version, type, licence, layer, path and a summary', () => {
    const text = renderSbomTable(buildSbomDocument(sampleInput()), { color: false });
    assert.match(text, /^NAME +VERSION +TYPE +LICENCE +LAYER +PATH\n/);
    assert.match(
      text,
      /\n@scope\/left +1\.0\.0 +npm +\(MIT OR Apache-2\.0\) AND ISC +1 +\/app\/node_modules\/@scope\/left\/package\.json \(\+1\)\n/,
    );
    assert.match(
      text,
      /\n7 packages \(2 deb, 1 golang, 2 maven, 2 npm\) on debian 12\nnot known: \/app\/package\.json: no JSON\nnot known: \/usr\/bin\/x: packed\n$/,
    );
  });

  test('lets no control character of an image through', () => {
    const packages = [
      samplePackage({ type: 'npm', name: 'x\u001b[2J\u202e', locations: [{ path: '/a\nb', layer: 0 }] }),
    ];
    const text = renderSbomTable(buildSbomDocument(sampleInput({ packages })), { color: false, width: 200 });
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202e]/);
    assert.match(text, /\/a\\u\{a\}b/);
  });

  test('fits the terminal', () => {
    const text = renderSbomTable(buildSbomDocument(sampleInput()), { color: false, width: 90 });
    for (const line of text.split('\n\n')[0]!.split('\n')) assert.ok(displayWidth(line) <= 90, line);
  });
});
