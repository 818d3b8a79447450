import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ExitCode, isAppError } from '../../src/core/index.ts';
import type { RegistryStore } from '../../src/registry/index.ts';
import { startRegistry, type FaultAction } from '../support/registry/index.ts';
import { calm, manifestOf, OCI_MANIFEST, openQuietly } from '../support/registry/opening.ts';
import { failsWith } from '../net/client.ts';

const document = { schemaVersion: 2, mediaType: OCI_MANIFEST, layers: [] };
const manifest = manifestOf(document);
/** For what is meant to time out. */
const short = { timeouts: { connectMs: 400, headersMs: 400, idleMs: 400 } };

describe('failures by name', () => {
  const cases: readonly (readonly [FaultAction, string, ExitCode])[] = [
    [{ kind: 'status', status: 401 }, 'REGISTRY_UNAUTHORIZED', ExitCode.Auth],
    [{ kind: 'status', status: 403 }, 'REGISTRY_FORBIDDEN', ExitCode.Auth],
    [{ kind: 'status', status: 429 }, 'REGISTRY_RATE_LIMITED', ExitCode.Remote],
    [{ kind: 'status', status: 500 }, 'REGISTRY_SERVER_ERROR', ExitCode.Remote],
    [{ kind: 'status', status: 503 }, 'REGISTRY_SERVER_ERROR', ExitCode.Remote],
    [{ kind: 'status', status: 418 }, 'REGISTRY_UNEXPECTED_ANSWER', ExitCode.Remote],
    [{ kind: 'drop' }, 'REGISTRY_UNREACHABLE', ExitCode.Remote],
    [{ kind: 'drop-after', bytes: 3 }, 'REGISTRY_UNREACHABLE', ExitCode.Remote],
    [{ kind: 'hang' }, 'REGISTRY_TIMEOUT', ExitCode.Remote],
    [{ kind: 'stall', bytes: 3 }, 'REGISTRY_TIMEOUT', ExitCode.Remote],
    [{ kind: 'html' }, 'REGISTRY_UNEXPECTED_ANSWER', ExitCode.Remote],
    [{ kind: 'redirect', location: 'http://169.254.169.254/' }, 'NET_REDIRECT_REFUSED', ExitCode.Remote],
  ];
  const reads: readonly (readonly [string, (store: RegistryStore) => Promise<unknown>])[] = [
    ['manifest', (store) => store.readManifest('latest', calm)],
    ['referrers', (store) => store.listReferrers(manifest.digest, calm)],
  ];
  for (const [action, code, exitCode] of cases) {
    for (const [name, read] of reads) {
      if (name === 'referrers' && (action.kind === 'html' || action.kind === 'redirect')) continue;
      const label = 'status' in action ? action.status : action.kind;
      test(`${name}: ${label} is ${code}`, async () => {
        await using registry = await startRegistry();
        registry.putManifest('app', manifest.bytes, { mediaType: OCI_MANIFEST, tag: 'latest' });
        const waits = action.kind === 'hang' || action.kind === 'stall';
        await using store = await openQuietly(registry.host, 'app', waits ? short : {});
        registry.fail({ path: /manifests|referrers/, action });
        await assert.rejects(read(store), (error: unknown) => {
          failsWith(code)(error);
          return isAppError(error) && error.exitCode === exitCode;
        });
      });
    }
  }

  test('the registry’s own words are shown, made safe and short', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    const body = JSON.stringify({
      errors: [
        { code: 'DENIED', message: `no\u001b[31m access\u202e ${'x'.repeat(1000)}` },
        { code: 'TOOMANY', message: 'Bearer abcdefghijklmnop' },
      ],
    });
    registry.fail({ path: /manifests/, action: { kind: 'status', status: 403, body } });
    await assert.rejects(store.readManifest('latest', calm), (error: Error) => {
      assert.match(error.message, /DENIED: no\\u\{1b\}/);
      assert.match(error.message, /TOOMANY: Bearer \*\*\*/);
      assert.ok(error.message.length < 1500);
      return failsWith('REGISTRY_FORBIDDEN')(error);
    });
  });

  test('an endless or absurd error body changes nothing', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    for (const body of ['x'.repeat(1_000_000), '{"errors":[1,null,{"code":{}}]}', '[]', '"text"']) {
      registry.fail({ path: /manifests/, times: 1, action: { kind: 'status', status: 403, body } });
      await assert.rejects(store.readManifest('latest', calm), failsWith('REGISTRY_FORBIDDEN'));
    }
  });

  test('a long Retry-After is not waited for, and said', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app');
    registry.fail({ path: /manifests/, action: { kind: 'status', status: 429, headers: { 'retry-after': '21600' } } });
    await assert.rejects(store.readManifest('latest', calm), (error: unknown) => {
      failsWith('REGISTRY_RATE_LIMITED')(error);
      return isAppError(error) && /21600 seconds/.test(error.hint ?? '');
    });
    assert.equal(registry.count('GET', /manifests/), 1);
  });

  test('nothing listens', async () => {
    const registry = await startRegistry();
    await registry[Symbol.asyncDispose]();
    await using store = await openQuietly(registry.host, 'app');
    await assert.rejects(store.readManifest('latest', calm), failsWith('REGISTRY_UNREACHABLE', /nothing listens/));
  });

  test('offline is said, and nothing is sent', async () => {
    await using registry = await startRegistry();
    await using store = await openQuietly(registry.host, 'app', { offline: true });
    await assert.rejects(store.readManifest('latest', calm), failsWith('NET_OFFLINE'));
    assert.equal(registry.requests.length, 0);
  });
});
