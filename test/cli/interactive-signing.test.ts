import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { json, startService, type TestService } from '../signing/support/service.ts';
import { startSigstore, type FakeSigstore } from '../signing/support/sigstore.ts';
import { CLAIMS, tokenParts, tokenWith } from '../signing/support/tokens.ts';
import { openBench, type Bench } from '../support/cli/run-waybill.ts';

const PYTHON = spawnSync('python3', ['-c', 'import pty']).status === 0;
const TOKEN = tokenWith();

describe('signing in on a terminal', { skip: PYTHON ? false : 'needs python3 for a pseudo-terminal' }, () => {
  let bench: Bench;
  let sigstore: FakeSigstore;
  let issuer: TestService;
  before(async () => {
    bench = await openBench();
    sigstore = await startSigstore();
    issuer = await startIssuer();
    writeFileSync(join(bench.path, 'root.json'), JSON.stringify(TrustedRoot.toJSON(sigstore.trustedRoot)));
    writeFileSync(join(bench.path, 'file.txt'), 'a file');
  });
  after(async () => {
    await issuer[Symbol.asyncDispose]();
    await sigstore[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  async function onTerminal(
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly status: number | null; readonly screen: string }> {
    const driver = join(import.meta.dirname, '../support/cli/run-in-terminal.py');
    const services = `--fulcio-url ${sigstore.fulcio.url} --rekor-url ${sigstore.rekor1.url} --trusted-root root.json`;
    const command = `blob sign file.txt ${services} --oidc-flow device --oidc-issuer ${issuer.url}`;
    const child = spawn('python3', [driver, '100', '--', process.execPath, ...bench.argv, ...command.split(' ')], {
      cwd: bench.path,
      env: { ...bench.env, TERM: 'xterm', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let screen = '';
    child.stdout.on('data', (chunk: Buffer) => void (screen += chunk.toString('utf8')));
    const [status] = (await once(child, 'close')) as [number | null];
    for (const part of tokenParts(TOKEN)) assert.ok(!screen.includes(part), 'a part of the token is shown');
    return { status, screen };
  }

  test('shows where to go and what to type, then signs as whoever signed in', async () => {
    const { status, screen } = await onTerminal();
    assert.equal(status, 0, screen);
    assert.ok(screen.includes(`To sign in, open ${issuer.url}/activate and enter the code ABCD-EFGH`));
    assert.match(screen, /identity +from a device code at 127\.0\.0\.1/);
    assert.ok(screen.includes(CLAIMS.sub));
  });

  test('asks nobody in CI, even on a terminal', async () => {
    const before = issuer.requests.length;
    const { status, screen } = await onTerminal({ CI: 'true' });
    assert.equal(status, 5);
    assert.match(screen, /\[IDENTITY_NOT_FOUND\]/);
    assert.equal(issuer.requests.length, before);
  });
});

/** An issuer at which somebody signs in at once. */
function startIssuer(): Promise<TestService> {
  return startService(({ path, headers }) => {
    const url = `http://${headers.host ?? ''}`;
    if (path === '/device') {
      return json({
        device_code: 'device-code',
        user_code: 'ABCD-EFGH',
        verification_uri: `${url}/activate`,
        interval: 1,
      });
    }
    if (path === '/token') return json({ id_token: TOKEN });
    return json({
      issuer: url,
      authorization_endpoint: `${url}/auth`,
      token_endpoint: `${url}/token`,
      device_authorization_endpoint: `${url}/device`,
    });
  });
}
