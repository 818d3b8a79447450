import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { openSigning } from '../../src/app/open-signing.ts';
import type { SigningAccess } from '../../src/app/signing-access.ts';
import { attestStatement } from '../../src/attestation/index.ts';
import { sha256Digest, TemporaryDirectory, type ProgressEvent, type Runtime } from '../../src/core/index.ts';
import { generateKeyPair } from '../../src/keys/index.ts';
import { testRuntime } from '../signing/support/context.ts';
import { startSigstore, type FakeSigstore } from '../signing/support/sigstore.ts';
import { CLAIMS, tokenWith } from '../signing/support/tokens.ts';
import { findPeer } from '../support/peers.ts';

const FILE = Buffer.from('a file');
const SUBJECT = sha256Digest(FILE);
const STATEMENT = attestStatement({
  subject: SUBJECT,
  predicateType: 'https://example.com/x',
  predicateJson: Buffer.from('{}'),
});
const withoutOpenssl = findPeer('openssl') === undefined && 'no openssl';

describe('openSigning', () => {
  let folder: TemporaryDirectory;
  let sigstore: FakeSigstore;
  const path = (name: string): string => join(folder.path, name);
  const events: ProgressEvent[] = [];

  const runtime = (env: Readonly<Record<string, string>> = {}): Runtime => ({
    ...testRuntime(env),
    progress: (event) => void events.push(event),
    cacheDir: undefined,
  });
  const openssl = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('openssl', [...args], { cwd: folder.path, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  };

  before(async () => {
    folder = await TemporaryDirectory.create('waybill-test-');
    sigstore = await startSigstore();
    writeFileSync(path('root.json'), JSON.stringify(TrustedRoot.toJSON(sigstore.trustedRoot)));
    const { privateKey } = await generateKeyPair('ecdsa-p256', testRuntime().randomBytes);
    writeFileSync(path('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  });
  after(async () => {
    await sigstore[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const logged = (apiVersion: 1 | 2): SigningAccess => ({
    trustedRootFiles: [path('root.json')],
    logUrls: [{ url: apiVersion === 1 ? sigstore.rekor1.url : sigstore.rekor2.url, apiVersion }],
    timestampUrls: [sigstore.tsa.url],
  });

  for (const apiVersion of [1, 2] as const) {
    test(`an identity, a log of version ${apiVersion} and a timestamp: verified, and told`, async () => {
      const access = { ...logged(apiVersion), fulcioUrl: sigstore.fulcio.url, identityToken: tokenWith() };
      await using signing = await openSigning(access, runtime());
      const made = [await signing.signFile(FILE), await signing.signStatement(STATEMENT, SUBJECT)];
      for (const { signedBy, logs, times } of made) {
        assert.equal(signedBy.identity, CLAIMS.sub);
        assert.equal(signedBy.provider, 'the token given');
        assert.equal(logs.length, 1);
        assert.ok(times.some(({ source }) => source === 'timestamp'));
      }
      const labels = events.flatMap((event) => (event.kind === 'phase' ? [event.label] : []));
      assert.ok(labels.some((label) => label === `signing as ${CLAIMS.sub} (the token given)`));
    });

    test(`a key, a log of version ${apiVersion} and a timestamp`, async () => {
      await using signing = await openSigning({ ...logged(apiVersion), keyFile: path('key.pem') }, runtime());
      const { signedBy, logs, times } = await signing.signStatement(STATEMENT, SUBJECT);
      assert.deepEqual(Object.keys(signedBy), ['signer']);
      assert.equal(logs.length, 1);
      assert.ok(times.length > 0);
    });
  }

  test('a timestamp alone gives an identity its time; a log of version 2 alone does not', async () => {
    const identity = { fulcioUrl: sigstore.fulcio.url, identityToken: tokenWith() };
    const { logUrls = [], timestampUrls = [], trustedRootFiles = [] } = logged(2);
    await using stamped = await openSigning({ ...identity, trustedRootFiles, timestampUrls }, runtime());
    assert.deepEqual((await stamped.signFile(FILE)).logs, []);
    await using untimed = await openSigning({ ...identity, trustedRootFiles, logUrls }, runtime());
    await assert.rejects(untimed.signFile(FILE), { code: 'SIGNING_UNSUPPORTED' });
  });

  test('a statement about something else is refused before anything leaves', async () => {
    await using signing = await openSigning({ keyFile: path('key.pem') }, runtime());
    await assert.rejects(signing.signStatement(STATEMENT, sha256Digest('other')), {
      code: 'SELF_VERIFICATION_FAILED',
      details: { reason: 'SUBJECT_MISMATCH' },
    });
  });

  test('a key signs without a request', async () => {
    await using signing = await openSigning(
      { keyFile: path('key.pem') },
      runtime({ HTTPS_PROXY: 'http://127.0.0.1:1' }),
    );
    assert.deepEqual((await signing.signFile(FILE)).logs, []);
    assert.equal((await signing.signedBy()).identity, undefined);
  });

  test('what does not go together is a wrong usage', async () => {
    const keyFile = path('key.pem');
    const wrong: readonly SigningAccess[] = [
      { keyFile, identityToken: tokenWith() },
      { keyFile, fulcioUrl: sigstore.fulcio.url },
      { keyFile, signingConfigFile: 'x', timestampUrls: [sigstore.tsa.url] },
      { certificateFile: 'x', fulcioUrl: sigstore.fulcio.url },
    ];
    for (const access of wrong) await assert.rejects(openSigning(access, runtime()), { code: 'USAGE' });
    await assert.rejects(openSigning({ logUrls: [{ url: sigstore.rekor1.url, apiVersion: 1 }] }, runtime()), {
      code: 'SIGNING_CONFIG_UNSATISFIED',
    });
  });

  test('a certificate that is brought along is verified with its authority', { skip: withoutOpenssl }, async () => {
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    openssl(...request, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=ca');
    for (const [name, names] of [
      ['leaf', 'subjectAltName=email:a@example.test'],
      ['nameless', 'subjectKeyIdentifier=hash'],
    ] as const) {
      openssl(
        'req',
        '-new',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        '/CN=leaf',
      );
      writeFileSync(path('ext'), `keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n${names}\n`);
      openssl(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-days',
        '2',
        '-extfile',
        'ext',
        '-out',
        `${name}.pem`,
      );
    }
    const access = (name: string): SigningAccess => ({
      keyFile: path(`${name}.key`),
      certificateFile: path(`${name}.pem`),
    });
    const authority = { certificateChainFile: path('ca.pem') };
    await using signing = await openSigning({ ...access('leaf'), ...authority }, runtime());
    const { bytes } = await signing.signStatement(STATEMENT, SUBJECT);
    assert.match(Buffer.from(bytes).toString(), /"certificate":/);
    await assert.rejects(openSigning(access('leaf'), runtime()), { code: 'USAGE' });
    await using nameless = await openSigning({ ...access('nameless'), ...authority }, runtime());
    await assert.rejects(nameless.signFile(FILE), { code: 'USAGE', message: /names nobody/ });
    await using foreign = await openSigning({ ...access('leaf'), trustedRootFiles: [path('root.json')] }, runtime());
    await assert.rejects(foreign.signFile(FILE), { code: 'SELF_VERIFICATION_FAILED' });
  });

  test('a plug-in signs', { skip: withoutOpenssl }, async () => {
    const plugin = join(import.meta.dirname, '../signing/plugin/waybill-signer-openssl.mjs');
    symlinkSync(plugin, path('waybill-signer-openssl'));
    const PATH = `${folder.path}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
    await using signing = await openSigning({ keyFile: `plugin:openssl#${path('key.pem')}` }, runtime({ PATH }));
    assert.match((await signing.signFile(FILE)).signedBy.signer, /^sha256:/);
  });
});
