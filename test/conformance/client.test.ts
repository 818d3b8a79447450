import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { attestStatement } from '../../src/attestation/index.ts';
import { sha256Digest, TemporaryDirectory } from '../../src/core/index.ts';
import { signingConfigOf } from '../signing/support/signing-config.ts';
import { startSigstore, type FakeSigstore } from '../signing/support/sigstore.ts';
import { CLAIMS, tokenParts, tokenWith } from '../signing/support/tokens.ts';
import { builtPackage } from '../support/cli/built-package.ts';

const CLIENT = join(import.meta.dirname, 'client');
const TOKEN = tokenWith();
const WHO = ['--certificate-identity', CLAIMS.sub, '--certificate-oidc-issuer', CLAIMS.iss];

describe('the conformance client', () => {
  let folder: TemporaryDirectory;
  let sigstore: FakeSigstore;
  let entry = '';
  const path = (name: string): string => join(folder.path, name);

  before(async () => {
    folder = await TemporaryDirectory.create('waybill-test-');
    sigstore = await startSigstore();
    entry = join(await builtPackage(), 'bin/run.js');
    writeFileSync(path('root.json'), JSON.stringify(TrustedRoot.toJSON(sigstore.trustedRoot)));
    writeFileSync(path('config.json'), JSON.stringify(signingConfigOf(sigstore)));
    writeFileSync(path('file'), 'a file');
    const statement = {
      subject: sha256Digest('a file'),
      predicateType: 'https://example.com/x',
      predicateJson: Buffer.from('{}'),
    };
    writeFileSync(path('statement.json'), attestStatement(statement));
  });
  after(async () => {
    await sigstore[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  /** The exit code; nothing that is printed may hold the token. */
  const client = async (...args: readonly string[]): Promise<number | null> => {
    const env = {
      PATH: process.env['PATH'],
      HOME: folder.path,
      WAYBILL_CACHE_DIR: path('cache'),
      WAYBILL_ENTRY: entry,
    };
    const child = spawn(CLIENT, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    for (const part of tokenParts(TOKEN)) assert.ok(!output.includes(part));
    return status;
  };
  const services = (): readonly string[] => [
    '--trusted-root',
    path('root.json'),
    '--signing-config',
    path('config.json'),
  ];
  const verify = (bundle: string, ...rest: readonly string[]): Promise<number | null> =>
    client(
      'verify-bundle',
      '--bundle',
      path(bundle),
      ...rest.slice(0, -1),
      '--trusted-root',
      path('root.json'),
      rest.at(-1) ?? '',
    );

  test('signs a file and verifies it by path and by digest', async () => {
    const sign = ['sign-bundle', '--identity-token', TOKEN, '--bundle', path('bundle.json'), ...services()];
    assert.equal(await client(...sign, path('file')), 0);
    assert.equal(await verify('bundle.json', ...WHO, path('file')), 0);
    assert.equal(await verify('bundle.json', ...WHO, sha256Digest('a file')), 0);
    assert.equal(await verify('bundle.json', ...WHO, sha256Digest('another')), 1);
    assert.equal(await verify('bundle.json', '--certificate-identity', 'nobody', ...WHO.slice(2), path('file')), 1);
  });

  test('signs a statement (--in-toto) and verifies its subject', async () => {
    const sign = ['sign-bundle', '--in-toto', '--identity-token', TOKEN, '--bundle', path('dsse.json'), ...services()];
    assert.equal(await client(...sign, path('statement.json')), 0);
    assert.equal(await verify('dsse.json', ...WHO, path('file')), 0);
    assert.equal(await verify('dsse.json', ...WHO, path('statement.json')), 1);
  });

  test('without a trusted root it believes the public one, which ships: no network is needed', async () => {
    const bundle = join(import.meta.dirname, '../verification/fixtures/image-attestation.sigstore.json');
    const digest = 'sha256:732112270d7e59418a8c080b134b24cabd67d250d0d0147a97ed95ba5c280aa4';
    const who = (identity: string): readonly string[] => [
      'verify-bundle',
      '--bundle',
      bundle,
      '--certificate-identity',
      identity,
      '--certificate-oidc-issuer',
      'https://github.com/login/oauth',
    ];
    assert.equal(await client(...who('cody@soyland.com'), digest), 0);
    assert.equal(await client(...who('nobody@soyland.com'), digest), 1);
  });

  test('takes --staging where files say all that would be of that instance', async () => {
    const file = path('file');
    const sign = ['sign-bundle', '--staging', '--identity-token', TOKEN, '--bundle', path('staging.json')];
    assert.equal(await client(...sign, ...services(), file), 0);
    assert.notEqual(await client(...sign, '--trusted-root', path('root.json'), file), 0);
    const verifying = ['verify-bundle', '--staging', '--bundle', path('staging.json'), ...WHO];
    assert.equal(await client(...verifying, '--trusted-root', path('root.json'), file), 0);
    assert.notEqual(await client(...verifying, file), 0);
  });

  test('refuses what it does not do', async () => {
    assert.notEqual(
      await client('sign-bundle', '--staging', '--identity-token', TOKEN, '--bundle', path('x'), path('file')),
      0,
    );
    assert.notEqual(await client('verify-bundle', '--bundle', path('none'), ...WHO, path('file')), 0);
    assert.notEqual(await client('nonsense'), 0);
    assert.notEqual(await client('verify-bundle', '--bundle', path('bundle.json'), '--nonsense', path('file')), 0);
  });
});
