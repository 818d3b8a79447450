import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { squash, type CaptureRule } from '../../../src/filesystem/index.ts';
import { planOf, stackOf } from '../../support/layer-fixtures.ts';
import { zipArchive } from '../../support/zip-writer.ts';

const rule: CaptureRule = { id: 'jars', suffixes: ['.jar'], extract: { kind: 'java-archive' }, maxBytes: 1e8 };
const bomb = zipArchive({ 'lib/a.jar': Buffer.alloc(500_000) });

async function problemsOf(tree: Readonly<Record<string, Buffer>>): Promise<readonly string[]> {
  const view = squash(await stackOf([tree], planOf(rule)));
  return view.captured('jars').flatMap(({ bytes }) => {
    const { problems } = JSON.parse(Buffer.from(bytes).toString()) as { problems: { code: string }[] };
    return problems.map(({ code }) => code);
  });
}

describe('archives of one layer', () => {
  const bombs = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`opt/${index}.jar`, bomb]));

  it('are inflated in proportion to the bytes that the layer stores, together', async () => {
    const codes = await problemsOf(bombs);
    assert.equal(codes.length, 200);
    const read = codes.filter((code) => code === 'not-an-archive').length;
    assert.ok(read >= 128 && read < 150, `${read} were read`);
    assert.ok(codes.every((code) => ['not-an-archive', 'spent'].includes(code)));
  });

  it('may be as large as those of a larger layer', async () => {
    const codes = await problemsOf({ ...bombs, 'opt/content': randomFillSync(Buffer.alloc(4_000_000)) });
    assert.ok(codes.every((code) => code === 'not-an-archive'));
  });
});
