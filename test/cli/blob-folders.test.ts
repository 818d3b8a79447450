import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { parseResult } from '../support/cli/schemas.ts';

describe('waybill blob sign and blob attest of folders', () => {
  let bench: Bench;
  const path = (name: string): string => join(bench.path, name);
  before(async () => {
    bench = await openBench();
    for (const folder of ['dist/bin/.hidden', 'empty/empty', 'linked', 'many'])
      mkdirSync(path(folder), { recursive: true });
    for (const name of ['dist/app', 'dist/bin/b', 'dist/bin/a', 'dist/bin/.hidden/c', 'linked/file', 'alone'])
      writeFileSync(path(name), name);
    symlinkSync('/etc/passwd', path('linked/link'));
    for (let index = 0; index < 1025; index += 1) writeFileSync(path(`many/${index}`), '');
    writeFileSync(path('predicate.json'), '{"answer": 42}');
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
  });
  after(() => bench[Symbol.asyncDispose]());

  const signed = async (command: string): Promise<readonly string[]> => {
    const { stdout } = ended(await bench.run(`blob sign ${command} --key ours.key --json`), 0);
    const { files } = parseResult('blob-sign', stdout) as { files: { file: string; bundleFile: string }[] };
    assert.ok(files.every(({ file, bundleFile }) => bundleFile === `${file}.sigstore.json`));
    return files.map(({ file }) => file);
  };

  test('every file in a folder is signed, hidden ones too, in the order of their names, and bundles are not', async () => {
    const files = ['dist/app', 'dist/bin/.hidden/c', 'dist/bin/a', 'dist/bin/b'];
    assert.deepEqual(await signed('dist'), files);
    assert.deepEqual(await signed('alone dist/'), ['alone', ...files]);
    for (const file of files)
      ended(
        await bench.run(`blob verify ${file} --bundle ${file}.sigstore.json --key ours.pub --insecure-ignore-tlog`),
        0,
      );
  });

  test('one statement is about all files of a folder, by their paths in it', async () => {
    const command = 'blob attest dist alone --type custom --predicate predicate.json --bundle all.json --key ours.key';
    const { stdout } = ended(await bench.run(`${command} --json`), 0);
    const { subjects } = parseResult('blob-attest', stdout) as { subjects: { name: string }[] };
    assert.deepEqual(
      subjects.map(({ name }) => name),
      ['app', 'bin/.hidden/c', 'bin/a', 'bin/b', 'alone'],
    );
    const verify = '--bundle all.json --type custom --key ours.pub --insecure-ignore-tlog';
    ended(await bench.run(`blob verify dist/bin/b ${verify}`), 0);
    ended(await bench.run(`blob verify predicate.json ${verify}`), 1);
  });

  test('what would go unsigned, nothing at all, and too much are refused, and nothing is written', async () => {
    const sign = (what: string) => bench.run(`blob sign ${what} --key ours.key`);
    failed(await sign('linked'), 6, 'FILE_NOT_REGULAR');
    failed(await sign('empty'), 6, 'FILE_NOT_FOUND');
    failed(await sign('nowhere'), 6, 'FILE_NOT_FOUND');
    failed(await sign('many'), 6, 'FOLDER_TOO_LARGE');
    failed(await sign('dist alone dist'), 2, 'USAGE');
    assert.ok(!existsSync(path('linked/file.sigstore.json')));
  });

  test('a bundle replaces no file that was read', async () => {
    const overwriting = 'blob attest dist --type custom --predicate predicate.json --bundle dist/bin/a --key ours.key';
    failed(await bench.run(overwriting), 2, 'USAGE');
    assert.equal(readFileSync(path('dist/bin/a'), 'utf8'), 'dist/bin/a');
  });
});
