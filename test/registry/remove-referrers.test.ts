import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { sha256Digest, TemporaryDirectory, type Digest } from '../../src/core/index.ts';
import { fallbackTag, type RegistryStore } from '../../src/registry/index.ts';
import { startRegistry } from '../support/registry/index.ts';
import { calm, OCI_INDEX, openQuietly, referrerOf } from '../support/registry/opening.ts';
import { failsWith } from '../net/client.ts';

const subject = sha256Digest('subject');

async function attach(store: RegistryStore, note: string): Promise<Digest> {
  const { manifest, descriptor } = referrerOf(subject, note);
  await store.writeManifest(manifest, { referrer: { subject, descriptor } }, calm);
  return manifest.digest;
}

const remove = (store: RegistryStore, deleted: readonly Digest[], more: object = {}): Promise<void> =>
  store.removeReferrers(subject, { deleted, unlisted: [], tags: [], ...more }, calm);

const digestsOf = async (store: RegistryStore): Promise<Digest[]> =>
  (await store.listReferrers(subject, calm)).map(({ digest }) => digest);

describe('removeReferrers', () => {
  for (const etags of [true, false]) {
    test(`takes them off the fallback tag and keeps what else it says (ETags: ${etags})`, async () => {
      await using registry = await startRegistry({ referrers: 'none', etags });
      await using store = await openQuietly(registry.host, 'app');
      const [one, two] = [await attach(store, 'one'), await attach(store, 'two')];
      const tag = fallbackTag(subject);
      const stored = JSON.parse(Buffer.from(registry.getManifest('app', tag)?.bytes ?? []).toString()) as object;
      registry.putManifest('app', { ...stored, annotations: { kept: 'yes' } }, { mediaType: OCI_INDEX, tag });
      await remove(store, [one]);
      assert.deepEqual(await digestsOf(store), [two]);
      const left = JSON.parse(Buffer.from(registry.getManifest('app', tag)?.bytes ?? []).toString()) as object;
      assert.deepEqual(left, { ...left, annotations: { kept: 'yes' } });
      await remove(store, [two]);
      assert.equal(registry.getManifest('app', tag), undefined);
    });
  }

  test('what is only unlisted is not deleted; what is gone already is fine', async () => {
    await using registry = await startRegistry({ referrers: 'none' });
    await using store = await openQuietly(registry.host, 'app');
    const one = await attach(store, 'one');
    await remove(store, [sha256Digest('never there')], { unlisted: [one] });
    assert.deepEqual(await digestsOf(store), []);
    assert.ok(registry.getManifest('app', one));
  });

  test('an update of another writer in between is seen, and not undone', async () => {
    await using registry = await startRegistry({ referrers: 'none' });
    await using store = await openQuietly(registry.host, 'app');
    const written = [];
    for (let index = 0; index < 4; index += 1) written.push(await attach(store, `old ${index}`));
    const [added] = await Promise.all([
      Promise.all([attach(store, 'new 1'), attach(store, 'new 2')]),
      remove(store, written),
    ]);
    assert.deepEqual((await digestsOf(store)).toSorted(), added.toSorted());
  });

  test('a list that another writer always puts back is an error', async () => {
    await using registry = await startRegistry({ referrers: 'none' });
    await using store = await openQuietly(registry.host, 'app');
    const one = await attach(store, 'one');
    const body = Buffer.from(registry.getManifest('app', fallbackTag(subject))?.bytes ?? []).toString();
    const headers = { 'content-type': OCI_INDEX };
    registry.fail({
      method: 'GET',
      path: /manifests\/sha256-/,
      action: { kind: 'status', status: 200, headers, body },
    });
    await assert.rejects(remove(store, [one]), failsWith('REFERRER_STILL_LISTED'));
  });

  test('tags go too, also where a registry deletes by digest only', async () => {
    for (const byDigestOnly of [false, true]) {
      await using registry = await startRegistry();
      await using store = await openQuietly(registry.host, 'app');
      const { manifest } = referrerOf(subject, 'legacy');
      await store.putManifest(manifest, 'old.sig', calm);
      if (byDigestOnly) registry.fail({ method: 'DELETE', path: /old\.sig/, action: { kind: 'status', status: 405 } });
      await remove(store, [manifest.digest], { tags: ['old.sig'] });
      assert.equal(registry.getManifest('app', 'old.sig'), undefined);
      assert.equal(registry.getManifest('app', manifest.digest), undefined);
    }
  });

  for (const [status, code] of [
    [405, 'REGISTRY_DELETE_UNSUPPORTED'],
    [401, 'REGISTRY_UNAUTHORIZED'],
    [403, 'REGISTRY_FORBIDDEN'],
    [429, 'REGISTRY_RATE_LIMITED'],
    [500, 'REGISTRY_SERVER_ERROR'],
  ] as const) {
    test(`${status} is ${code}, and the list is as it was`, async () => {
      await using registry = await startRegistry({ referrers: 'none' });
      await using store = await openQuietly(registry.host, 'app');
      const one = await attach(store, 'one');
      registry.fail({ method: 'DELETE', path: /./, action: { kind: 'status', status } });
      await assert.rejects(remove(store, [one]), failsWith(code));
      assert.deepEqual(await digestsOf(store), [one]);
    });
  }

  test('a token that allows deleting is asked for', async () => {
    await using folder = await TemporaryDirectory.create('waybill-test-');
    await using registry = await startRegistry({ auth: { kind: 'bearer', username: 'ci', password: 'secret' } });
    const authFile = join(folder.path, 'auth.json');
    const auth = Buffer.from('ci:secret').toString('base64');
    writeFileSync(authFile, JSON.stringify({ auths: { [registry.host]: { auth } } }));
    await using store = await openQuietly(registry.host, 'app', { authFile });
    const one = await attach(store, 'one');
    await remove(store, [one]);
    assert.equal(registry.getManifest('app', one), undefined);
    assert.equal(registry.count('GET', /token\?.*scope=repository%3Aapp%3Apull%2Cpush%2Cdelete/), 1);
  });
});

describe('maxReferrers', () => {
  test('lowers and raises the cap, by API and by tag', async () => {
    for (const referrers of ['api', 'none'] as const) {
      await using registry = await startRegistry({ referrers, pageSize: 2 });
      await using store = await openQuietly(registry.host, 'app');
      for (const note of ['one', 'two', 'three']) await attach(store, note);
      await using few = await openQuietly(registry.host, 'app', { maxReferrers: 2 });
      await assert.rejects(few.listReferrers(subject, calm), failsWith('LIMIT_EXCEEDED', /max-referrers|2/));
      await using enough = await openQuietly(registry.host, 'app', { maxReferrers: 3 });
      assert.equal((await enough.listReferrers(subject, calm)).length, 3);
    }
  });

  test('pages may be as many as the raised cap needs', async () => {
    await using registry = await startRegistry({ pageSize: 20 });
    for (let index = 0; index < 1100; index += 1) {
      registry.putManifest('app', referrerOf(subject, `n${index}`).manifest.bytes, {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
      });
    }
    await using store = await openQuietly(registry.host, 'app');
    await assert.rejects(store.listReferrers(subject, calm), failsWith('LIMIT_EXCEEDED'));
    await using raised = await openQuietly(registry.host, 'app', { maxReferrers: 1100 });
    assert.equal((await raised.listReferrers(subject, calm)).length, 1100);
  });
});
