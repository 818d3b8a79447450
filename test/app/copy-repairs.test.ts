import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { copyImageWithAttachments } from '../../src/app/index.ts';
import { digestHex, TemporaryDirectory } from '../../src/core/index.ts';
import { startRegistry } from '../support/registry/index.ts';
import { openOciLayout } from '../../src/image/index.ts';
import { attachNote, makeIndex } from '../support/attached-world.ts';
import { failsWith } from '../net/client.ts';
import { quietRuntime } from '../support/registry/opening.ts';

test('copyImageWithAttachments compares what lies in a layout with its digest, and copies again what is damaged', async () => {
  await using temporary = await TemporaryDirectory.create('waybill-test-');
  const [from, to] = ['from', 'to'].map((name) => join(temporary.path, name)) as [string, string];
  const { store, platforms } = await makeIndex(from);
  const [first] = platforms;
  assert.ok(first);
  await attachNote(store, first, 'a note');
  const options = {
    from: `oci:${from}:v1`,
    to: `oci:${to}`,
    access: {},
    referrers: true,
    legacy: false,
    nondistributable: false,
  };
  const copied = await copyImageWithAttachments(options, quietRuntime());

  const listed = new Set(
    openOciLayout(to)
      .listEntries()
      .map(({ digest }) => digestHex(digest)),
  );
  const folder = join(to, 'blobs/sha256');
  for (const name of readdirSync(folder)) {
    // what index.json lists is read before anything is written, and refused when it is damaged
    if (!listed.has(name))
      writeFileSync(
        join(folder, name),
        readFileSync(join(folder, name)).map((byte) => byte ^ 1),
      );
  }
  const again = await copyImageWithAttachments(options, quietRuntime());
  assert.equal(again.blobs.copied, copied.blobs.copied);
  assert.equal(again.manifests.copied, platforms.length);
  for (const name of readdirSync(folder))
    assert.deepEqual(readFileSync(join(folder, name)), readFileSync(join(from, 'blobs/sha256', name)));

  const [entry = ''] = listed;
  writeFileSync(
    join(folder, entry),
    readFileSync(join(folder, entry)).map((byte) => byte ^ 1),
  );
  await assert.rejects(copyImageWithAttachments(options, quietRuntime()), failsWith('MANIFEST_DIGEST_MISMATCH'));
});

test('copyImageWithAttachments sends blobs where the registry refuses to take them over', async () => {
  await using temporary = await TemporaryDirectory.create('waybill-test-');
  const { index } = await makeIndex(join(temporary.path, 'from'));
  await using registry = await startRegistry();
  const options = { access: {}, referrers: true, legacy: false, nondistributable: false };
  const copy = (from: string, to: string): ReturnType<typeof copyImageWithAttachments> =>
    copyImageWithAttachments({ from, to, ...options }, quietRuntime());
  await copy(`oci:${join(temporary.path, 'from')}:v1`, `${registry.host}/one:v1`);
  for (const status of [403, 405, 202]) {
    const headers = { location: '/v2/two/blobs/uploads/none' };
    registry.fail({ path: /mount=/, action: { kind: 'status', status, headers } });
    const { blobs } = await copy(`${registry.host}/one:v1`, `${registry.host}/to-${status}:v1`);
    assert.deepEqual([blobs.mounted, blobs.copied > 0], [0, true]);
    assert.equal(registry.getManifest(`to-${status}`, 'v1')?.digest, index.digest);
    registry.clearFaults();
  }
});
