import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { getTrustedRoot } from '@sigstore/tuf';
import { TemporaryDirectory } from '../../../src/core/index.ts';
import { loadModels } from '../../../src/verification/tuf/metadata.ts';
import { findRepository } from '../../../src/verification/tuf/repositories.ts';
import { startFrom } from '../../../src/verification/tuf/trusted-set.ts';
import { makeTufKey, signTuf, TufRepository } from '../../support/tuf-repository.ts';
import { serveTuf } from '../../support/tuf-server.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

describe('roots that ship', () => {
  test('are signed by themselves, and GitHub’s is the one of its note of origin', async () => {
    const models = await loadModels();
    const publicGood = startFrom(models, (await findRepository({})).anchor).root;
    assert.ok(publicGood.version >= 16);
    const github = startFrom(models, (await findRepository({ mirror: 'github' })).anchor).root;
    assert.equal(github.version, 3);
    assert.equal(github.metadata.signed.roles['root']?.threshold, 3);
    const note = readFileSync(join(ROOT, 'src/verification/tuf/seeds/README.md'), 'utf8');
    assert.match(note, /is version 3 of the root metadata of GitHub's TUF repository/);
  });
});

describe('the repository of these tests', () => {
  test('is one for @sigstore/tuf too, so that what is refused is refused for what was spoiled', async () => {
    await using folder = await TemporaryDirectory.create();
    const repository = new TufRepository({ now: new Date() });
    const trustedRoot = { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1', tlogs: [] };
    repository.targets.set('trusted_root.json', Buffer.from(JSON.stringify(trustedRoot)));
    repository.publish();
    repository.rotate('root');
    repository.rotate('timestamp');
    repository.resign();
    await using server = await serveTuf(repository);
    const rootPath = join(folder.path, 'root.json');
    writeFileSync(rootPath, repository.firstRoot);
    const options = { mirrorURL: server.url, rootPath, retry: false, timeout: 5000 };
    const root = await getTrustedRoot({ ...options, cachePath: join(folder.path, 'first') });
    assert.equal(root.mediaType, trustedRoot.mediaType);
    const timestamp = JSON.parse((repository.files.get('timestamp.json') ?? '').toString()) as { signed: {} };
    repository.files.set('timestamp.json', signTuf({ ...timestamp.signed }, [makeTufKey()]));
    await assert.rejects(getTrustedRoot({ ...options, cachePath: join(folder.path, 'second') }));
  });
});

describe('loading', () => {
  test('nothing of TUF is loaded before it is needed, and no HTTP client but ours', () => {
    const script = `
      import { createRequire } from 'node:module';
      const loaded = (name) => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('node_modules/' + name));
      const { loadTrustedRootFromTuf } = await import('./src/verification/tuf/index.ts');
      const before = loaded('@tufjs/models');
      await loadTrustedRootFromTuf({ cacheDir: undefined, offline: true, now: () => new Date('2026-06-01'), progress: () => undefined });
      console.log(JSON.stringify([before, loaded('@tufjs/models'), ...['tuf-js', '@sigstore/tuf/dist', 'make-fetch-happen', 'node-fetch'].map(loaded)]));`;
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT, encoding: 'utf8' });
    assert.deepEqual(JSON.parse(out), [false, true, false, false, false, false]);
  });
});
