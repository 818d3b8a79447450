import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOutputFormat } from '../../src/sbom/index.ts';

test('parseOutputFormat reads format, version and file', () => {
  assert.deepEqual(parseOutputFormat('cyclonedx-json'), { format: 'cyclonedx-json', specVersion: '1.6' });
  assert.deepEqual(parseOutputFormat('cyclonedx-xml@1.5=a@b=c.xml'), {
    format: 'cyclonedx-xml',
    specVersion: '1.5',
    file: 'a@b=c.xml',
  });
  assert.deepEqual(parseOutputFormat('table=out.txt'), { format: 'table', file: 'out.txt' });
  assert.deepEqual(parseOutputFormat('table=-'), { format: 'table' });
});

test('parseOutputFormat refuses what it cannot write', () => {
  for (const text of ['', 'spdx', 'cyclonedx-json@1.4', 'cyclonedx-json@1.6@1', 'cyclonedx-json=', 'table@1', '@1.6']) {
    assert.throws(() => parseOutputFormat(text), { code: 'SBOM_FORMAT_UNKNOWN' }, text);
  }
});
