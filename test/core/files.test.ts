import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { AppError, readInputFileSync, TemporaryDirectory, writeFileAtomic } from '../../src/core/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'waybill-test-'));
after(() => rmSync(folder, { recursive: true }));
const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;

describe('writeFileAtomic', () => {
  test('writes with the given mode and leaves no temporary file', async () => {
    const path = join(folder, 'a');
    await writeFileAtomic(path, 'hello', { mode: 0o600, ifExists: 'refuse' });
    assert.equal(readFileSync(path, 'utf8'), 'hello');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ['a']);
  });

  test('never overwrites when told to refuse', async () => {
    await assert.rejects(writeFileAtomic(join(folder, 'a'), 'other', { ifExists: 'refuse' }), code('FILE_EXISTS'));
    assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'hello');
  });

  test('names a folder that does not exist', async () => {
    await assert.rejects(
      writeFileAtomic(join(folder, 'no', 'b'), 'x', { ifExists: 'replace' }),
      code('FILE_UNWRITABLE'),
    );
    await assert.rejects(
      writeFileAtomic(join(folder, 'no', 'b'), 'x', { ifExists: 'refuse' }),
      code('FILE_UNWRITABLE'),
    );
    // below a file: nothing temporary can be looked for either
    await assert.rejects(
      writeFileAtomic(join(folder, 'a', 'b'), 'x', { ifExists: 'replace' }),
      code('FILE_UNWRITABLE'),
    );
  });

  test('replaces in one step', async () => {
    await writeFileAtomic(join(folder, 'a'), 'new', { ifExists: 'replace' });
    assert.equal(readFileSync(join(folder, 'a'), 'utf8'), 'new');
  });
});

describe('readInputFileSync', () => {
  test('says what is wrong with a path', () => {
    assert.throws(() => readInputFileSync(join(folder, 'nothing'), 10), code('FILE_NOT_FOUND'));
    assert.throws(() => readInputFileSync(folder, 10), code('FILE_NOT_REGULAR'));
    writeFileSync(join(folder, 'big'), 'x'.repeat(11));
    assert.throws(() => readInputFileSync(join(folder, 'big'), 10), code('LIMIT_EXCEEDED'));
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    assert.throws(() => readInputFileSync(join(folder, 'fifo'), 10), code('FILE_NOT_REGULAR'));
  });
});

describe('TemporaryDirectory', () => {
  test('is private and gone after disposal', async () => {
    let path: string;
    {
      await using directory = await TemporaryDirectory.create();
      path = directory.path;
      assert.equal(statSync(path).mode & 0o777, 0o700);
      writeFileSync(join(path, 'x'), 'x');
    }
    assert.equal(existsSync(path), false);
  });
});
