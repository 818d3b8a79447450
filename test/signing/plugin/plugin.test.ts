import assert from 'node:assert/strict';
import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { isAppError, type HelperRun } from '../../../src/core/index.ts';
import { generateKeyPair, type KeyAlgorithm } from '../../../src/keys/index.ts';
import { keySource, openPluginSigner, openSigningSession, parsePluginReference } from '../../../src/signing/index.ts';
import { findPeer } from '../../support/peers.ts';
import { testRuntime } from '../support/context.ts';

const folder = mkdtempSync(join(tmpdir(), 'waybill-plugin-'));
after(() => rmSync(folder, { recursive: true, force: true }));
symlinkSync(join(import.meta.dirname, 'waybill-signer-openssl.mjs'), join(folder, 'waybill-signer-openssl'));

const PATH = `${folder}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;

describe('openPluginSigner', { skip: findPeer('openssl') === undefined && 'no openssl' }, () => {
  for (const algorithm of [
    'ecdsa-p256',
    'ecdsa-p384',
    'ecdsa-p521',
    'rsa',
    'ed25519',
  ] as const satisfies readonly KeyAlgorithm[]) {
    it(`signs with a ${algorithm} key that openssl holds`, async () => {
      const { privateKey, publicKey } = await generateKeyPair(algorithm, testRuntime().randomBytes);
      const keyFile = join(folder, `${algorithm}.pem`);
      writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
      const reference = parsePluginReference(`plugin:openssl#${keyFile}`);
      assert.ok(reference);
      const signer = await openPluginSigner({ ...reference, runtime: testRuntime({ PATH }) });
      assert.equal(signer.publicKey.fingerprint, publicKey.fingerprint);
      const { key } = await openSigningSession({ source: keySource(signer) }).sign({
        kind: 'file',
        bytes: Buffer.from('x'),
      });
      assert.equal(key, publicKey.fingerprint);
    });
  }

  it('repeats what openssl says about a key that is not there', async () => {
    const options = {
      command: 'waybill-signer-openssl',
      keyRef: join(folder, 'none.pem'),
      runtime: testRuntime({ PATH }),
    };
    await assert.rejects(openPluginSigner(options), { code: 'SIGNER_PLUGIN_FAILED', message: /none\.pem/ });
  });
});

describe('a signer plug-in', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const good = JSON.stringify({ publicKey: pem });

  /** Opens a plug-in that answers so, and signs. */
  async function use(
    answers: readonly string[],
    options: {
      exitCode?: number;
      stderr?: string;
      runs?: HelperRun[];
      env?: Record<string, string>;
      pass?: string[];
    } = {},
  ): Promise<Uint8Array> {
    let index = 0;
    const signer = await openPluginSigner({
      command: 'waybill-signer-x',
      keyRef: 'key one',
      runtime: testRuntime(options.env),
      passVariables: options.pass ?? [],
      runHelper: async (run) => {
        options.runs?.push(run);
        return {
          exitCode: options.exitCode ?? 0,
          stdout: Buffer.from(answers[index++] ?? ''),
          stderr: options.stderr ?? '',
        };
      },
    });
    return signer.sign(Buffer.from('data'));
  }

  it('is given one line of JSON, the digest, and no more of the environment than it needs', async () => {
    const runs: HelperRun[] = [];
    const signature = sign('sha256', Buffer.from('data'), privateKey).toString('base64');
    const env = { PATH: '/bin', SECRET: 'no', AWS_REGION: 'x', WAYBILL_SIGNER_PIN: '1' };
    await use([good, `${JSON.stringify({ signature })}\n`], { runs, env, pass: ['AWS_REGION'] });
    assert.deepEqual(
      runs.map(({ input }) => JSON.parse(String(input)) as object),
      [
        { protocol: 'waybill-signer/1', command: 'public-key', keyRef: 'key one' },
        {
          protocol: 'waybill-signer/1',
          command: 'sign',
          keyRef: 'key one',
          algorithm: 'ecdsa-p256',
          hash: 'sha256',
          digest: hash('sha256', 'data', 'base64'),
        },
      ],
    );
    const [first] = runs;
    assert.ok(
      first &&
        String(first.input).endsWith('\n') &&
        String(first.input).indexOf('\n') === String(first.input).length - 1,
    );
    assert.deepEqual(
      { ...first.env, HOME: 1, LANG: 1, TMPDIR: 1 },
      { PATH: '/bin', HOME: 1, LANG: 1, TMPDIR: 1, AWS_REGION: 'x', WAYBILL_SIGNER_PIN: '1' },
    );
  });

  it('is not believed: every signature is checked', async () => {
    const other = sign('sha256', Buffer.from('other data'), privateKey).toString('base64');
    for (const answer of [{ signature: other }, { signature: 'AAAA' }, { signature: '***' }, { signature: 7 }, {}]) {
      await assert.rejects(use([good, JSON.stringify(answer)]), { code: 'SIGNER_PLUGIN_FAILED', exitCode: 4 });
    }
  });

  it('fails with its own words, made harmless', async () => {
    const error = JSON.stringify({ error: 'no such key\u001b[2J ::error::\nsecond line Bearer abcdefghijkl' });
    await assert.rejects(use([error]), (thrown) => {
      assert.ok(isAppError(thrown) && thrown.code === 'SIGNER_PLUGIN_FAILED');
      assert.match(thrown.message, /no such key/);
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(inspect(thrown.message), /\u001b|abcdefghijkl|\s::error/);
      return true;
    });
    await assert.rejects(use([''], { exitCode: 3, stderr: 'the token is locked' }), {
      message: /status 3: the token is locked/,
    });
    for (const answer of [
      '',
      'nonsense',
      '{}',
      '{"publicKey":1}',
      '{"publicKey":"x"}',
      `{"publicKey":${JSON.stringify(privateKey.export({ type: 'pkcs8', format: 'pem' }))}}`,
    ])
      await assert.rejects(use([answer]), (thrown) => isAppError(thrown));
  });

  it('is stopped when it takes too long', async () => {
    const slow = join(folder, 'waybill-signer-slow');
    writeFileSync(slow, '#!/bin/sh\nsleep 30\n');
    chmodSync(slow, 0o755);
    const options = { command: slow, keyRef: 'x', runtime: testRuntime({ PATH }), timeoutMs: 100 };
    await assert.rejects(openPluginSigner(options), { code: 'HELPER_FAILED', message: /100 ms/ });
  });
});

describe('parsePluginReference', () => {
  it('reads names and absolute paths with their keys', () => {
    assert.deepEqual(parsePluginReference('plugin:aws-kms#arn:aws:kms:x#1'), {
      command: 'waybill-signer-aws-kms',
      keyRef: 'arn:aws:kms:x#1',
    });
    assert.deepEqual(parsePluginReference('plugin:/opt/hsm/sign#slot 1'), {
      command: '/opt/hsm/sign',
      keyRef: 'slot 1',
    });
    assert.equal(parsePluginReference('cosign.key'), undefined);
  });

  it('refuses relative paths, odd names, and no key', () => {
    for (const text of [
      'plugin:',
      'plugin:x',
      'plugin:x#',
      'plugin:./x#k',
      'plugin:../x#k',
      'plugin:a b#k',
      'plugin:-x#k',
    ])
      assert.throws(() => parsePluginReference(text), { code: 'SIGNER_PLUGIN_FAILED' }, text);
  });
});
