import assert from 'node:assert/strict';
import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { squash, type CaptureRule, type FileView } from '../../../src/filesystem/index.ts';
import { readRootfs } from '../../../src/image/index.ts';
import { goBinary } from '../../support/go-binary.ts';
import { planOf, stackOf } from '../../support/layer-fixtures.ts';

const program = goBinary({ goVersion: 'go1.26.8', modInfo: 'path\tx\n' });
const large = Buffer.concat([program, Buffer.alloc(3_000_000)]);
const extract = { kind: 'go-buildinfo' } as const;
const byName: CaptureRule = { id: 'by-name', names: ['tool'], prefixes: ['lib'], extract, maxBytes: 4_000_000 };
const whole: CaptureRule = { id: 'whole', names: ['tool', 'other'], maxBytes: 4_000_000 };
const byContent: CaptureRule = { id: 'by-content', executables: true, extract, maxBytes: 4_000_000 };

function found(view: FileView, rule: string): string[] {
  return view.captured(rule).map(({ entry, bytes }) => {
    const text = Buffer.from(bytes).toString();
    return `${entry.path} ${text.startsWith('{') ? (JSON.parse(text) as { goVersion: string }).goVersion : bytes.length}`;
  });
}

describe('extraction by path', () => {
  it('keeps what the extractor makes of files that match, and nothing of the files', async () => {
    const view = squash(
      await stackOf([{ 'a/tool': program, 'b/tool': large, 'libx.so': program, other: program, 'c/tool': 'text' }], {
        ...planOf(byName),
      }),
    );
    assert.deepEqual(found(view, 'by-name'), ['a/tool go1.26.8', 'b/tool go1.26.8', 'libx.so go1.26.8']);
    assert.equal(view.read('a/tool'), undefined);
  });

  it('gives one file to all rules that match it', async () => {
    const view = squash(await stackOf([{ tool: large }], planOf(byName, whole, byContent)));
    assert.deepEqual(found(view, 'by-name'), ['tool go1.26.8']);
    assert.deepEqual(found(view, 'by-content'), ['tool go1.26.8']);
    assert.deepEqual(found(view, 'whole'), [`tool ${large.length}`]);
    assert.equal(view.read('tool')?.length, large.length);
  });

  it('notes files that are too large for their rule', async () => {
    const stack = await stackOf([{ tool: program, same: 'hard:tool' }], planOf({ ...byName, maxBytes: 100 }));
    assert.deepEqual(
      stack.diagnostics.map(({ code, path }) => [code, path]),
      [['file-too-large', '/tool']],
    );
    assert.deepEqual(found(squash(stack), 'by-name'), []);
  });

  it('goes by a hard link own path, whichever of the paths came first', async () => {
    for (const rules of [[byName], [byName, whole], [byName, byContent]]) {
      const view = squash(
        await stackOf(
          [
            {
              data: large,
              tool: 'hard:data',
              also: 'hard:tool',
              other: program,
              'd/tool': 'hard:other',
              no: 'hard:d/tool',
            },
          ],
          planOf(...rules),
        ),
      );
      assert.deepEqual(found(view, 'by-name'), ['d/tool go1.26.8', 'tool go1.26.8']);
      if (rules.includes(whole)) assert.equal(view.read('d/tool')?.length, program.length);
    }
  });

  it('does not look a second time at what an extractor found nothing in', async () => {
    const stack = await stackOf([{ tool: 'no program', 'd/tool': 'hard:tool' }], planOf(byName));
    assert.deepEqual(found(squash(stack), 'by-name'), []);
  });

  it('works alike in directories', async () => {
    const root = await mkdtemp(join(tmpdir(), 'waybill-rootfs-'));
    try {
      await mkdir(join(root, 'a'));
      await writeFile(join(root, 'a/data'), large);
      await link(join(root, 'a/data'), join(root, 'a/tool'));
      const stack = await readRootfs({ path: root, plan: planOf(byName), signal: new AbortController().signal });
      assert.deepEqual(found(squash(stack), 'by-name'), ['a/tool go1.26.8']);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});
