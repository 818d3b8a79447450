import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sha256Digest } from '../../src/core/index.ts';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { bytesOf, ISSUER, newWorld, rootJson, SAN, signKeyless } from '../verification/support/world.ts';

const FILE = Buffer.from('a release\n');
const PROVENANCE = 'https://slsa.dev/provenance/v1';

describe('waybill blob verify and bundle inspect', () => {
  let bench: Bench;
  const world = newWorld();
  const who = `--certificate-identity ${SAN} --certificate-oidc-issuer ${ISSUER} --trusted-root root.json --offline`;

  before(async () => {
    bench = await openBench();
    const write = (name: string, bytes: Uint8Array): void => writeFileSync(join(bench.path, name), bytes);
    write('app.tar', FILE);
    write('other.tar', Buffer.from('something else'));
    write('root.json', Buffer.from(JSON.stringify(rootJson(world))));
    write('app.json', bytesOf(signKeyless(world, { file: FILE, tsas: [world.tsa] })));
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'app.tar', digest: { sha256: sha256Digest(FILE).slice(7) } }],
      predicateType: PROVENANCE,
      predicate: {},
    };
    write('provenance.json', bytesOf(signKeyless(world, { payload: Buffer.from(JSON.stringify(statement)) })));
    const logs = [world.rekor1, world.rekor2];
    write('two-logs.json', bytesOf(signKeyless(world, { file: FILE, tsas: [world.tsa], logs })));
    write('junk.json', Buffer.from('{}'));
  });
  after(() => bench[Symbol.asyncDispose]());

  const verify = (rest: string) => bench.run(`blob verify ${rest} ${who}`);

  test('accepts the signature of a file, by its bytes and by its digest', async () => {
    const { stdout } = ended(await verify('app.tar --bundle app.json'), 0);
    assert.match(stdout, /^VERIFIED {2}app\.tar$/m);
    assert.ok(stdout.includes(`accepted  signature by ${SAN}, vouched for by ${ISSUER}`));
    ended(await verify(`${sha256Digest(FILE)} --bundle app.json`), 0);
    const json = parseResult('blob-verify', ended(await verify('app.tar --bundle app.json --json'), 0).stdout);
    assert.equal(json['kind'], 'signature');
  });

  test('takes the bundle beside the file unless told; a digest has none', async () => {
    failed(await verify('other.tar'), 6, 'FILE_NOT_FOUND');
    copyFileSync(join(bench.path, 'app.json'), join(bench.path, 'app.tar.sigstore.json'));
    ended(await verify('app.tar'), 0);
    failed(await verify(sha256Digest(FILE)), 2, 'INPUT_CHOICE');
  });

  test('accepts a statement about a file, of the type asked for', async () => {
    const { stdout } = ended(await verify('app.tar --bundle provenance.json --type slsaprovenance1 --json'), 0);
    const { kind, predicateType } = parseResult('blob-verify', stdout);
    assert.deepEqual([kind, predicateType], ['attestation', PROVENANCE]);
    const other = ended(await verify('app.tar --bundle provenance.json --type cyclonedx --json'), 1).stdout;
    assert.equal(parseResult('blob-verify', other)['code'], 'PREDICATE_TYPE');
    const signature = ended(await verify('app.tar --bundle app.json --type cyclonedx --json'), 1).stdout;
    assert.equal(parseResult('blob-verify', signature)['code'], 'PREDICATE_TYPE');
  });

  test('--max-log-entries caps the log entries of one bundle', async () => {
    ended(await verify('app.tar --bundle two-logs.json --max-log-entries 2'), 0);
    const { stdout } = ended(await verify('app.tar --bundle two-logs.json --max-log-entries 1 --json'), 1);
    assert.equal(parseResult('blob-verify', stdout)['code'], 'BUNDLE_MALFORMED');
    failed(await verify('app.tar --bundle two-logs.json --max-log-entries 0'), 2, 'USAGE');
  });

  test('refuses other files, other identities and what is no bundle, each with its code', async () => {
    for (const [rest, code] of [
      ['other.tar --bundle app.json', 'DIGEST_MISMATCH'],
      ['other.tar --bundle provenance.json', 'SUBJECT_MISMATCH'],
      ['app.tar --bundle junk.json', 'BUNDLE_MALFORMED'],
    ] as const) {
      assert.equal(parseResult('blob-verify', ended(await verify(`${rest} --json`), 1).stdout)['code'], code, rest);
    }
    const somebody = `--certificate-identity nobody --certificate-oidc-issuer ${ISSUER} --trusted-root root.json`;
    const { stdout } = ended(await bench.run(`blob verify app.tar --bundle app.json ${somebody}`), 1);
    assert.match(stdout, /refused {3}IDENTITY_MISMATCH/);
    assert.ok(stdout.includes(`hint      the certificate says ${SAN};`));
    failed(await verify('missing.tar --bundle app.json'), 6, 'FILE_NOT_FOUND');
    failed(await bench.run('blob verify app.tar --bundle app.json'), 2, 'USAGE');
  });

  test('bundle inspect tells what a bundle says, and that nothing of it is verified', async () => {
    const { stdout } = ended(await bench.run('bundle inspect app.json'), 0);
    for (const line of [
      /^identity {2}https:\/\/github\.com\/acme/m,
      /^issuer {4}https:\/\/token\.actions/m,
      /^log {7}index \d+.*inclusion proof/m,
      /^timestamp 2026-01-15T/m,
      /^Nothing of this is verified/m,
    ])
      assert.match(stdout, line);
    const json = parseResult(
      'bundle-inspect',
      ended(await bench.run('bundle inspect provenance.json --json'), 0).stdout,
    );
    assert.equal(json['predicateType'], PROVENANCE);
    assert.equal(json['verified'], false);
    failed(await bench.run('bundle inspect junk.json'), 6, 'BUNDLE_MALFORMED');
  });
});
