import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { openSigning } from '../../src/app/signing/open-signing.ts';
import type { SigningAccess } from '../../src/app/signing/signing-access.ts';
import { attestStatement } from '../../src/attestation/index.ts';
import {
  isAppError,
  sha256Digest,
  TemporaryDirectory,
  type ProgressEvent,
  type Runtime,
} from '../../src/core/index.ts';
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
interface EditableRoot {
  tlogs: { operator?: string }[];
  timestampAuthorities: { certChain: { certificates: { rawBytes: string }[] } }[];
}

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
      const notices = events.flatMap((event) => (event.kind === 'notice' ? [event.message] : []));
      assert.ok(notices.includes(`signing as ${CLAIMS.sub} (the token given)`));
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

  describe('what a signing configuration asks for must be verified, all of it', () => {
    let other: FakeSigstore;
    before(async () => void (other = await startSigstore()));
    after(() => other[Symbol.asyncDispose]());

    const validFor = { start: '2020-01-01T00:00:00Z' };
    const service = (url: string, majorApiVersion: number, operator: string): object => ({
      url,
      majorApiVersion,
      operator,
      validFor,
    });
    /** Two logs and two timestamp authorities of two operators, all of them, in any order of versions. */
    const configured = (): SigningAccess => {
      const [stamp, otherStamp] = [sigstore.tsa.url.replace(/\/$/, ''), other.tsa.url.replace(/\/$/, '')];
      const config = {
        mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
        rekorTlogUrls: [service(sigstore.rekor1.url, 1, 'one'), service(other.rekor2.url, 2, 'two')],
        rekorTlogConfig: { selector: 'ALL' },
        tsaUrls: [service(stamp, 1, 'one'), service(otherStamp, 1, 'two')],
        tsaConfig: { selector: 'EXACT', count: 2 },
      };
      writeFileSync(path('config.json'), JSON.stringify(config));
      return { keyFile: path('key.pem'), signingConfigFile: path('config.json') };
    };
    /** Both fakes as one root, edited. */
    const rootOfBoth = (edit: (root: EditableRoot) => void = () => undefined): SigningAccess => {
      const [one, two] = [sigstore, other].map(({ trustedRoot }) => TrustedRoot.toJSON(trustedRoot) as EditableRoot);
      assert.ok(one !== undefined && two !== undefined);
      const [mine, others] = [one.timestampAuthorities, two.timestampAuthorities];
      const root = { ...one, tlogs: [...one.tlogs, ...two.tlogs], timestampAuthorities: [...mine, ...others] };
      edit(root);
      writeFileSync(path('both.json'), JSON.stringify(root));
      return { ...configured(), trustedRootFiles: [path('both.json')] };
    };
    const outcome = async (access: SigningAccess): Promise<string> => {
      await using signing = await openSigning(access, runtime());
      try {
        const { logs, times } = await signing.signStatement(STATEMENT, SUBJECT);
        return `${logs.length} logs, ${times.filter(({ source }) => source === 'timestamp').length} timestamps`;
      } catch (error) {
        assert.ok(isAppError(error) && error.code === 'SELF_VERIFICATION_FAILED', String(error));
        return String(error.details?.['reason']);
      }
    };

    test('every log and every authority answered, and one root knows them', async () => {
      assert.equal(await outcome(rootOfBoth()), '2 logs, 2 timestamps');
      const named = rootOfBoth(({ tlogs }) => tlogs.forEach((log, index) => (log.operator = `operator ${index}`)));
      assert.equal(await outcome(named), '2 logs, 2 timestamps');
    });

    test('a root that does not know one of the logs, or of the authorities', async () => {
      assert.equal(await outcome(rootOfBoth(({ tlogs }) => tlogs.splice(2))), 'LOG_THRESHOLD');
      assert.equal(
        await outcome(rootOfBoth(({ timestampAuthorities }) => timestampAuthorities.splice(1))),
        'TIME_THRESHOLD',
      );
    });

    test('a root that says both are the same operator’s', async () => {
      const same = rootOfBoth(({ tlogs }) => tlogs.forEach((log) => (log.operator = 'one')));
      assert.equal(await outcome(same), 'LOG_THRESHOLD');
    });

    test('two roots, each of which knows one half', async () => {
      writeFileSync(path('other.json'), JSON.stringify(TrustedRoot.toJSON(other.trustedRoot)));
      const halves = { ...configured(), trustedRootFiles: [path('root.json'), path('other.json')] };
      assert.match(await outcome(halves), /^(?:LOG|TIME)_THRESHOLD$/);
      const last = rootOfBoth();
      assert.equal(
        await outcome({ ...last, trustedRootFiles: [path('root.json'), path('both.json')] }),
        '2 logs, 2 timestamps',
      );
    });

    test('a timestamp of an authority that nobody trusts is not reported for a key either', async () => {
      const keyFile = path('key.pem');
      const stamped = { keyFile, timestampUrls: [other.tsa.url], trustedRootFiles: [path('root.json')] };
      assert.equal(await outcome(stamped), 'TIMESTAMP_INVALID');
      const [authority] = (TrustedRoot.toJSON(other.trustedRoot) as EditableRoot).timestampAuthorities;
      const pem = (authority?.certChain.certificates ?? []).map(
        ({ rawBytes }) => `-----BEGIN CERTIFICATE-----\n${rawBytes}\n-----END CERTIFICATE-----\n`,
      );
      writeFileSync(path('stamps.pem'), pem.join(''));
      const timestampChainFile = path('stamps.pem');
      const { timestampUrls } = stamped;
      assert.equal(await outcome({ keyFile, timestampUrls, timestampChainFile }), '0 logs, 1 timestamps');
      assert.equal(await outcome({ ...stamped, timestampChainFile }), '0 logs, 1 timestamps');
    });
  });

  test('no identity to sign with is told before a trust repository is asked', async () => {
    const tuf = { mirror: 'http://127.0.0.1:1/none', rootFile: path('no-root.json') };
    for (const [access, code] of [
      [{ identityToken: path('no-token') }, 'FILE_NOT_FOUND'],
      [{ identityToken: 'eyJ.no.token!' }, 'IDENTITY_TOKEN_MALFORMED'],
      [{ identityToken: '-', readStdin: async () => Buffer.from('x') }, 'IDENTITY_TOKEN_MALFORMED'],
      [{ identityProvider: 'nobody' }, 'IDENTITY_PROVIDER_UNKNOWN'],
      [{ identityProvider: 'gitlab-ci' }, 'IDENTITY_NOT_FOUND'],
      // nothing was named, and nothing here offers one
      [{}, 'IDENTITY_NOT_FOUND'],
      [{ trustedRootFiles: [path('root.json')] }, 'IDENTITY_NOT_FOUND'],
    ] as const) {
      await assert.rejects(openSigning({ ...access, tuf }, runtime()), { code }, JSON.stringify(access));
    }
  });

  test('standard input that was looked at early is read once', async () => {
    let reads = 0;
    const readStdin = async (): Promise<Uint8Array> => {
      reads += 1;
      return Buffer.from(tokenWith());
    };
    const access = { ...logged(1), fulcioUrl: sigstore.fulcio.url, identityToken: '-', readStdin };
    await using signing = await openSigning(access, runtime());
    assert.equal((await signing.signFile(FILE)).signedBy.provider, 'standard input');
    assert.equal(reads, 1);
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
    const noAuthority = { identityToken: tokenWith(), logUrls: [{ url: sigstore.rekor1.url, apiVersion: 1 as const }] };
    await assert.rejects(openSigning(noAuthority, runtime()), { code: 'SIGNING_CONFIG_UNSATISFIED' });
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
