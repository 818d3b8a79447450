import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sha256Digest } from '../../src/core/index.ts';
import { loadImage, openOciLayout } from '../../src/image/index.ts';
import type { LedgerEntry, LedgerFinding } from '../../src/ledger/index.ts';
import { LINUX_AMD64, makeImage } from '../support/images.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { prepareDebianImages, type DebianImages } from './debian-images.ts';
import { outputOf, runCommand, waybillIn } from './run-command.ts';

const prepared = await prepareDebianImages(['base', 'app']);
const skip = 'skip' in prepared ? prepared.skip : false;
const images = prepared as DebianImages;

const TAMPER = 'RUN /bin/sh -c tamper';

interface Listed {
  readonly findings: readonly LedgerFinding[];
  readonly files: readonly LedgerEntry[];
  readonly totals: { readonly integrity: Readonly<Record<string, number>> };
  readonly document: { readonly digest: string } | null;
}

describe('the ledger of a Debian application image', { skip }, () => {
  let folder: string;
  let root: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waybill-ledger-'));
    root = join(folder, 'rootfs');
    await outputOf('cp', ['-a', images.root, root]);
    await makeTampered();
  });

  after(() => rm(folder, { recursive: true, force: true }));

  /** The same changes to an image, as a layer with its line of history, and to the unpacked file system. */
  async function makeTampered(): Promise<void> {
    const signal = new AbortController().signal;
    const store = openOciLayout(join(images.folder, 'app'));
    const image = await loadImage(store, { reference: 'app', hostPlatform: LINUX_AMD64, signal });
    await makeImage(join(folder, 'tampered'), {
      base: { image, store },
      layers: [
        [
          { path: 'usr/bin/less', content: 'another pager\n', mode: 0o755 },
          { path: 'usr/bin/.wh.lesskey', content: '' },
          { path: 'usr/bin/ssh', linkTarget: '/tmp/ssh' },
          { path: 'etc/sudoers', content: 'nobody ALL=(ALL) NOPASSWD: ALL\n' },
          { path: 'usr/local/bin/extra', content: '#!/bin/sh\n', mode: 0o755 },
        ],
      ],
      history: [{ createdBy: TAMPER, emptyLayer: false }],
      tag: 'tampered',
    });
    await writeFile(join(root, 'usr/bin/less'), 'another pager\n');
    await unlink(join(root, 'usr/bin/lesskey'));
    await unlink(join(root, 'usr/bin/ssh'));
    await symlink('/tmp/ssh', join(root, 'usr/bin/ssh'));
    await writeFile(join(root, 'etc/sudoers'), 'nobody ALL=(ALL) NOPASSWD: ALL\n');
  }

  async function list(reference: string, flags: readonly string[], code = 0): Promise<Listed> {
    const done = await waybillIn(folder)(['image', 'files', reference, '--json', ...flags]);
    assert.equal(done.code, code, done.stderr);
    return parseResult('image-files', done.stdout) as unknown as Listed;
  }

  /** What dpkg says of a file system: changed files, changed configuration, missing files. */
  async function verify(
    path: string,
  ): Promise<{ readonly changed: string[]; readonly configuration: string[]; readonly missing: string[] }> {
    const { stdout } = await runCommand('dpkg', [`--root=${path}`, '--verify']);
    const lines = stdout.split('\n').map((line) => /^(\S+)\s+(c )?\s*(\/.*)$/.exec(line) ?? []);
    const of = (wanted: (state: string, mark: string | undefined) => boolean): string[] =>
      lines
        .flatMap(([, state, mark, file]) =>
          state !== undefined && file !== undefined && wanted(state, mark) ? [file] : [],
        )
        .toSorted();
    return {
      changed: of((state, mark) => state !== 'missing' && mark === undefined),
      configuration: of((state, mark) => state !== 'missing' && mark !== undefined),
      // a folder that apt makes again when it needs it; the ledger is about files
      missing: of((state) => state === 'missing').filter((file) => file !== '/var/lib/apt/lists/partial'),
    };
  }

  test('agrees with dpkg --verify on what is untouched', async (t) => {
    const { findings, totals } = await list(images.reference('app'), ['--summary']);
    assert.deepEqual(await verify(images.root), { changed: [], configuration: [], missing: [] });
    assert.deepEqual(findings, []);
    assert.ok((totals.integrity['verified'] ?? 0) > 9000);
    t.diagnostic(`${totals.integrity['verified']} files verified`);
  });

  test('agrees with dpkg --verify on what was tampered with, and names the layer and the command', async () => {
    const flags = ['--layer', '5', '--fail-on', 'modified,missing'];
    const { findings, files } = await list(`oci:${join(folder, 'tampered')}:tampered`, flags, 1);
    const expected = await verify(root);
    const changed = findings.filter((finding) => finding.kind === 'modified');
    assert.deepEqual(
      changed.map(({ path }) => path),
      expected.changed,
    );
    assert.deepEqual(expected.changed, ['/usr/bin/less', '/usr/bin/ssh']);
    assert.deepEqual(
      findings.flatMap((finding) => (finding.kind === 'missing' ? [finding.path] : [])),
      expected.missing,
    );
    assert.deepEqual(expected.missing, ['/usr/bin/lesskey']);
    for (const { createdBy, owner } of changed) {
      assert.equal(createdBy, TAMPER);
      assert.match(owner.purl ?? '', /^pkg:deb\/debian\/(?:less|openssh-client)@/);
    }
    const configuration = files.filter(({ integrity }) => integrity === 'configuration').map(({ path }) => path);
    assert.deepEqual(configuration, expected.configuration);
    assert.deepEqual(
      files.filter((file) => file.class === 'unaccounted').map(({ path }) => path),
      ['/usr/local/bin/extra'],
    );
  });

  test('is the same from a root file system but for the layers', async () => {
    const { findings } = await list(`dir:${root}`, ['--summary']);
    assert.deepEqual(
      findings.map((finding) => `${finding.kind} ${'path' in finding ? finding.path : ''}`),
      ['missing /usr/bin/lesskey', 'modified /usr/bin/less', 'modified /usr/bin/ssh'],
    );
  });

  test('as a document has the digest that is told, and the same bytes again', async () => {
    const file = join(folder, 'ledger.jsonl');
    const { document } = await list(images.reference('app'), ['--summary', '--output', file]);
    const bytes = await readFile(file);
    assert.equal(document?.digest, sha256Digest(bytes));
    await list(images.reference('app'), ['--summary', '--no-cache', '--output', file]);
    assert.deepEqual(await readFile(file), bytes);
  });
});
