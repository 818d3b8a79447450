import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TarReader } from '../../../src/formats/index.ts';
import { tarOf } from '../../support/layer-fixtures.ts';
import { paxBlock, tarBlock } from '../../support/tar-blocks.ts';

describe('TarReader: content as it streams by', () => {
  it('asks about the first byte of content, however it is cut, and hands over nothing of what is declined', async () => {
    const bytes = await tarOf([
      { header: { path: 'no', type: 'file', mode: 0o644 }, content: Buffer.alloc(700, 'n') },
      { header: { path: 'empty', type: 'file', mode: 0o644 } },
      { header: { path: 'unwanted', type: 'file', mode: 0o644 }, content: Buffer.from('n') },
      { header: { path: 'yes', type: 'file', mode: 0o644 }, content: Buffer.from('yes') },
    ]);
    for (const step of [1, 511, 512, 513, 100_000]) {
      const events: string[] = [];
      const reader = new TarReader(
        {
          member: ({ path }) => (events.push(path), path !== 'unwanted'),
          firstByte: (byte) => (events.push(`first ${String.fromCharCode(byte)}`), byte !== 0x6e),
          content: (chunk) => void events.push(...Buffer.from(chunk).toString('latin1')),
          contentEnd: () => void events.push('end'),
        },
        { globalPax: 'apply' },
      );
      for (let at = 0; at < bytes.length; at += step) reader.write(bytes.subarray(at, at + step));
      reader.end();
      const expected = ['no', 'first n', 'empty', 'end', 'unwanted', 'yes', 'first y', 'y', 'e', 's', 'end'];
      assert.deepEqual(events, expected, `in steps of ${step}`);
    }
  });

  it('keeps nothing of a chunk but copies: maps of several blocks are read when their memory is written again', () => {
    const pairs = Array.from({ length: 100 }, (_, index) => `${10 * index}\n1\n`);
    const map = Buffer.alloc(1024);
    map.write(`${pairs.length}\n${pairs.join('')}`, 'latin1');
    const records = { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '1000' };
    const body = Buffer.concat([map, Buffer.alloc(100, 'x')]);
    const bytes = Buffer.concat([paxBlock(records), tarBlock((header) => header.write('s\0'), body)]);
    let content = '';
    const reader = new TarReader(
      {
        member: () => true,
        content: (chunk) => (content += Buffer.from(chunk).toString('latin1')),
        contentEnd: () => undefined,
      },
      { globalPax: 'apply' },
    );
    for (let at = 0; at < bytes.length; at += 512) {
      const chunk = Buffer.from(bytes.subarray(at, at + 512));
      reader.write(chunk);
      chunk.fill(0xff);
    }
    reader.end();
    assert.equal(content, `x${'\0'.repeat(9)}`.repeat(100));
  });

  it('does not ask about the first byte of sparse files: what comes first may be a hole', () => {
    const events: string[] = [];
    const reader = new TarReader(
      {
        member: () => true,
        firstByte: () => assert.fail('asked'),
        content: (chunk) => void events.push(Buffer.from(chunk).toString('latin1')),
        contentEnd: () => undefined,
      },
      { globalPax: 'apply' },
    );
    const records = { 'GNU.sparse.map': '1,2,5,3', 'GNU.sparse.size': '9', 'GNU.sparse.name': 'real' };
    reader.write(paxBlock({ 'GNU.sparse.major': '0', 'GNU.sparse.minor': '1', ...records }));
    reader.write(tarBlock((header) => header.write('s\0'), Buffer.from('abcde')));
    reader.end();
    assert.equal(events.join(''), '\0ab\0\0cde\0');
  });
});
