import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { attachBundle, signStatement, SIGN_PREDICATE_TYPE } from '../../src/attestation/index.ts';
import { sha256Digest } from '../../src/core/index.ts';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { makeImage } from '../support/images.ts';
import { newPair, pemOf, spkiOf } from '../verification/support/certificates.ts';
import { bytesOf, ISSUER, newWorld, rootJson, SAN, signKeyless } from '../verification/support/world.ts';

interface Verified {
  readonly code: string;
  readonly accepted: readonly { readonly kind: string; readonly identity: string; readonly logVerified: boolean }[];
  readonly rejected: readonly { readonly code: string; readonly claimedIdentity?: string }[];
}

describe('waybill verify of keyless signatures', () => {
  let bench: Bench;
  const world = newWorld();
  const who = `--certificate-identity ${SAN} --certificate-oidc-issuer ${ISSUER}`;

  before(async () => {
    bench = await openBench();
    const { image, store } = await makeImage(join(bench.path, 'images'), {
      layers: [{ 'etc/motd': 'hello' }],
      tag: 'app',
    });
    const { digest, manifest } = image;
    const bundle = bytesOf(signKeyless(world, { payload: signStatement(digest), tsas: [world.tsa] }));
    await attachBundle(store, { mediaType: manifest.mediaType, digest, sizeBytes: manifest.bytes.byteLength }, bundle, {
      predicateType: SIGN_PREDICATE_TYPE,
      created: new Date(0),
      signal: new AbortController().signal,
    });
    writeFileSync(join(bench.path, 'root.json'), JSON.stringify(rootJson(world)));
    writeFileSync(join(bench.path, 'other.json'), JSON.stringify(rootJson(newWorld('two.test'))));
  });
  after(() => bench[Symbol.asyncDispose]());

  const verify = (options: string) => bench.run(`verify oci:images:app ${options} --offline`);

  test('accepts the identity that signed, and says who vouched, when, and where it is logged', async () => {
    const { stdout } = ended(await verify(`${who} --trusted-root root.json`), 0);
    assert.match(stdout, /^VERIFIED /);
    assert.ok(stdout.includes(`accepted  signature by ${SAN}, vouched for by ${ISSUER}`));
    const lines = stdout.split('\n').filter((line) => line.startsWith('accepted '));
    assert.equal(lines.length, 1);
    assert.match(
      lines[0] ?? '',
      /2026-01-15T12:00:\d\d(?:\.\d+)?Z by a (?:log|timestamp), log index \d+ .*https:\/\/sigstore\.dev\/cosign\/sign\/v1$/,
    );
    const json = ended(await verify(`${who} --trusted-root root.json --json`), 0).stdout;
    const { accepted } = parseResult('verify', json) as unknown as Verified;
    assert.deepEqual(
      accepted.map(({ kind, identity, logVerified }) => [kind, identity, logVerified]),
      [['certificate', SAN, true]],
    );
  });

  test('takes whole expressions and required extensions, and any of several identities', async () => {
    const issuer = `--certificate-oidc-issuer ${ISSUER} --trusted-root root.json`;
    ended(await verify(`--certificate-identity-regexp https://github.com/acme/.* ${issuer}`), 0);
    ended(await verify(`--certificate-identity nobody --certificate-identity ${SAN} ${issuer}`), 0);
    ended(await verify(`--certificate-identity-regexp github.com/acme ${issuer}`), 1);
    ended(await verify(`${who} --trusted-root root.json --certificate-github-workflow-ref refs/heads/other`), 1);
    ended(await verify(`${who} --certificate-identity other --trusted-root root.json --threshold 2`), 1);
    failed(await verify(`${who} --trusted-root root.json --threshold 2`), 2, 'VERIFICATION_THRESHOLD');
  });

  test('refuses other identities and other roots, and says whom the certificate names', async () => {
    const { stdout } = ended(
      await verify(`--certificate-identity nobody --certificate-oidc-issuer ${ISSUER} --trusted-root root.json --json`),
      1,
    );
    const { code, rejected } = parseResult('verify', stdout) as unknown as Verified;
    assert.equal(code, 'NOT_VERIFIED');
    assert.deepEqual(
      rejected.map((item) => [item.code, item.claimedIdentity]),
      [['IDENTITY_MISMATCH', SAN]],
    );
    const other = ended(await verify(`${who} --trusted-root other.json`), 1).stdout;
    assert.match(other, /^refused {3}CERTIFICATE_UNTRUSTED: .* \(bundle sha256:[0-9a-f]{64}\)$/m);
  });

  test('several roots at once: the public one, with its logs, and GitHub’s, which has none', async () => {
    const github = newWorld('GitHub, Inc.\nInternal');
    const withoutLogs = { tlogs: [], ctlogs: [] };
    writeFileSync(join(bench.path, 'github.json'), JSON.stringify({ ...rootJson(github), ...withoutLogs }));
    const roots = ['root.json', 'github.json'].map((name) => readFileSync(join(bench.path, name), 'utf8'));
    writeFileSync(join(bench.path, 'both.jsonl'), roots.join('\n'));
    const subject = sha256Digest('a file');
    const sign = (name: string, by: typeof world, rest: object): void => {
      const bundle = signKeyless(by, { payload: signStatement(subject), tsas: [by.tsa], ...rest });
      writeFileSync(join(bench.path, name), bytesOf(bundle));
    };
    const bare = (by: typeof world): typeof world => ({ ...by, ctLogs: [] });
    sign('public.json', world, {});
    sign('of-github.json', bare(github), { logs: [] });
    sign('public-bare.json', bare(world), { logs: [] });
    const code = async (bundle: string, trust: string): Promise<string> => {
      const command = `bundle verify ${bundle} --subject ${subject} ${who} ${trust} --offline --json`;
      return (JSON.parse((await bench.run(command)).stdout) as Verified).code;
    };
    for (const trust of ['--trusted-root root.json --trusted-root github.json', '--trusted-root both.jsonl']) {
      assert.equal(await code('public.json', trust), 'VERIFIED');
      assert.equal(await code('of-github.json', trust), 'VERIFIED');
      // what GitHub cannot show is still asked of the public one
      assert.equal(await code('public-bare.json', trust), 'LOG_MISSING');
    }
    assert.equal(await code('of-github.json', '--trusted-root github.json --log-threshold 1'), 'LOG_MISSING');
    // any other authority without logs has to be told of by flags
    const other = newWorld('somebody');
    writeFileSync(join(bench.path, 'bare.json'), JSON.stringify({ ...rootJson(other), ...withoutLogs }));
    sign('of-other.json', bare(other), { logs: [] });
    assert.equal(await code('of-other.json', '--trusted-root bare.json'), 'LOG_MISSING');
    assert.equal(
      await code('of-other.json', '--trusted-root bare.json --log-threshold 0 --sct-threshold 0'),
      'VERIFIED',
    );
  });

  test('takes no other algorithms than those of --key-algorithm', async () => {
    const trusted = `${who} --trusted-root root.json`;
    ended(await verify(`${trusted} --key-algorithm rsa --key-algorithm ecdsa-p256`), 0);
    const { stdout } = ended(await verify(`${trusted} --key-algorithm rsa --key-algorithm ed25519`), 1);
    assert.match(stdout, /refused {3}ALGORITHM_NOT_ALLOWED: .*ecdsa-p256/);
    failed(await verify(`${trusted} --key-algorithm dsa`), 2, 'USAGE');
  });

  test('what is ignored cannot be asked for', async () => {
    const trusted = `${who} --trusted-root root.json`;
    failed(await verify(`${trusted} --insecure-ignore-tlog --log-threshold 1`), 2, 'USAGE');
    failed(await verify(`${trusted} --insecure-ignore-sct --sct-threshold 2`), 2, 'USAGE');
    ended(await verify(`${trusted} --insecure-ignore-tlog --log-threshold 0`), 0);
  });

  test('timestamps that are asked for are needed of keys too, log or none', async () => {
    const pair = newPair();
    writeFileSync(join(bench.path, 'signer.pub'), pemOf(spkiOf(pair.publicKey), 'PUBLIC KEY'));
    const payload = signStatement(sha256Digest('a file'));
    const [plain, stamped] = [[], [world.tsa]].map((tsas) =>
      bytesOf(signKeyless(world, { keyed: pair, payload, logs: [], tsas })),
    );
    writeFileSync(join(bench.path, 'plain.json'), plain ?? '');
    writeFileSync(join(bench.path, 'stamped.json'), stamped ?? '');
    const by = (bundle: string, rest: string) =>
      bench.run(
        `bundle verify ${bundle} --subject ${sha256Digest('a file')} --key signer.pub --insecure-ignore-tlog --offline --json ${rest}`,
      );
    ended(await by('plain.json', ''), 0);
    ended(await by('stamped.json', '--timestamp-threshold 1 --trusted-root root.json'), 0);
    const { stdout } = ended(await by('plain.json', '--timestamp-threshold 1 --trusted-root root.json'), 1);
    assert.equal((JSON.parse(stdout) as Verified).code, 'TIME_MISSING');
    // without a file the public root is asked, which knows nothing of this authority
    ended(await by('stamped.json', '--timestamp-threshold 1'), 1);
  });

  test('asks for an issuer, for a rule that somebody fails, and for a registry none while offline', async () => {
    failed(await verify(`--certificate-identity ${SAN} --trusted-root root.json`), 2, 'USAGE');
    failed(
      await verify(`--certificate-identity-regexp .* --certificate-oidc-issuer-regexp .* --trusted-root root.json`),
      2,
      'VERIFICATION_IDENTITY',
    );
    failed(await bench.run(`verify 127.0.0.1:1/app ${who} --trusted-root root.json --offline`), 2, 'USAGE');
    failed(
      await verify(`${who} --certificate-extension nonsense=1 --trusted-root root.json`),
      2,
      'VERIFICATION_IDENTITY',
    );
  });
});
