import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { TemporaryDirectory } from '../../src/core/index.ts';
import { lintPolicy, loadPolicy } from '../../src/policy/index.ts';
import { createSigner } from '../support/gate-world.ts';

const { pem } = (await createSigner()).publicKey;
const policyWith = (key: string): string => `apiVersion: waybill.dev/v1
kind: Policy
identities: { k: { key: "${key}" } }
rules: [{ name: r, images: ["registry.example.com/**"], signatures: { by: [k] } }]
`;

async function folder(): Promise<TemporaryDirectory & { readonly inside: string }> {
  const directory = await TemporaryDirectory.create();
  const inside = join(directory.path, 'policy');
  mkdirSync(join(inside, 'keys'), { recursive: true });
  writeFileSync(join(directory.path, 'outside.pub'), pem);
  writeFileSync(join(inside, 'keys/k.pub'), pem);
  return Object.assign(directory, { inside });
}

describe('files that a policy names', () => {
  for (const key of ['../outside.pub', '/etc/passwd', 'keys/../../outside.pub', 'keys\\..\\x', 'C:\\x']) {
    test(`${JSON.stringify(key)} is refused by its words`, async () => {
      const { policy, problems } = await lintPolicy({
        bytes: Buffer.from(policyWith(key.replaceAll('\\', '\\\\'))),
        name: 'p',
      });
      assert.equal(policy, undefined, JSON.stringify(problems));
    });
  }

  test('are read through links that stay inside, and not through others', async () => {
    await using directory = await folder();
    const { inside } = directory;
    symlinkSync('keys/k.pub', join(inside, 'in.pub'));
    symlinkSync('../outside.pub', join(inside, 'out.pub'));
    symlinkSync('..', join(inside, 'up'));
    symlinkSync('loop.pub', join(inside, 'loop.pub'));
    const load = (key: string): ReturnType<typeof loadPolicy> => {
      writeFileSync(join(inside, 'policy.yaml'), policyWith(key));
      return loadPolicy(join(inside, 'policy.yaml'));
    };
    assert.equal((await load('in.pub')).keys.size, 1);
    await assert.rejects(load('out.pub'), { code: 'POLICY_FILE_OUTSIDE' });
    await assert.rejects(load('up/outside.pub'), { code: 'POLICY_FILE_OUTSIDE' });
    await assert.rejects(load('loop.pub'), { code: 'POLICY_FILE_MISSING' });
    await assert.rejects(load('keys'), { code: 'FILE_NOT_REGULAR' });
    await assert.rejects(load('.'), { code: 'POLICY_FILE_OUTSIDE' });
  });

  test('are regular files: a FIFO is refused and does not hang', async () => {
    await using directory = await folder();
    execFileSync('mkfifo', [join(directory.inside, 'fifo')]);
    writeFileSync(join(directory.inside, 'policy.yaml'), policyWith('fifo'));
    await assert.rejects(loadPolicy(join(directory.inside, 'policy.yaml')), { code: 'FILE_NOT_REGULAR' });
    await assert.rejects(loadPolicy(join(directory.inside, 'fifo')), { code: 'FILE_NOT_REGULAR' });
  });

  test('are part of the digest', async () => {
    await using directory = await folder();
    const path = join(directory.inside, 'policy.yaml');
    writeFileSync(path, policyWith('keys/k.pub'));
    const { digest } = await loadPolicy(path);
    assert.equal((await loadPolicy(path, { expectedDigest: digest })).digest, digest);
    writeFileSync(join(directory.inside, 'keys/k.pub'), (await createSigner()).publicKey.pem);
    await assert.rejects(loadPolicy(path, { expectedDigest: digest }), { code: 'POLICY_DIGEST_MISMATCH' });
  });
});

describe('YAML that means something else to another reader', () => {
  const good = policyWith('k.pub');
  for (const [what, text] of [
    ['an anchor', good.replace('by: [k]', 'by: &x [k]')],
    ['an alias', good.replace('name: r', 'name: &x r').replace('by: [k]', 'by: [*x]')],
    ['a merge key', good.replace('{ name: r,', '{ <<: { mode: warn }, name: r,')],
    ['a tag', good.replace('name: r', 'name: !!str r')],
    ['a local tag', good.replace('name: r', 'name: !x r')],
    ['a key twice', good.replace('name: r,', 'name: r, name: q,')],
    ['a key twice, once in quotes', good.replace('name: r,', 'name: r, "name": q,')],
    ['a top key twice', `${good}rules: []\n`],
    ['two documents', `${good}---\n${good}`],
    ['a directive of YAML 1.1', `%YAML 1.1\n---\n${good.replace('by: [k]', 'by: [k], threshold: 010')}`],
    ['yes for true', good.replace('key: "k.pub"', 'key: "k.pub", requireTransparencyLog: yes')],
    ['an octal threshold', good.replace('by: [k]', 'by: [k], threshold: 0o2')],
    ['a fraction', good.replace('by: [k]', 'by: [k], threshold: 1.5')],
    ['a huge number', good.replace('by: [k]', 'by: [k], threshold: 1e30')],
    ['infinity', good.replace('by: [k]', 'by: [k], threshold: .inf')],
    ['a threshold below 1', good.replace('by: [k]', 'by: [k], threshold: 0')],
    ['an unknown key', good.replace('by: [k]', 'by: [k], treshold: 1')],
    ['a prototype key', good.replace('by: [k]', 'by: [k], __proto__: {}')],
    ['another case of a key', good.replace('signatures:', 'Signatures:')],
    ['a number for a text', good.replace('name: r', 'name: 12')],
    ['nothing for a list', good.replace('by: [k]', 'by:')],
    ['an empty list', good.replace('by: [k]', 'by: []')],
    ['a byte that is no UTF-8', Buffer.concat([Buffer.from(good), Buffer.from([0xff])])],
    ['very deep nesting', `${good}x: ${'['.repeat(5000)}`],
  ] as const) {
    test(`${what} is refused`, async () => {
      const { policy, problems } = await lintPolicy({ bytes: Buffer.from(text), name: 'p' });
      assert.equal(policy, undefined, JSON.stringify(problems));
      assert.ok(problems.some((problem) => problem.severity === 'error'));
    });
  }

  for (const day of ['2026-02-30', '2026-13-01', '2026-1-1', '2026-12-31T00:00:00Z', '20261231', '']) {
    test(`${JSON.stringify(day)} is no day`, async () => {
      const text = good.replace('signatures:', `effectiveOn: "${day}", signatures:`);
      assert.equal((await lintPolicy({ bytes: Buffer.from(text), name: 'p' })).policy, undefined);
    });
  }
});
