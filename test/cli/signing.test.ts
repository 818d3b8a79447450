import assert from 'node:assert/strict';
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { parseResult } from '../support/cli/schemas.ts';

const VERIFY = '--insecure-ignore-tlog --json';

describe('waybill key, sign, attest, verify, tree, release', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
    await makeSampleImages(bench.path);
    for (const name of ['ours', 'theirs'])
      ended(await bench.run(`key generate --output-key-prefix ${name}`, { env: { COSIGN_PASSWORD: 'secret' } }), 0);
  });
  after(() => bench[Symbol.asyncDispose]());
  const secret = { env: { COSIGN_PASSWORD: 'secret' } };

  test('key generate writes a private key for the owner only and a public key', async () => {
    const { stdout, stderr } = ended(await bench.run('key generate --json'), 0);
    assert.equal(stderr, '');
    const result = parseResult('key-generate', stdout);
    assert.deepEqual([result['privateKeyFile'], result['publicKeyFile']], ['waybill.key', 'waybill.pub']);
    assert.equal(statSync(join(bench.path, 'waybill.key')).mode & 0o777, 0o600);
    assert.match(readFileSync(join(bench.path, 'waybill.key'), 'utf8'), /^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY/);
    assert.equal(readFileSync(join(bench.path, 'waybill.pub'), 'utf8'), result['publicKey']);
  });

  test('key generate never overwrites, nor writes through a link, nor leaves half a pair, nor asks first', async () => {
    const before = readFileSync(join(bench.path, 'ours.key'), 'utf8');
    failed(
      await bench.run('key generate --output-key-prefix ours', { env: { COSIGN_PASSWORD: undefined } }),
      2,
      'FILE_EXISTS',
    );
    assert.equal(readFileSync(join(bench.path, 'ours.key'), 'utf8'), before);
    writeFileSync(join(bench.path, 'half.pub'), 'mine');
    failed(await bench.run('key generate --output-key-prefix half'), 2, 'FILE_EXISTS');
    assert.equal(readFileSync(join(bench.path, 'half.pub'), 'utf8'), 'mine');
    assert.throws(() => statSync(join(bench.path, 'half.key')), { code: 'ENOENT' });
    symlinkSync('elsewhere', join(bench.path, 'linked.key'));
    failed(await bench.run('key generate --output-key-prefix linked'), 2, 'FILE_EXISTS');
    assert.throws(() => statSync(join(bench.path, 'elsewhere')), { code: 'ENOENT' });
    const unwritable = failed(await bench.run('key generate --output-key-prefix no/such/key'), 2, 'FILE_UNWRITABLE');
    assert.match(unwritable.stderr, /hint: its folder is not there/);
  });

  test('without COSIGN_PASSWORD and without a terminal a password is exit 2; a wrong one exit 5', async () => {
    const none = { env: { COSIGN_PASSWORD: undefined } };
    for (const command of ['key generate --output-key-prefix fresh', 'sign oci:images:app --key ours.key']) {
      const { stderr } = failed(await bench.run(command, none), 2, 'USAGE');
      assert.match(stderr, /hint: set COSIGN_PASSWORD/);
    }
    const { stderr } = failed(await bench.run('sign oci:images:app --key ours.key'), 5, 'KEY_PASSWORD_WRONG');
    assert.match(stderr, /^error: ours\.key: /);
  });

  test('sign then verify: exit 0 with the right key, 1 with another, with the reason for each bundle', async () => {
    const unsigned = ended(await bench.run(`verify oci:images:base --key ours.pub ${VERIFY}`), 1);
    assert.equal(parseResult('verify', unsigned.stdout)['code'], 'UNSIGNED');
    const signed = ended(await bench.run('sign oci:images:base --key ours.key -a env=prod --json', secret), 0);
    const { bundle } = parseResult('sign', signed.stdout);
    const good = parseResult(
      'verify',
      ended(await bench.run(`verify oci:images:base --key ours.pub ${VERIFY}`), 0).stdout,
    );
    assert.deepEqual([good['verified'], good['code'], good['signers']], [true, 'VERIFIED', 1]);
    const bad = parseResult(
      'verify',
      ended(await bench.run(`verify oci:images:base --key theirs.pub ${VERIFY}`), 1).stdout,
    );
    assert.equal(bad['code'], 'NOT_VERIFIED');
    const [refused] = bad['rejected'] as readonly { readonly code: string; readonly bundle: string }[];
    assert.deepEqual({ code: refused?.code, bundle: refused?.bundle }, { code: 'UNTRUSTED_KEY', bundle });
    const text = ended(await bench.run('verify oci:images:base --key theirs.pub --insecure-ignore-tlog'), 1);
    assert.match(text.stdout, /^NOT VERIFIED .*\n[^]*refused +UNTRUSTED_KEY: /);
    assert.equal(text.stderr, '');
  });

  test('verify: threshold, annotations, log required, malformed keys', async () => {
    ended(await bench.run('sign oci:images:changed --key ours.key -a env=prod', secret), 0);
    const verify = async (options: string, status: number): Promise<unknown> => {
      const { stdout } = ended(await bench.run(`verify oci:images:changed --json ${options}`), status);
      return parseResult('verify', stdout)['code'];
    };
    assert.equal(await verify('--insecure-ignore-tlog --key ours.pub -a env=prod', 0), 'VERIFIED');
    assert.equal(await verify('--insecure-ignore-tlog --key ours.pub -a env=test', 1), 'NOT_VERIFIED');
    assert.equal(
      await verify('--insecure-ignore-tlog --key ours.pub --key theirs.pub --threshold 2', 1),
      'THRESHOLD_NOT_MET',
    );
    assert.equal(await verify('--key ours.pub', 1), 'NOT_VERIFIED');
    assert.match(
      (await bench.run('verify oci:images:changed --key ours.pub')).stdout,
      /^hint +.*--insecure-ignore-tlog$/m,
    );
    assert.match(
      failed(await bench.run('verify oci:images:changed --key nope.pub'), 6, 'FILE_NOT_FOUND').stderr,
      /nope\.pub/,
    );
    writeFileSync(join(bench.path, 'junk.pub'), 'junk');
    assert.match(
      failed(await bench.run('verify oci:images:changed --key junk.pub'), 6, 'KEY_MALFORMED').stderr,
      /junk\.pub/,
    );
    failed(await bench.run('sign oci:images:changed --key ours.pub'), 2, 'KEY_WRONG_KIND');
  });

  test('attest embeds a predicate; verify --type finds it and it is no image signature', async () => {
    writeFileSync(join(bench.path, 'predicate.json'), '{"answer": 42}\n');
    const attested = await bench.run(
      'attest oci:images:empty --type https://example.com/answer --predicate predicate.json --key ours.key --json',
      secret,
    );
    assert.equal(parseResult('attest', ended(attested, 0).stdout)['predicateType'], 'https://example.com/answer');
    ended(await bench.run(`verify oci:images:empty --key ours.pub --type https://example.com/answer ${VERIFY}`), 0);
    const asSignature = ended(await bench.run(`verify oci:images:empty --key ours.pub ${VERIFY}`), 1);
    assert.equal(parseResult('verify', asSignature.stdout)['code'], 'UNSIGNED');
    for (const [options, status, code] of [
      ['--type nope --predicate predicate.json', 2, 'PREDICATE_TYPE_UNKNOWN'],
      ['--type custom --predicate nope.json', 6, 'FILE_NOT_FOUND'],
      ['--type custom --predicate .', 6, 'FILE_NOT_REGULAR'],
    ] as const)
      failed(await bench.run(`attest oci:images:empty --key ours.key ${options}`, secret), status, code);
  });

  test('release does everything once, then finds it present; tree shows it', async () => {
    const outcomes = async (): Promise<unknown> => {
      const { stdout } = ended(await bench.run('release oci:images:multi --key ours.key --json', secret), 0);
      const { steps } = parseResult('release', stdout) as {
        steps: { what: string; outcome: string; platform?: string }[];
      };
      return steps.map(({ what, outcome, platform }) => `${what} ${platform ?? ''} ${outcome}`);
    };
    assert.deepEqual(await outcomes(), ['sbom linux/amd64 made', 'sbom linux/arm64 made', 'signature  made']);
    assert.deepEqual(await outcomes(), ['sbom linux/amd64 present', 'sbom linux/arm64 present', 'signature  present']);
    const tree = parseResult('tree', ended(await bench.run('tree oci:images:multi --json'), 0).stdout);
    const root = tree['root'] as { referrers: unknown[]; children: { referrers: unknown[] }[] };
    assert.deepEqual([root.referrers.length, ...root.children.map(({ referrers }) => referrers.length)], [1, 1, 1]);
    assert.match(
      ended(await bench.run('tree oci:images:multi'), 0).stdout,
      /attestation https:\/\/cyclonedx\.org\/bom/,
    );
    failed(await bench.run('release oci:images:empty --key ours.key', secret), 7, 'NOTHING_CATALOGUED');
  });

  test('input that is missing or malformed is exit 6, with its own code', async () => {
    writeFileSync(join(bench.path, 'junk.tar'), 'junk');
    for (const [reference, code] of [
      ['oci:images:nope', 'MANIFEST_NOT_FOUND'],
      ['oci:nowhere:app', 'STORE_NOT_FOUND'],
      ['docker-archive:nope.tar', 'STORE_NOT_FOUND'],
      ['oci-archive:junk.tar', undefined],
      [`oci:images@sha256:${'0'.repeat(64)}`, undefined],
    ] as const) {
      const result = ended(await bench.run(`sbom create ${reference}`), 6);
      assert.match(result.stderr, code === undefined ? /^error: .* \[[A-Z_]+\]$/m : new RegExp(`\\[${code}\\]`));
    }
    failed(await bench.run('tree containers-storage:app'), 2, 'TRANSPORT_UNSUPPORTED');
    failed(await bench.run(['tree', 'not a reference']), 2, 'REFERENCE_INVALID');
  });
});
