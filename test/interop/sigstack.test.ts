import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TemporaryDirectory } from '../../src/core/index.ts';
import { cacheFolder } from '../support/cache-folder.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';

const CLI = join(import.meta.dirname, '../../bin/dev.ts');
/** Where `.ci/sigstack` puts the services. */
const STACK = process.env['WAYBILL_SIGSTACK'] ?? join(cacheFolder(), 'sigstack');
const NAMESPACE = ['--net', '--', 'bash', '-c', 'ip link set lo up && exec "$@"', 'netns'];

function missing(): string | false {
  const programs = ['fulcio', 'rekor-server-posix', 'timestamp-server', 'tesseract', 'registry-referrers', 'cosign'];
  const absent = programs.filter((name) => !existsSync(join(STACK, 'bin', name)));
  if (absent.length > 0) return `no Sigstore of its own here: ${absent.join(', ')} are not built (.ci/sigstack)`;
  const allowed = spawnSync('unshare', [...NAMESPACE, 'true']).status === 0;
  return allowed ? false : 'this machine does not allow a network namespace';
}

describe('a complete Sigstore on loopback', { skip: missing() }, () => {
  let scratch: TemporaryDirectory;
  before(async () => {
    scratch = await TemporaryDirectory.create('waybill-sigstack-');
    await makeSampleImages(scratch.path);
  });
  after(() => scratch[Symbol.asyncDispose]());

  test('cosign accepts what waybill signs and waybill what cosign signs, in four registries and offline', () => {
    const script = join(import.meta.dirname, 'sigstack.sh');
    const command = ['bash', script, STACK, scratch.path, process.execPath, CLI];
    const { stdout, stderr } = spawnSync('unshare', [...NAMESPACE, ...command], { encoding: 'utf8', timeout: 540_000 });
    const lines = stdout.trim().split('\n');
    assert.deepEqual(
      lines.filter((line) => !line.startsWith('ok ')),
      [],
      stderr.slice(-2000),
    );
    assert.ok(lines.length >= 85, `${lines.length} things were tried`);
  });
});
