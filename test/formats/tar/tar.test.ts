import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync, openSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError, sha256Hex } from '../../../src/core/index.ts';
import {
  decodeName,
  encodeName,
  tarHeader,
  TarReader,
  type TarInput,
  type TarMember,
} from '../../../src/formats/index.ts';
import { tarOf } from '../../support/layer-fixtures.ts';
import { paxBlock, tarBlock } from '../../support/tar-blocks.ts';

interface Read {
  readonly member: TarMember;
  readonly content: Buffer;
}

function readAll(bytes: Uint8Array, step = 1_000_000, globalPax: 'apply' | 'ignore' = 'apply') {
  const found: { member: TarMember; chunks: Uint8Array[] }[] = [];
  const reader = new TarReader(
    {
      member: (member) => {
        found.push({ member, chunks: [] });
        return true;
      },
      content: (chunk) => void found.at(-1)?.chunks.push(chunk.slice()),
      contentEnd: () => undefined,
    },
    { globalPax, maxEntries: 1000 },
  );
  for (let offset = 0; offset < bytes.length; offset += step) reader.write(bytes.subarray(offset, offset + step));
  const end = reader.end();
  const members = found.map(({ member, chunks }): Read => ({ member, content: Buffer.concat(chunks) }));
  return { members, end };
}

const END = Buffer.alloc(1024);
const plain = (path: string, content = ''): Buffer =>
  Buffer.concat([
    Buffer.from(tarHeader({ path, type: 'file', mode: 0o644, sizeBytes: content.length })),
    Buffer.from(content),
    Buffer.alloc((512 - (content.length % 512)) % 512),
  ]);
const paths = (bytes: Uint8Array): string[] => readAll(bytes).members.map(({ member }) => member.path);

const segment = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .filter((text) => text !== '.' && text !== '..' && !/[/\0]|[\ud800-\udfff]/u.test(text));
const path = fc.array(segment, { minLength: 1, maxLength: 8 }).map((segments) => segments.join('/'));
const entry = fc
  .record({
    path,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 0xffffffff }),
    gid: fc.integer({ min: 0, max: 0xffffffff }),
    mtime: fc.oneof(fc.integer({ min: -1_000_000, max: 2 ** 40 }), fc.constant(1.25)),
    type: fc.constantFrom('file', 'directory', 'symlink', 'hardlink', 'fifo', 'character-device', 'block-device'),
    linkTarget: path,
    content: fc.uint8Array({ maxLength: 3000 }),
    xattr: fc.option(fc.uint8Array({ maxLength: 40 })),
  })
  .map(({ content, xattr, linkTarget, type, ...rest }): TarInput => {
    const isLink = type === 'symlink' || type === 'hardlink';
    const header = {
      ...rest,
      type,
      ...(isLink ? { linkTarget } : {}),
      ...(xattr ? { xattrs: { 'user.test': xattr } } : {}),
    } as const;
    return type === 'file' ? { header, content } : { header };
  });

describe('TarReader and createTar', () => {
  it('give back what was written, however it is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), fc.integer({ min: 1, max: 2000 }), async (inputs, step) => {
        const { members, end } = readAll(await tarOf(inputs), step);
        assert.equal(members.length, inputs.length);
        assert.equal(end.junk, false);
        for (const [index, { member, content }] of members.entries()) {
          const { header, content: written } = inputs[index] as TarInput;
          for (const key of ['path', 'type', 'mode', 'uid', 'gid', 'mtime', 'linkTarget'] as const) {
            assert.deepEqual(member[key], header[key], key);
          }
          assert.deepEqual(
            Buffer.from(member.xattrs?.['user.test'] ?? []),
            Buffer.from(header.xattrs?.['user.test'] ?? []),
          );
          assert.deepEqual(content, Buffer.from((written as Uint8Array | undefined) ?? []));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('throw nothing but AppError for archives that were cut off or changed', async () => {
    const good = await tarOf([
      { header: { path: 'a', type: 'directory', mode: 0o755 } },
      { header: { path: `${'long/'.repeat(40)}é`, type: 'file', mode: 0o644 }, content: Buffer.from('content') },
      { header: { path: 'l', type: 'symlink', mode: 0o777, linkTarget: 'a' } },
    ]);
    const change = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(change, fc.nat(good.length), fc.boolean(), (changes, length, fix) => {
        const bytes = Buffer.from(good.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        // with right checksums the fields themselves are met
        if (fix) fixChecksums(bytes);
        try {
          readAll(bytes, 700);
        } catch (error) {
          assert.ok(error instanceof AppError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

function fixChecksums(bytes: Buffer): void {
  for (let offset = 0; offset + 512 <= bytes.length; offset += 512) {
    const header = bytes.subarray(offset, offset + 512);
    if (header.toString('latin1', 257, 262) !== 'ustar') continue;
    header.fill(' ', 148, 156);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
      'latin1',
    );
  }
}

describe('TarReader', () => {
  const refused = (bytes: Uint8Array, code: string): void =>
    assert.throws(() => readAll(bytes), { name: 'AppError', code });

  it('normalises paths and refuses those that leave the root', () => {
    const bytes = ['./a', '/b', 'c//d/./e', 'f/../g'].map((name) => plain(name));
    assert.deepEqual(paths(Buffer.concat([...bytes, END])), ['a', 'b', 'c/d/e', 'g']);
    for (const name of ['../x', 'a/../../x', '/..', 'a/b/../../..']) refused(plain(name), 'TAR_PATH_ESCAPE');
  });

  it('ends at two zero blocks, and anywhere between members', () => {
    assert.deepEqual(paths(Buffer.alloc(0)), []);
    assert.deepEqual(paths(END), []);
    assert.deepEqual(paths(plain('a')), ['a']);
    assert.deepEqual(paths(Buffer.concat([plain('a'), Buffer.alloc(512)])), ['a']);
    assert.deepEqual(paths(plain('a', 'content').subarray(0, 512 + 7)), ['a']);
    assert.equal(readAll(Buffer.concat([plain('a'), END, Buffer.alloc(5000)])).end.junk, false);
    assert.equal(readAll(Buffer.concat([plain('a'), END, plain('hidden')])).end.junk, true);
  });

  it('refuses archives that stop inside a member, and members after one zero block', () => {
    for (const length of [1, 511, 512 + 3]) refused(plain('a', 'content').subarray(0, length), 'TAR_TRUNCATED');
    refused(paxBlock({ path: 'x' }), 'TAR_TRUNCATED');
    refused(Buffer.concat([Buffer.alloc(512), plain('a')]), 'TAR_MALFORMED');
  });

  it('refuses wrong checksums, numbers and types', () => {
    const wrong = plain('a');
    wrong[0] = 0x62;
    refused(wrong, 'TAR_CHECKSUM');
    refused(Buffer.alloc(512, 'x'), 'TAR_CHECKSUM');
    refused(
      tarBlock((header) => header.write('9zz', 124, 'latin1')),
      'TAR_MALFORMED',
    );
    refused(
      tarBlock((header) => header.write('Q', 156, 'latin1')),
      'TAR_MALFORMED',
    );
    refused(
      tarBlock((header) => header.fill(0xff, 124, 136)),
      'TAR_MALFORMED',
    );
    refused(
      tarBlock((header) => header.write('2', 156, 'latin1')),
      'TAR_MALFORMED',
    );
  });

  it('reads base-256 numbers', () => {
    const bytes = tarBlock((header) => {
      header.fill(0, 108, 116);
      header.writeUInt32BE(0x80000000, 108);
      header.writeUInt32BE(4_000_000_000, 112);
      header.fill(0xff, 136, 148);
    });
    const [first] = readAll(bytes).members;
    assert.deepEqual([first?.member.uid, first?.member.mtime], [4_000_000_000, -1]);
  });

  it('takes pax records over header fields, the last extended header alone, empty values as absent', () => {
    const bytes = Buffer.concat([
      paxBlock({ path: 'lost', uid: '7' }),
      paxBlock({ path: 'kept/ü', uid: '5000000', mtime: '12.5', gid: '' }),
      plain('short', 'x'),
      plain('next'),
    ]);
    const [first, second] = readAll(bytes).members.map(({ member }) => member);
    assert.deepEqual([first?.path, first?.uid, first?.gid, first?.mtime], ['kept/ü', 5_000_000, 0, 12.5]);
    assert.deepEqual([second?.path, second?.uid], ['next', 0]);
  });

  it('takes the size from a pax record', () => {
    const body = Buffer.alloc(512, 'x');
    const bytes = Buffer.concat([paxBlock({ size: '300' }), tarBlock(() => undefined), body, plain('after')]);
    assert.deepEqual(
      readAll(bytes).members.map(({ content }) => content.length),
      [300, 0],
    );
  });

  it('applies or ignores global pax headers', () => {
    const bytes = Buffer.concat([paxBlock({ path: 'everywhere' }, 'g'), plain('a')]);
    assert.equal(readAll(bytes).members[0]?.member.path, 'everywhere');
    assert.equal(readAll(bytes, 512, 'ignore').members[0]?.member.path, 'a');
  });

  it('refuses malformed pax headers and gigantic ones unread', () => {
    const body = (text: string): Buffer => tarBlock((header) => header.write('x', 156, 'latin1'), Buffer.from(text));
    for (const text of [
      'x',
      '5 a=\n1',
      '99 path=a\n',
      '0 a=b\n',
      '10 path=ab',
      '8 path\n\n',
      '7 =ab\n',
      '11 path=a\0b\n',
    ]) {
      assert.throws(() => readAll(Buffer.concat([body(text), plain('a')])), AppError, text);
    }
    refused(
      tarBlock((header) => header.write('x', 156, 'latin1').toString() && header.write('77777777777', 124)),
      'TAR_LIMIT',
    );
  });

  it('caps names and entries', () => {
    refused(Buffer.concat([paxBlock({ path: 'x'.repeat(5000) }), plain('a')]), 'TAR_LIMIT');
    refused(Buffer.concat(Array.from({ length: 1001 }, () => plain('a'))), 'TAR_TOO_MANY_ENTRIES');
  });

  it('refuses sparse maps that lie', () => {
    const sparse = (records: Record<string, string>): Buffer =>
      Buffer.concat([paxBlock({ 'GNU.sparse.major': '0', 'GNU.sparse.minor': '1', ...records }), plain('s', 'abcde')]);
    const cases = ['0,5,3,0', '0,9', '0,4', '9,5,1', '0,-5', 'a,5', '99999999999999999999,5'];
    for (const map of cases) refused(sparse({ 'GNU.sparse.map': map, 'GNU.sparse.size': '8' }), 'TAR_MALFORMED');
    const good = readAll(sparse({ 'GNU.sparse.map': '1,2,5,3', 'GNU.sparse.size': '9', 'GNU.sparse.name': 'real' }));
    assert.deepEqual(
      good.members.map(({ member, content }) => [member.path, content.toString('latin1')]),
      [['real', '\0ab\0\0cde\0']],
    );
  });

  it('can be skipped through by readers of files', async () => {
    const bytes = await tarOf([
      { header: { path: 'big', type: 'file', mode: 0o644 }, content: Buffer.alloc(100_000, 'x') },
      { header: { path: 'small', type: 'file', mode: 0o644 }, content: Buffer.from('y') },
    ]);
    const offsets: [string, number][] = [];
    const reader = new TarReader(
      {
        member: (member) => (offsets.push([member.path, member.contentOffset]), false),
        content: () => assert.fail('nothing was asked for'),
        contentEnd: () => undefined,
      },
      { globalPax: 'apply' },
    );
    while (reader.position < bytes.length && !reader.finished) {
      if (reader.skippableBytes > 0) reader.skip(reader.skippableBytes);
      else reader.write(bytes.subarray(reader.position, reader.position + 512));
    }
    assert.deepEqual(offsets, [
      ['big', 512],
      ['small', 512 + 100_352 + 512],
    ]);
  });
});

describe('TarReader reads prefixes as Go does, which container runtimes unpack with', () => {
  const named = (magic: string, prefix: string | Buffer): string[] => {
    const change = (header: Buffer): void => {
      header.write(magic.padEnd(8, '\0'), 257, 'latin1');
      Buffer.from(prefix as string).copy(header, 345);
    };
    return paths(Buffer.concat([tarBlock(change), END]));
  };
  const binary = (...bytes: number[]): Buffer => Buffer.from([...bytes, ...Array<number>(12 - bytes.length).fill(0)]);
  // each tried with archive/tar of Go 1.26
  const cases: readonly (readonly [what: string, magic: string, prefix: string | Buffer, path: string])[] = [
    ['ustar', 'ustar\u000000', 'a/b', 'a/b/name'],
    ['ustar of another version', 'ustar\u000099', 'a/b', 'a/b/name'],
    ['neither ustar nor GNU', 'ustar \0\0', 'a/b', 'name'],
    ['old', '', 'a/b', 'name'],
    ['GNU, a prefix in place of times', 'ustar  \0', 'a/b', 'a/b/name'],
    ['GNU, something in place of the second time', 'ustar  \0', Buffer.from(`${'\0'.repeat(12)}a/b`), 'name'],
    ['GNU, both', 'ustar  \0', Buffer.from(`00000000001\0a/b`), '00000000001/name'],
    ['GNU, times', 'ustar  \0', '00000000001\u000000000000002\0', 'name'],
    ['GNU, digits to the end', 'ustar  \0', '777777777777', 'name'],
    ['GNU, no octal digits', 'ustar  \0', '00000000008', '00000000008/name'],
    ['GNU, blanks', 'ustar  \0', '    ', 'name'],
    ['GNU, no ASCII', 'ustar  \0', 'é/b', 'name'],
    ['GNU, base-256', 'ustar  \0', binary(0x80, 0, 0, 0, 0x7f), 'name'],
    ['GNU, base-256 of more than 64 bits, which is no ASCII either', 'ustar  \0', binary(0x80, 0, 0, 0, 0x80), 'name'],
  ];
  for (const [what, magic, prefix, path] of cases) it(what, () => assert.deepEqual(named(magic, prefix), [path]));
});

describe('TarReader agrees with GNU tar', () => {
  let directory = '';
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'waybill-tar-'));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const tar = (...args: string[]): Buffer =>
    execFileSync('tar', ['-C', directory, ...args], { maxBuffer: 1e8, stdio: ['ignore', 'pipe', 'ignore'] });

  for (const format of ['v7', 'oldgnu', 'gnu', 'ustar', 'posix']) {
    it(`on ${format} archives`, () => {
      const long = format === 'v7' ? 'short' : `${'d'.repeat(60)}/${'n'.repeat(format === 'ustar' ? 30 : 180)}`;
      execFileSync('sh', [
        '-c',
        `cd "$1" && rm -rf t && mkdir -p "t/$(dirname "$2")" && printf content > "t/$2" && ln -s "$2" t/link && ln "t/$2" t/hard && mkfifo t/pipe`,
        'sh',
        directory,
        long,
      ]);
      const bytes = tar(
        `--format=${format}`,
        '--sort=name',
        '-cf',
        '-',
        ...(format === 'v7' ? ['--exclude=pipe'] : []),
        't',
      );
      writeFileSync(join(directory, 'x.tar'), bytes);
      const listed = tar('-tf', join(directory, 'x.tar'))
        .toString()
        .trim()
        .split('\n')
        .map((line) => line.replace(/\/$/, ''));
      assert.deepEqual(paths(bytes), listed);
    });
  }

  for (const options of [
    ['--format=gnu'],
    ...['0.0', '0.1', '1.0'].map((v) => ['--format=posix', `--sparse-version=${v}`]),
  ]) {
    it(`on sparse files, ${options.join(' ')}`, () => {
      const file = join(directory, 'sparse');
      writeFileSync(file, '');
      truncateSync(file, 3_000_000);
      const descriptor = openSync(file, 'r+');
      for (let index = 0; index < 30; index += 1)
        writeSync(descriptor, Buffer.from(`part ${index}`.padEnd(7)), 0, 7, index * 90_000 + 5);
      closeSync(descriptor);
      const [only] = readAll(tar('-S', ...options, '-cf', '-', 'sparse'), 999).members;
      assert.deepEqual([only?.member.path, only?.member.sizeBytes, only?.member.sparse], ['sparse', 3_000_000, true]);
      assert.equal(sha256Hex(only?.content ?? ''), execFileSync('sha256sum', [file]).toString().slice(0, 64));
    });
  }

  it('which lists what createTar writes', async () => {
    const names = ['plain', 'ü/ñ', `${'a'.repeat(90)}/${'b'.repeat(90)}`, 'é'.repeat(60)];
    const bytes = await tarOf(
      names.map((name) => ({ header: { path: name, type: 'file', mode: 0o644 }, content: Buffer.from('x') })),
    );
    const listed = execFileSync('tar', ['--quoting-style=literal', '-tf', '-'], { input: bytes })
      .toString()
      .trim()
      .split('\n');
    assert.deepEqual(listed, names);
  });
});

describe('decodeName', () => {
  it('is one to one for any bytes, and encodeName its inverse', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 30 }),
          fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const name = decodeName(bytes);
          assert.ok(name.isWellFormed());
          assert.deepEqual(Buffer.from(encodeName(name)), Buffer.from(bytes));
        },
      ),
    );
    assert.deepEqual(encodeName(decodeName(Buffer.from('\uf7e9\ufffd'))), Uint8Array.from(Buffer.from('\uf7e9\ufffd')));
  });
});
