import assert from 'node:assert/strict';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { inspect } from 'node:util';
import type { HelperRun } from '../../../src/core/index.ts';
import { IDENTITY_PROVIDERS, resolveIdentity, type IdentityContext } from '../../../src/signing/index.ts';
import { quickClient, testRuntime } from '../support/context.ts';
import { json, startService } from '../support/service.ts';
import { tokenParts, tokenWith } from '../support/tokens.ts';

const TOKEN = tokenWith();
const folder = mkdtempSync(join(tmpdir(), 'waybill-identity-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface World {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly helper?: (run: HelperRun) => { readonly exitCode?: number; readonly stdout?: string };
}

/** A machine with these variables, files and programs and nothing else. */
function world({ env = {}, files = {}, helper }: World = {}): IdentityContext {
  return {
    runtime: testRuntime(env),
    client: quickClient(),
    readFile: async (path) => (Object.hasOwn(files, path) ? Buffer.from(files[path] ?? '') : undefined),
    runHelper: async (run) => {
      const { exitCode = 0, stdout = '' } = helper?.(run) ?? { exitCode: 127 };
      return { exitCode, stdout: Buffer.from(stdout), stderr: `complains about ${TOKEN}` };
    },
  };
}

describe('resolveIdentity', () => {
  it('takes a token by value, from a file, and from standard input', async () => {
    const file = join(folder, 'token');
    writeFileSync(file, `${TOKEN}\n`);
    const readStdin = async (): Promise<Uint8Array> => Buffer.from(TOKEN);
    for (const [token, title] of [
      [TOKEN, 'the token given'],
      [file, `the file ${file}`],
      ['-', 'standard input'],
    ] as const) {
      const { token: read, provider } = await resolveIdentity({ token, readStdin }, world());
      assert.equal(read.reveal(), TOKEN);
      assert.deepEqual(provider, { id: 'given', title });
    }
  });

  it('never takes a damaged token for the name of a file', async () => {
    const damaged = TOKEN.slice(0, -3).replaceAll('.', ',');
    for (const token of [damaged, `${TOKEN}!`, 'x'.repeat(5000)]) {
      await assert.rejects(resolveIdentity({ token }, world()), (error) => {
        assert.ok(!inspect(error, { depth: 9 }).includes(token.slice(0, 60)));
        return true;
      });
    }
  });

  it('finds GitLab, and any other token in SIGSTORE_ID_TOKEN', async () => {
    const gitlab = await resolveIdentity({}, world({ env: { GITLAB_CI: 'true', SIGSTORE_ID_TOKEN: TOKEN } }));
    assert.equal(gitlab.provider.id, 'gitlab-ci');
    const other = await resolveIdentity({}, world({ env: { SIGSTORE_ID_TOKEN: TOKEN } }));
    assert.equal(other.provider.id, 'environment');
  });

  it('asks GitHub Actions for a token with the audience', async () => {
    await using service = await startService(() => json({ value: TOKEN }));
    const env = {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${service.url}/token?v=1`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token-of-the-job',
    };
    const { provider, token } = await resolveIdentity({}, world({ env }));
    assert.equal(provider.id, 'github-actions');
    assert.equal(token.reveal(), TOKEN);
    const [request] = service.requests;
    assert.equal(request?.path, '/token?v=1&audience=sigstore');
    assert.equal(request?.headers.authorization, 'bearer request-token-of-the-job');
  });

  it('runs the agents of Buildkite and CircleCI with a scrubbed environment', async () => {
    const runs: HelperRun[] = [];
    const helper: World['helper'] = (run) => {
      runs.push(run);
      return { stdout: `${TOKEN}\n` };
    };
    const buildkite = { BUILDKITE: 'true', BUILDKITE_AGENT_ACCESS_TOKEN: 'agent', SECRET: 'no', PATH: '/bin' };
    assert.equal((await resolveIdentity({}, world({ env: buildkite, helper }))).provider.id, 'buildkite');
    assert.deepEqual(
      [runs[0]?.command, ...(runs[0]?.args ?? [])],
      ['buildkite-agent', 'oidc', 'request-token', '--audience', 'sigstore'],
    );
    assert.equal(runs[0]?.env['BUILDKITE_AGENT_ACCESS_TOKEN'], 'agent');
    assert.equal(runs[0]?.env['SECRET'], undefined);
    const circleci = { CIRCLECI: 'true', CIRCLE_OIDC_TOKEN: 'for somebody else', SECRET: 'no' };
    assert.equal((await resolveIdentity({}, world({ env: circleci, helper }))).provider.id, 'circleci');
    assert.deepEqual(runs[1]?.args, ['run', 'oidc', 'get', '--claims', '{"aud":"sigstore"}']);
    assert.equal(runs[1]?.env['SECRET'], undefined);
  });

  it('names a failing agent and none of its words', async () => {
    const env = { BUILDKITE: 'true', BUILDKITE_AGENT_ACCESS_TOKEN: 'agent' };
    const context = world({ env, helper: () => ({ exitCode: 1, stdout: TOKEN }) });
    await assert.rejects(resolveIdentity({}, context), (error) => {
      assert.match(inspect(error), /IDENTITY_PROVIDER_FAILED/);
      for (const part of tokenParts(TOKEN)) assert.ok(!inspect(error, { depth: 9 }).includes(part));
      return true;
    });
  });

  it('reads the files of Kubernetes and SPIFFE', async () => {
    const kubernetes = world({ files: { '/var/run/sigstore/cosign/oidc-token': `${TOKEN}\n` } });
    assert.equal((await resolveIdentity({}, kubernetes)).provider.id, 'kubernetes');
    const spiffe = world({ env: { SPIFFE_JWT_SVID_FILE: '/svid' }, files: { '/svid': TOKEN } });
    assert.equal((await resolveIdentity({}, spiffe)).provider.id, 'spiffe');
    await assert.rejects(resolveIdentity({}, world({ env: { SPIFFE_JWT_SVID_FILE: '/svid' } })), {
      code: 'IDENTITY_PROVIDER_FAILED',
    });
  });

  it("asks Google's metadata service, and nothing that does not answer as it does", async () => {
    await using service = await startService(() => ({ headers: { 'metadata-flavor': 'Google' }, body: TOKEN }));
    const env = { GCE_METADATA_HOST: new URL(service.url).host };
    assert.equal((await resolveIdentity({}, world({ env }))).provider.id, 'google-cloud');
    assert.equal(service.requests[0]?.headers['metadata-flavor'], 'Google');
    assert.match(service.requests[0]?.path ?? '', /default\/identity\?audience=sigstore&format=full$/);
    await using impostor = await startService(() => ({ body: TOKEN }));
    const other = { GCE_METADATA_HOST: new URL(impostor.url).host };
    await assert.rejects(resolveIdentity({}, world({ env: other })), { code: 'IDENTITY_PROVIDER_FAILED' });
  });

  it("never asks Google's metadata service by way of a proxy", async () => {
    const files = { '/sys/class/dmi/id/product_name': 'Google Compute Engine\n' };
    const context = world({ files, env: { http_proxy: 'http://proxy.example:3128' } });
    await assert.rejects(resolveIdentity({}, context), { code: 'IDENTITY_PROVIDER_FAILED', hint: /no_proxy/ });
  });

  it('does not go on to the next provider, or to a browser, when one fails', async () => {
    await using service = await startService(() => ({ status: 403, body: 'no' }));
    const env = { ACTIONS_ID_TOKEN_REQUEST_URL: service.url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request' };
    const interactive = {
      flow: 'browser',
      issuer: 'https://issuer.example',
      clientId: 'sigstore',
      timeLimitMs: 1000,
      ask: () => Promise.reject(new Error('somebody was asked')),
    } as const;
    const files = { '/var/run/sigstore/cosign/oidc-token': TOKEN };
    await assert.rejects(resolveIdentity({ interactive }, world({ env, files })), { code: 'SERVICE_UNAUTHORIZED' });
  });

  it('takes the provider that is asked for, and says why it is not there', async () => {
    const files = { '/var/run/sigstore/cosign/oidc-token': TOKEN };
    const env = { SIGSTORE_ID_TOKEN: TOKEN };
    assert.equal((await resolveIdentity({ provider: 'kubernetes' }, world({ env, files }))).provider.id, 'kubernetes');
    await assert.rejects(resolveIdentity({ provider: 'nobody' }, world()), {
      code: 'IDENTITY_PROVIDER_UNKNOWN',
      exitCode: 2,
    });
    const actions = world({ env: { GITHUB_ACTIONS: 'true' } });
    await assert.rejects(resolveIdentity({ provider: 'github-actions' }, actions), {
      code: 'IDENTITY_NOT_FOUND',
      hint: /id-token: write/,
    });
    await assert.rejects(resolveIdentity({}, actions), { code: 'IDENTITY_NOT_FOUND', hint: /id-token: write/ });
    await assert.rejects(resolveIdentity({}, world()), { code: 'IDENTITY_NOT_FOUND', hint: /--identity-token/ });
  });

  it('checks every token, whoever gave it', async () => {
    const env = { SIGSTORE_ID_TOKEN: tokenWith({ aud: 'elsewhere' }) };
    await assert.rejects(resolveIdentity({}, world({ env })), { code: 'IDENTITY_TOKEN_AUDIENCE' });
    assert.ok(await resolveIdentity({ audience: 'elsewhere' }, world({ env })));
  });
});

describe('IDENTITY_PROVIDERS', () => {
  it('lists every provider, each with an id of its own and its documents', () => {
    const source = join(import.meta.dirname, '../../../src/signing/identity');
    const others = ['contract.ts', 'context.ts', 'registry.ts', 'resolve-identity.ts', 'token.ts'];
    const files = globSync('*.ts', { cwd: source }).filter((file) => !others.includes(file));
    assert.deepEqual(IDENTITY_PROVIDERS.map(({ id }) => `${id}.ts`).toSorted(), files.toSorted());
    for (const { title, specifications } of IDENTITY_PROVIDERS) {
      assert.notEqual(title, '');
      assert.ok(specifications.length > 0 && specifications.every((url) => url.startsWith('https://')));
    }
  });
});
