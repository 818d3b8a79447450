import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseCertificateChain, readPrivateKey, type KeySigner } from '../../src/keys/index.ts';
import { certificateSource, openSigningSession } from '../../src/signing/index.ts';
import { findPeer } from '../support/peers.ts';

const noPassword = { password: (): Promise<string> => Promise.reject(new Error('asked for a password')) };

describe('certificates brought along', { skip: findPeer('openssl') === undefined && 'no openssl' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-certificates-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('openssl', [...args], { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}: ${stderr}`);
  };
  const pem = (name: string): string => readFileSync(file(`${name}.pem`), 'utf8');
  const key = (name: string): Promise<KeySigner> => readPrivateKey(readFileSync(file(`${name}.key`)), noPassword);

  /** A certificate of this name, issued by another or by itself. */
  const issue = (name: string, issuer: string, extensions: string): void => {
    writeFileSync(file('ext'), extensions);
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
    openssl('req', '-new', '-key', `${name}.key`, '-subj', `/CN=${name}`, '-out', `${name}.csr`);
    const by =
      issuer === name
        ? ['-signkey', `${name}.key`]
        : ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial'];
    openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-days', '2', '-extfile', 'ext', '-out', `${name}.pem`);
  };

  before(() => {
    const authority = 'basicConstraints=critical,CA:true\n';
    issue('root', 'root', authority);
    issue('middle', 'root', authority);
    issue(
      'leaf',
      'middle',
      'extendedKeyUsage=codeSigning\nkeyUsage=critical,digitalSignature\nsubjectAltName=email:a@example.test\n',
    );
    issue('server', 'middle', 'extendedKeyUsage=serverAuth\n');
  });

  it('are read leaf first, without the root', () => {
    const { leaf, intermediates, publicKey } = parseCertificateChain(
      `${pem('leaf')}some text\n${pem('middle')}${pem('root')}`,
    );
    assert.equal(leaf.subject, 'CN=leaf');
    assert.deepEqual(
      intermediates.map(({ subject }) => subject),
      ['CN=middle'],
    );
    assert.equal(publicKey.algorithm, 'ecdsa-p256');
  });

  it('are refused in another order, mixed with keys, as authorities, and as rubbish', () => {
    const cases: readonly (readonly [string, string])[] = [
      [pem('leaf') + pem('root'), 'KEY_MALFORMED'],
      [pem('leaf') + pem('server'), 'KEY_MALFORMED'],
      [pem('root'), 'KEY_WRONG_KIND'],
      [pem('middle') + pem('leaf'), 'KEY_WRONG_KIND'],
      [pem('leaf') + readFileSync(file('leaf.key'), 'utf8'), 'KEY_WRONG_KIND'],
      ['', 'KEY_MALFORMED'],
      ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', 'KEY_MALFORMED'],
      [pem('middle').repeat(17), 'KEY_MALFORMED'],
      ['x'.repeat(70_000), 'KEY_MALFORMED'],
    ];
    for (const [text, code] of cases) assert.throws(() => parseCertificateChain(text), { code }, text.slice(0, 100));
  });

  it('go into the bundle: the leaf, and the chain when asked', async () => {
    const certificates = pem('leaf') + pem('middle') + pem('root');
    const source = certificateSource({ key: await key('leaf'), certificates, now: () => new Date() });
    const material = async (chain: 'leaf' | 'chain'): Promise<Record<string, unknown>> => {
      const { bytes } = await openSigningSession({ source, chain }).sign({ kind: 'file', bytes: Buffer.from('x') });
      return (JSON.parse(Buffer.from(bytes).toString()) as { verificationMaterial: Record<string, unknown> })
        .verificationMaterial;
    };
    assert.deepEqual(Object.keys(await material('leaf')), ['certificate']);
    const whole = (await material('chain'))['x509CertificateChain'] as { certificates: unknown[] };
    assert.equal(whole.certificates.length, 2);
  });

  it('must be for the key, for signing code, and for now', async () => {
    const options = { key: await key('leaf'), certificates: pem('leaf'), now: () => new Date() };
    const unusable = { code: 'SIGNING_CERTIFICATE_UNUSABLE' };
    const otherKey = await key('server');
    assert.throws(() => certificateSource({ ...options, key: otherKey }), unusable);
    await assert.rejects(certificateSource({ ...options, now: () => new Date('2000-01-01') }).acquire(), unusable);
    await assert.rejects(
      certificateSource({ ...options, key: otherKey, certificates: pem('server') }).acquire(),
      unusable,
    );
  });
});
