import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { isAppError, TemporaryDirectory } from '../../src/core/index.ts';
import { initPolicy, type InitPolicyOptions, type InitPolicyResult } from '../../src/app/index.ts';
import { createRuntime } from '../../src/index.ts';
import { draftPolicy, lintPolicy } from '../../src/policy/index.ts';
import { schemaValidator } from '../support/cli/schemas.ts';
import { createSigner } from '../support/gate-world.ts';

const KEYLESS = {
  certificateIdentity: 'https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main',
  certificateOidcIssuer: 'https://token.actions.githubusercontent.com',
};

describe('initPolicy', () => {
  let folder: TemporaryDirectory;
  let count = 0;
  const at = (name: string): string => join(folder.path, name);

  before(async () => {
    folder = await TemporaryDirectory.create('waybill-test-');
    const { publicKey } = await createSigner();
    mkdirSync(at('policies/keys'), { recursive: true });
    writeFileSync(at('policies/keys/release.pub'), publicKey.pem);
    writeFileSync(at('outside.pub'), publicKey.pem);
    writeFileSync(at('policies/no-key.pub'), 'hello');
  });
  after(() => folder[Symbol.asyncDispose]());

  async function init(options: Partial<InitPolicyOptions> = {}): Promise<InitPolicyResult> {
    count += 1;
    const file = at(`policies/policy-${count}.yaml`);
    const given = {
      images: ['registry.example.com/shop/**'],
      signer: KEYLESS,
      bases: [],
      sbom: false,
      provenance: false,
    };
    return initPolicy({ file, ...given, ...options }, createRuntime());
  }

  async function refused(options: Partial<InitPolicyOptions>): Promise<string> {
    try {
      await init(options);
    } catch (error) {
      assert.ok(isAppError(error));
      return `${error.code} ${error.message}`;
    }
    throw new Error('it was accepted');
  }

  const key = (): { readonly keyFile: string } => ({ keyFile: at('policies/keys/release.pub') });
  const codes = (result: InitPolicyResult): readonly string[] =>
    result.problems.map(({ severity, code }) => `${severity} ${code}`);

  test('the policy passes its own lint without warnings, whatever is asked for', async () => {
    for (const signer of [KEYLESS, key()]) {
      for (const [sbom, provenance] of [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ] as const) {
        const result = await init({ signer, sbom, provenance });
        assert.deepEqual(codes(result), [], readFileSync(result.file, 'utf8'));
        assert.match(result.digest ?? '', /^sha256:/);
      }
    }
  });

  test('with bases and a key, the lock has to be signed by that key', async () => {
    const result = await init({ signer: key(), bases: ['debian=debian:12', 'debian=docker.io/library/debian:13'] });
    assert.deepEqual(codes(result), ['info POLICY_LOCK_MISSING']);
    const text = readFileSync(result.file, 'utf8');
    assert.match(text, /lockSignedBy: \[release-key\]/);
    assert.match(text, /tags: \["12", "13"\]/);
    assert.match(text, /key: "keys\/release\.pub"/);
    assert.match(result.nextSteps[0]?.command ?? '', /^waybill base lock --policy \S+ --key PRIVATE\.key$/);
  });

  test('with bases and no key, the one warning is that the lock is not pinned, and the file says how', async () => {
    const result = await init({ bases: ['debian=debian:12'] });
    assert.deepEqual(codes(result), ['info POLICY_LOCK_MISSING', 'warning POLICY_LOCK_UNPINNED']);
    assert.match(readFileSync(result.file, 'utf8'), /# lockHead: "sha256:\.\.\."\n {2}# lockSignedBy: \[release\]/);
  });

  test('a workflow of GitHub is bound to its repository and to GitHub’s runners', async () => {
    const text = readFileSync((await init({ provenance: true })).file, 'utf8');
    assert.match(text, /sourceRepository: "https:\/\/github\.com\/acme\/shop"\n {6}runnerEnvironment: github-hosted/);
    assert.match(text, /source: "https:\/\/github\.com\/acme\/shop"/);
  });

  test('the same answers give the same bytes, and the result is of its schema', async () => {
    const [one, two] = [await init({ bases: ['debian=debian:12'] }), await init({ bases: ['debian=debian:12'] })];
    assert.equal(readFileSync(one.file, 'utf8'), readFileSync(two.file, 'utf8'));
    const validate = schemaValidator('policy-init');
    assert.ok(validate(JSON.parse(JSON.stringify(one))), JSON.stringify(validate.errors));
  });

  test('what is no image, base or key is refused, and nothing is written', async () => {
    for (const [options, expected] of [
      [{ images: ['nginx'] }, /^USAGE --image "nginx": .*registry/],
      [{ images: ['registry.example.com/a:1'] }, /^USAGE .*without tag or digest/],
      [{ bases: ['debian'] }, /^USAGE --base "debian" is no base/],
      [{ bases: ['debian=debian'] }, /^USAGE --base/],
      [{ bases: ['a b=debian:12'] }, /^USAGE --base/],
      [{ bases: ['d=debian:12', 'd=alpine:3'] }, /^USAGE --base names d twice/],
      [{ signer: { keyFile: at('outside.pub') } }, /^KEY_OUTSIDE_POLICY /],
      [{ signer: { keyFile: at('policies/no-key.pub') } }, /^KEY_MALFORMED \S+no-key\.pub: /],
      [{ signer: { keyFile: at('nope.pub') } }, /^FILE_NOT_FOUND /],
      [{ file: at('nowhere/policy.yaml'), signer: key() }, /^FILE_UNWRITABLE /],
    ] as const) {
      assert.match(await refused(options), expected);
    }
    assert.throws(() => readFileSync(at(`policies/policy-${count}.yaml`)), /ENOENT/);
  });

  test('a file that is there is never overwritten', async () => {
    const { file } = await init();
    const text = readFileSync(file, 'utf8');
    assert.match(await refused({ file, sbom: true }), /^FILE_EXISTS /);
    assert.equal(readFileSync(file, 'utf8'), text);
  });
});

describe('draftPolicy', () => {
  test('texts of any kind stay the values they are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1, maxLength: 60 }),
        fc.string({ minLength: 1, maxLength: 60 }),
        async (subject, name) => {
          const text = draftPolicy({
            name,
            images: ['registry.example.com/shop'],
            signer: { issuer: 'https://issuer.example.com', subject },
            bases: [],
            sbom: true,
            provenance: true,
          });
          const { policy, problems } = await lintPolicy({ bytes: Buffer.from(text), name: 'p' });
          assert.deepEqual(
            problems.filter(({ severity }) => severity === 'error'),
            [],
          );
          assert.equal(policy?.identities?.get('release')?.subject, subject);
          assert.equal(policy?.rules[0]?.name, name);
        },
      ),
      { numRuns: 200 },
    );
  });
});
