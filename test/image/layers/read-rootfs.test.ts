import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, link, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sha256Hex } from '../../../src/core/index.ts';
import { squash, type CapturePlan } from '../../../src/filesystem/index.ts';
import { readRootfs } from '../../../src/image/index.ts';
import { NO_PLAN, planOf } from '../../support/layer-fixtures.ts';

async function rootfs() {
  const path = await mkdtemp(join(tmpdir(), 'waybill-rootfs-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function read(path: string, plan: CapturePlan = NO_PLAN) {
  return readRootfs({ path, plan, signal: new AbortController().signal });
}

describe('readRootfs', () => {
  it('reads files, folders, links and modes as layer -1', async () => {
    await using root = await rootfs();
    await mkdir(join(root.path, 'etc'));
    await writeFile(join(root.path, 'etc/os-release'), 'ID=x\n');
    await chmod(join(root.path, 'etc/os-release'), 0o4755);
    await symlink('/etc', join(root.path, 'config'));
    await link(join(root.path, 'etc/os-release'), join(root.path, 'same'));
    const plan = {
      ...planOf({ id: 'os', names: ['os-release'], maxBytes: 99 }),
      digests: [{ algorithm: 'sha256', paths: 'all' }],
    } as const;
    const stack = await read(root.path, plan);
    const view = squash(stack);
    assert.deepEqual(
      [...view.entries()].map(({ path, type }) => [path, type]),
      [
        ['config', 'symlink'],
        ['etc', 'directory'],
        ['etc/os-release', 'file'],
        ['same', 'file'],
      ],
    );
    const entry = view.resolve('config/os-release');
    assert.deepEqual([entry?.path, entry?.mode, entry?.layer, entry?.sizeBytes], ['etc/os-release', 0o4755, -1, 5]);
    assert.equal(view.contentDigest('same', 'sha256'), sha256Hex('ID=x\n'));
    assert.equal(view.captured('os').length, 1);
    assert.deepEqual(stack.diagnostics, []);
  });

  it('refuses more captured than allowed, or says it where a part is enough', async () => {
    await using root = await rootfs();
    await writeFile(join(root.path, 'one'), 'bytes');
    const { path } = root;
    const options = { path, plan: planOf({ id: 'x', names: ['one'], maxBytes: 9 }), limits: { capturedBytesTotal: 4 } };
    const { signal } = new AbortController();
    await assert.rejects(readRootfs({ ...options, signal }), { code: 'LAYER_CAPTURES_TOO_LARGE', exitCode: 6 });
    const stack = await readRootfs({ ...options, signal, allowsPartial: true });
    assert.deepEqual(
      stack.diagnostics.map(({ code }) => code),
      ['captures-too-large'],
    );
    assert.equal(squash(stack).lookup('one')?.sizeBytes, 5);
  });

  it('does not read terabytes of holes', async () => {
    await using root = await rootfs();
    await writeFile(join(root.path, 'huge'), '\x7fELF');
    await truncate(join(root.path, 'huge'), 2 ** 41);
    const stack = await read(root.path, { ...NO_PLAN, digests: [{ algorithm: 'sha256', paths: 'all' }] });
    assert.deepEqual(
      stack.diagnostics.map(({ code, path }) => [code, path]),
      [['sparse-file-skipped', '/huge']],
    );
    assert.equal(squash(stack).lookup('huge')?.sizeBytes, 2 ** 41);
  });

  it('never follows a link out of the root', async () => {
    await using root = await rootfs();
    await using outside = await rootfs();
    await writeFile(join(outside.path, 'secret'), 'secret');
    await symlink(outside.path, join(root.path, 'folder'));
    await symlink(join(outside.path, 'secret'), join(root.path, 'secret'));
    const view = squash(await read(root.path, planOf({ id: 'all', names: ['secret'], maxBytes: 99 })));
    assert.deepEqual(
      [...view.entries()].map((entry) => entry.path),
      ['folder', 'secret'],
    );
    assert.deepEqual(view.captured('all'), []);
    assert.equal(view.resolve('secret'), undefined);
  });

  it('does not open pipes', { timeout: 20_000 }, async () => {
    await using root = await rootfs();
    execFileSync('mkfifo', [join(root.path, 'pipe')]);
    const view = squash(await read(root.path, planOf({ id: 'all', names: ['pipe'], maxBytes: 99 })));
    assert.equal(view.lookup('pipe')?.type, 'fifo');
  });

  it('keeps names that are no UTF-8 apart', async () => {
    await using root = await rootfs();
    for (const byte of [0xe9, 0xea]) {
      await writeFile(Buffer.concat([Buffer.from(`${root.path}/n`), Buffer.from([byte])]), 'x');
    }
    assert.deepEqual(
      [...squash(await read(root.path)).entries()].map((entry) => entry.path),
      ['n\uf7e9', 'n\uf7ea'],
    );
  });

  it('refuses what is no directory', async () => {
    await using root = await rootfs();
    await writeFile(join(root.path, 'file'), '');
    await assert.rejects(read(join(root.path, 'file')), { code: 'ROOTFS_NOT_FOUND' });
    await assert.rejects(read(join(root.path, 'missing')), { code: 'ROOTFS_NOT_FOUND' });
    const limits = { layerEntries: 1 };
    const run = readRootfs({ path: root.path, plan: NO_PLAN, limits, signal: new AbortController().signal });
    await assert.rejects(run, { code: 'LAYER_TOO_MANY_ENTRIES' });
  });

  it('stops when interrupted', async () => {
    const signal = AbortSignal.abort();
    await assert.rejects(readRootfs({ path: '/', plan: NO_PLAN, signal }), { code: 'INTERRUPTED' });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 60);
    await assert.rejects(readRootfs({ path: '/usr', plan: NO_PLAN, signal: controller.signal }), {
      code: 'INTERRUPTED',
    });
  });
});
