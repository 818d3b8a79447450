import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LIMITS, sha256Digest, type Digest } from '../../src/core/index.ts';
import { fallbackTag, type RegistryStore } from '../../src/registry/index.ts';
import { nextLink } from '../../src/registry/link-header.ts';
import { startRegistry, type FaultAction, type ReferrersMode } from '../support/registry/index.ts';
import { calm, OCI_INDEX, OCI_MANIFEST, openQuietly, referrerOf } from '../support/registry/opening.ts';
import { failsWith } from '../net/client.ts';

const subject = sha256Digest('subject');

function listing(manifests: unknown, more: object = {}): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests, ...more });
}

async function attach(store: RegistryStore, note: string): Promise<Digest> {
  const { manifest, descriptor } = referrerOf(subject, note);
  await store.writeManifest(manifest, { referrer: { subject, descriptor } }, calm);
  return manifest.digest;
}

const digestsOf = async (store: RegistryStore): Promise<Digest[]> =>
  (await store.listReferrers(subject, calm)).map(({ digest }) => digest);

describe('listReferrers', () => {
  for (const mode of ['api', 'none', 'html', 'redirect', 'config-type'] satisfies ReferrersMode[]) {
    test(`finds what was attached where the registry’s API is: ${mode}`, async () => {
      await using registry = await startRegistry({ referrers: mode });
      await using store = await openQuietly(registry.host, 'app');
      assert.deepEqual(await store.listReferrers(subject, calm), []);
      const written = [await attach(store, 'one'), await attach(store, 'two')];
      assert.deepEqual((await digestsOf(store)).toSorted(), written.toSorted());
      const usesTag = registry.getManifest('app', fallbackTag(subject)) !== undefined;
      assert.equal(usesTag, mode !== 'api' && mode !== 'config-type');
    });
  }

  test('follows pages to the end', async () => {
    await using registry = await startRegistry({ pageSize: 3 });
    for (let index = 0; index < 8; index += 1) {
      registry.putManifest('app', referrerOf(subject, `n${index}`).manifest.bytes, { mediaType: OCI_MANIFEST });
    }
    await using store = await openQuietly(registry.host, 'app');
    assert.equal((await store.listReferrers(subject, calm)).length, 8);
    assert.equal(registry.count('GET', /referrers/), 3);
  });

  test('endless pages and endless entries are cut off with an error', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    const headers = { 'content-type': OCI_INDEX, link: `</v2/app/referrers/${subject}?again>; rel="next"` };
    registry.fail({ path: /referrers/, action: { kind: 'status', status: 200, headers, body: listing([]) } });
    await assert.rejects(store.listReferrers(subject, calm), failsWith('LIMIT_EXCEEDED', /50 pages/));
    assert.equal(registry.count('GET', /referrers/), LIMITS.referrerPages);
    registry.clearFaults();
    const entry = { mediaType: OCI_MANIFEST, digest: subject, size: 1 };
    const body = listing(Array.from({ length: LIMITS.referrers + 1 }, () => entry));
    registry.fail({
      path: /referrers/,
      action: { kind: 'status', status: 200, headers: { 'content-type': OCI_INDEX }, body },
    });
    await assert.rejects(store.listReferrers(subject, calm), failsWith('LIMIT_EXCEEDED', /1000 entries/));
  });

  test('a next page on another host is refused, and not asked for', async () => {
    await using other = await startRegistry();
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    const headers = { 'content-type': OCI_INDEX, link: `<${other.url}/v2/app/referrers/${subject}>; rel="next"` };
    registry.fail({ path: /referrers/, action: { kind: 'status', status: 200, headers, body: listing([]) } });
    await assert.rejects(store.listReferrers(subject, calm), failsWith('REFERRERS_MALFORMED', /another host/));
    assert.equal(other.requests.length, 0);
  });

  const unsupported: readonly FaultAction[] = [
    { kind: 'status', status: 404 },
    { kind: 'status', status: 405 },
    { kind: 'status', status: 406 },
    { kind: 'html' },
    { kind: 'status', status: 200, body: '<html>' },
    { kind: 'redirect', location: 'https://elsewhere.invalid/' },
  ];
  for (const action of unsupported) {
    test(`${JSON.stringify(action)} means: look at the tag`, async () => {
      await using registry = await startRegistry({ referrers: 'none' });
      await using store = await openQuietly(registry.host, 'app');
      const digest = await attach(store, 'one');
      registry.fail({ path: /referrers/, action });
      assert.deepEqual(await digestsOf(store), [digest]);
    });
  }

  for (const [status, code] of [
    [401, 'REGISTRY_UNAUTHORIZED'],
    [403, 'REGISTRY_FORBIDDEN'],
    [400, 'REGISTRY_UNEXPECTED_ANSWER'],
    [429, 'REGISTRY_RATE_LIMITED'],
    [500, 'REGISTRY_SERVER_ERROR'],
    [503, 'REGISTRY_SERVER_ERROR'],
  ] as const) {
    test(`${status} from the API or for the tag is an error, never "none"`, async () => {
      await using registry = await startRegistry({ referrers: 'none' });
      await using store = await openQuietly(registry.host, 'app');
      registry.fail({ path: /manifests/, action: { kind: 'status', status } });
      await assert.rejects(store.listReferrers(subject, calm), failsWith(code));
      registry.fail({ path: /referrers/, action: { kind: 'status', status } });
      await assert.rejects(store.listReferrers(subject, calm), failsWith(code));
    });
  }

  for (const [action, code, codeOfTag = code] of [
    [{ kind: 'hang' }, 'REGISTRY_TIMEOUT'],
    [{ kind: 'stall', bytes: 10 }, 'REGISTRY_TIMEOUT'],
    [{ kind: 'drop' }, 'REGISTRY_UNREACHABLE'],
    [{ kind: 'drop-after', bytes: 10 }, 'REGISTRY_UNREACHABLE'],
    [{ kind: 'truncate', bytes: 10 }, 'REFERRERS_MALFORMED', 'DIGEST_MISMATCH'],
    [{ kind: 'append', bytes: LIMITS.manifestBytes }, 'LIMIT_EXCEEDED'],
  ] as const satisfies readonly (readonly [FaultAction, string, string?])[]) {
    test(`${action.kind}, from the API or for the tag, is an error, never "none"`, async () => {
      const timeouts = { headersMs: 100, idleMs: 100 };
      for (const referrers of ['api', 'none'] as const) {
        await using registry = await startRegistry({ referrers });
        await using writer = await openQuietly(registry.host, 'app');
        await attach(writer, 'one');
        registry.fail({ path: referrers === 'api' ? /referrers/ : /manifests\/sha256-/, action });
        await using store = await openQuietly(registry.host, 'app', { timeouts });
        await assert.rejects(store.listReferrers(subject, calm), failsWith(referrers === 'api' ? code : codeOfTag));
      }
    });
  }

  test('a redirect in a circle on the registry’s own host is an error, never "none"', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    registry.fail({ path: /referrers/, action: { kind: 'redirect', location: '', status: 303 } });
    await assert.rejects(store.listReferrers(subject, calm), failsWith('REGISTRY_UNEXPECTED_ANSWER', /redirects/));
  });

  test('a redirect on the registry’s own host is followed', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    const digest = await attach(store, 'one');
    registry.fail({
      path: /referrers/,
      times: 1,
      action: { kind: 'redirect', location: `/v2/app/referrers/${subject}?moved` },
    });
    assert.deepEqual(await digestsOf(store), [digest]);
  });

  const malformed: readonly unknown[] = [
    {},
    'text',
    [{ mediaType: OCI_MANIFEST, digest: 'sha256:short', size: 1 }],
    [{ mediaType: OCI_MANIFEST, digest: subject, size: -1 }],
    [{ mediaType: OCI_MANIFEST, digest: subject, size: 1.5 }],
    [{ mediaType: OCI_MANIFEST, digest: subject, size: 1, artifactType: {} }],
    [{ mediaType: OCI_MANIFEST, digest: subject, size: 1, annotations: { a: 1 } }],
    [{ digest: subject, size: 1 }],
    [null],
  ];
  for (const manifests of malformed) {
    test(`a listing of ${JSON.stringify(manifests)} is malformed, by API and by tag`, async () => {
      await using registry = await startRegistry();
      await using store = await openQuietly(registry.host, 'app');
      const action = {
        kind: 'status',
        status: 200,
        headers: { 'content-type': OCI_INDEX },
        body: listing(manifests),
      } as const;
      registry.fail({ path: /referrers/, times: 1, action });
      await assert.rejects(store.listReferrers(subject, calm), failsWith('REFERRERS_MALFORMED'));
      registry.fail({ path: /referrers/, action: { kind: 'status', status: 404 } });
      registry.putManifest('app', Buffer.from(action.body), { mediaType: OCI_INDEX, tag: fallbackTag(subject) });
      await assert.rejects(store.listReferrers(subject, calm), failsWith('REFERRERS_MALFORMED'));
    });
  }

  test('a fallback tag that is an image is malformed', async () => {
    await using registry = await startRegistry({ referrers: 'none' });
    await using store = await openQuietly(registry.host, 'app');
    registry.putManifest('app', referrerOf(subject, 'x').manifest.bytes, {
      mediaType: OCI_MANIFEST,
      tag: fallbackTag(subject),
    });
    await assert.rejects(store.listReferrers(subject, calm), failsWith('REFERRERS_MALFORMED', /not an index/));
  });
});

describe('writeManifest with a subject', () => {
  test('OCI-Subject is enough', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    await attach(store, 'one');
    assert.equal(registry.count('GET', /referrers|manifests/), 0);
  });

  test('a registry that has the API but never lists it is an error', async () => {
    await using registry = await startRegistry({ referrers: 'config-type' });
    await using store = await openQuietly(registry.host, 'app');
    const body = listing([]);
    registry.fail({
      path: /referrers/,
      action: { kind: 'status', status: 200, headers: { 'content-type': OCI_INDEX }, body },
    });
    await assert.rejects(attach(store, 'one'), failsWith('REFERRER_NOT_LISTED'));
  });

  test('a registry that lists it a little later is waited for', async () => {
    await using registry = await startRegistry({ referrers: 'config-type' });
    await using store = await openQuietly(registry.host, 'app');
    const action = { kind: 'status', status: 200, headers: { 'content-type': OCI_INDEX }, body: listing([]) } as const;
    registry.fail({ path: /referrers/, times: 2, action });
    await attach(store, 'one');
    assert.equal(registry.count('GET', /referrers/), 3);
  });

  test('also under a tag', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    const { manifest, descriptor } = referrerOf(subject, 'one');
    await store.writeManifest(manifest, { tag: 'sig', referrer: { subject, descriptor } }, calm);
    assert.equal(registry.getManifest('app', 'sig')?.digest, manifest.digest);
    assert.deepEqual(await digestsOf(store), [manifest.digest]);
  });
});

describe('referrers in another repository', () => {
  test('are written, listed and read there; the image stays where it is', async () => {
    await using images = await startRegistry();
    await using signatures = await startRegistry({ referrers: 'none' });
    const referrersRepository = { transport: 'registry', registry: signatures.host, repository: 'team/sigs' } as const;
    await using store = await openQuietly(images.host, 'app', { referrersRepository });
    const bundle = Buffer.from('bundle');
    await store.writeBlob(bundle, sha256Digest(bundle), calm);
    const digest = await attach(store, 'one');
    assert.equal(images.getBlob('app', sha256Digest(bundle)), undefined);
    assert.ok(signatures.getManifest('team/sigs', digest));
    const imageDigest = images.putManifest('app', { schemaVersion: 2 }, { mediaType: OCI_MANIFEST, tag: 'latest' });
    await using reader = await openQuietly(images.host, 'app', { referrersRepository });
    assert.deepEqual(await digestsOf(reader), [digest]);
    assert.equal((await reader.readManifest(digest, calm)).digest, digest);
    assert.equal((await reader.readManifest('latest', calm)).digest, imageDigest);
    const descriptor = { mediaType: 'x', digest: sha256Digest(bundle), sizeBytes: bundle.byteLength };
    assert.deepEqual(await reader.readBlob(descriptor, 100, calm), bundle);
  });
});

describe('nextLink', () => {
  const base = new URL('https://reg.test/v2/app/referrers/x');
  const next = (header: string): string | undefined => nextLink(header, base)?.href;

  test('finds rel=next among others, quoted or not', () => {
    assert.equal(next('</v2/a?n=1>; rel="next"'), 'https://reg.test/v2/a?n=1');
    assert.equal(next('<?n=2>;rel=next'), 'https://reg.test/v2/app/referrers/x?n=2');
    assert.equal(next('</p>; rel="prev", </n>; title="a, b"; rel="first next"'), 'https://reg.test/n');
  });

  test('gives nothing for the rest', () => {
    for (const header of [
      '',
      '</p>; rel="prev"',
      '</p>',
      '</p>; rel="nextish"',
      '<>; rel="next"',
      `<${'x'.repeat(20_000)}>; rel="next"`,
    ]) {
      assert.equal(next(header), undefined, header.slice(0, 40));
    }
    assert.equal(nextLink(undefined, base), undefined);
  });
});
