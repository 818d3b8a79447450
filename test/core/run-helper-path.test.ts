import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runHelper, TemporaryDirectory } from '../../src/core/index.ts';

const run = (env: Record<string, string>): ReturnType<typeof runHelper> =>
  runHelper({
    command: 'docker-credential-of-the-test',
    args: [],
    env,
    timeoutMs: 5000,
    maxOutputBytes: 100,
    signal: new AbortController().signal,
  });

test('helpers are never taken from the working folder, whatever PATH says', async () => {
  await using directory = await TemporaryDirectory.create();
  const before = process.cwd();
  const program = join(directory.path, 'docker-credential-of-the-test');
  writeFileSync(program, '#!/bin/sh\necho ran\n');
  chmodSync(program, 0o755);
  process.chdir(directory.path);
  try {
    for (const path of ['', '.', ':/usr/bin', '/usr/bin:', './', 'bin/..:/usr/bin', '/usr/bin::/bin']) {
      await assert.rejects(run({ PATH: path }), { code: 'HELPER_NOT_FOUND' }, JSON.stringify(path));
    }
    const found = await run({ PATH: `.:${directory.path}:/usr/bin:/bin` });
    assert.equal(Buffer.from(found.stdout).toString(), 'ran\n');
  } finally {
    process.chdir(before);
  }
});
