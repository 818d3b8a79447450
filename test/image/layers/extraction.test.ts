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

describe('patterns', () => {
  const pattern = { id: 'v', needle: 'version=', pattern: 'version=(?<v>[0-9.]{1,9})', before: 0, after: 20 };
  const patterns = { kind: 'patterns', patterns: [pattern] } as const;
  const named: CaptureRule = { id: 'named', names: ['app', 'linked'], extract: patterns, maxBytes: 1e8 };
  const any: CaptureRule = { id: 'any', executables: true, extract: patterns, maxBytes: 1e8 };
  const small = Buffer.from('abc version=1.2\0');
  const big = Buffer.concat([Buffer.alloc(3_000_000, '\x7fELF '), small, Buffer.alloc(1_000_000)]);

  function versions(view: FileView, id: string): string[] {
    return view.captured(id).map(({ entry, bytes }) => {
      const hits = JSON.parse(Buffer.from(bytes).toString()) as { offset: number; groups: { v: string } }[];
      return [entry.path, ...hits.map(({ offset, groups }) => `${offset}:${groups.v}`)].join(' ');
    });
  }

  it('are looked for in files by path and in executables, whatever their size, hard links included', async () => {
    const tree = {
      'a/app': small,
      'b/app': big,
      'c/other': big,
      'd/data': small,
      'd/linked': 'hard:d/data',
      'e/app': 'none',
      'f/none': 'version=3',
    };
    const view = squash(await stackOf([tree], planOf(named, any)));
    assert.deepEqual(versions(view, 'named'), ['a/app 4:1.2', 'b/app 3000004:1.2', 'd/linked 4:1.2']);
    assert.deepEqual(versions(view, 'any'), ['b/app 3000004:1.2', 'c/other 3000004:1.2']);
    assert.deepEqual(versions(squash(await stackOf([tree], planOf(any, byContent))), 'any'), versions(view, 'any'));
    assert.equal(view.read('a/app'), undefined);
  });
});

describe('what content begins like', () => {
  const tree = {
    elf: program,
    large,
    link: 'hard:large',
    script: '#!/bin/sh\n',
    rust: '#![no_std]',
    text: '#',
    dos: 'MZ and more',
    sym: 'link:elf',
  };

  it('is told when the plan looks into executables', async () => {
    const view = squash(await stackOf([tree, { over: 'hard:script' }], planOf(byContent)));
    const kinds = [...view.entries()].map(({ path, content }) => `${path} ${content}`);
    assert.deepEqual(kinds, [
      'dos pe',
      'elf elf',
      'large elf',
      'link elf',
      'over script',
      'rust undefined',
      'script script',
      'sym undefined',
      'text undefined',
    ]);
  });

  it('is not known otherwise', async () => {
    const view = squash(await stackOf([tree], planOf(byName)));
    assert.ok([...view.entries()].every(({ content }) => content === undefined));
  });
});
