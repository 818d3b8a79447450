import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CaptureMatcher, squash, type CapturePlan } from '../../../src/filesystem/index.ts';
import { EntryCollector } from '../../../src/image/layers/entry-collector.ts';
import { WHOLE_BYTES } from '../../../src/image/layers/large-executable.ts';
import { DEFAULT_LAYER_LIMITS, NO_SECOND_LOOK } from '../../../src/image/layers/layer-job.ts';
import { goBinary } from '../../support/go-binary.ts';

const pattern = { id: 'p', needle: 'go1.', pattern: 'go1\\.[0-9]{1,3}', before: 0, after: 8 };
const plan: CapturePlan = {
  captures: [
    { id: 'go', executables: true, extract: { kind: 'go-buildinfo' }, maxBytes: 1e9 },
    { id: 'note', executables: true, extract: { kind: 'elf-package-note' }, maxBytes: 1e9 },
    { id: 'dotnet', executables: true, extract: { kind: 'dotnet-bundle' }, maxBytes: 1e9 },
    { id: 'any', executables: true, extract: { kind: 'patterns', patterns: [pattern] }, maxBytes: 1e9 },
    { id: 'named', names: ['file'], extract: { kind: 'patterns', patterns: [pattern] }, maxBytes: 1e9 },
  ],
  digests: [
    { algorithm: 'sha256', paths: 'all' },
    { algorithm: 'sha1', paths: 'all' },
  ],
};

/** All that is known of one file whose content comes in these pieces. */
function look(content: Buffer, cuts: readonly number[]): unknown {
  const matcher = new CaptureMatcher(plan);
  const collector = new EntryCollector('test', NO_SECOND_LOOK, {
    matcher,
    limits: DEFAULT_LAYER_LIMITS,
    storedBytes: Infinity,
  });
  const facts = { mode: 0o755, uid: 0, gid: 0, mtime: 0 };
  const wanted = collector.member({ path: 'file', type: 'file', sizeBytes: content.length, sparse: false, ...facts });
  let from = 0;
  for (const cut of wanted ? [...cuts, content.length] : []) {
    const to = Math.min(content.length, Math.max(from, cut));
    if (to > from) {
      // memory that is written again, as that of a reader
      const chunk = Buffer.from(content.subarray(from, to));
      collector.content(chunk);
      chunk.fill(0xaa);
    }
    from = to;
  }
  if (wanted) collector.contentEnd();
  const { records, diagnostics, missing } = collector.finish();
  const view = squash({ layers: [records], firstLayer: 0, diagnostics: [] });
  const captured = plan.captures.map(({ id }) => view.captured(id).map(({ bytes }) => Buffer.from(bytes).toString()));
  const digests = [view.contentDigest('file', 'sha256'), view.contentDigest('file', 'sha1')];
  return { captured, digests, content: view.lookup('file')?.content, diagnostics, missing };
}

describe('what is kept of a file', () => {
  const program = goBinary({ goVersion: 'go1.26.8', modInfo: 'path\tx\n' });
  const contents: readonly Buffer[] = [
    program,
    Buffer.concat([program, Buffer.alloc(200_000)]),
    Buffer.from('#!/bin/sh\nexec go1.22'),
    Buffer.from('MZ'),
    Buffer.from('plain go1.5 text'),
    Buffer.alloc(0),
  ];

  it('does not depend on how it is cut into chunks', () => {
    for (const content of contents) {
      const expected = look(content, []);
      const cuts = fc.array(fc.oneof(fc.nat(20), fc.nat(content.length)), { maxLength: 8 });
      fc.assert(
        fc.property(cuts, (list) => {
          assert.deepEqual(
            look(
              content,
              list.toSorted((a, b) => a - b),
            ),
            expected,
          );
        }),
        { numRuns: 50 },
      );
    }
  });

  it('does not depend on it for large programs either', () => {
    const late = program.readBigUInt64LE(0x28);
    const large = Buffer.concat([program, Buffer.alloc(WHOLE_BYTES)]);
    const moved = Buffer.concat([large, program.subarray(Number(late))]);
    moved.writeBigUInt64LE(BigInt(large.length), 0x28);
    for (const content of [large, moved]) {
      const expected = look(content, [70_000]);
      for (const cuts of [[3], [7, 9, 65_535], [65_536, 65_537], [1e6, 2e6, 16e6], [content.length - 5]]) {
        assert.deepEqual(look(content, cuts), expected, String(cuts));
      }
    }
  });
});
