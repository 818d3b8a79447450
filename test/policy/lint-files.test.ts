import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sha256Digest, TemporaryDirectory } from '../../src/core/index.ts';
import { lintPolicyFile, type LintPolicyResult } from '../../src/app/index.ts';
import { createRuntime } from '../../src/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import { loadPolicy } from '../../src/policy/index.ts';
import { REGO_BUNDLES } from '../support/rego-bundles.ts';
import { createSigner, fakeDigest, signature } from '../support/gate-world.ts';

const HEAD = 'apiVersion: waybill.dev/v1\nkind: Policy\n';
const RULES = 'rules:\n  - { name: r, images: ["registry.example.com/**"], signatures: { by: [k] } }\n';
const BASED =
  'rules:\n  - { name: r, images: ["registry.example.com/**"], signatures: { by: [k] }, base: { allow: [d] } }\n';

describe('lintPolicyFile', () => {
  let folder: TemporaryDirectory;
  let ours: KeySigner;
  before(async () => {
    folder = await TemporaryDirectory.create('waybill-test-');
    mkdirSync(join(folder.path, 'policies'));
    ours = await createSigner();
    const { publicKey } = ours;
    writeFileSync(join(folder.path, 'policies/k.pub'), publicKey.pem);
    writeFileSync(join(folder.path, 'policies/notes.pub'), 'no key at all');
    writeFileSync(join(folder.path, 'policies/broken.jsonl'), '{"sequence":0}\n');
    writeFileSync(join(folder.path, 'outside.pub'), publicKey.pem);
    symlinkSync('../outside.pub', join(folder.path, 'policies/link.pub'));
  });
  after(() => folder[Symbol.asyncDispose]());

  async function lint(text: string): Promise<LintPolicyResult> {
    const file = join(folder.path, 'policies/policy.yaml');
    writeFileSync(file, text);
    return lintPolicyFile({ file }, createRuntime({ now: () => new Date('2026-11-24T12:00:00Z') }));
  }

  const said = (result: LintPolicyResult): readonly string[] =>
    result.problems.map(({ severity, code, line, column }) => `${severity} ${code} ${line}:${column}`);

  test('every file that cannot be used is an error at the place that names it', async () => {
    const result = await lint(
      `${HEAD}identities:\n  k: { key: nope.pub }\n  l: { key: link.pub }\n  m: { key: notes.pub }\n  n: { key: . }\n${RULES.replace('[k]', '[k, l, m, n]')}`,
    );
    assert.deepEqual(said(result), [
      'error POLICY_FILE_MISSING 4:13',
      'error POLICY_FILE_OUTSIDE 5:13',
      'error POLICY_KEY_INVALID 6:13',
      'error POLICY_FILE_OUTSIDE 7:13',
    ]);
    assert.deepEqual([result.valid, result.digest], [false, null]);
  });

  test('a lock that is not made yet, one that is none, one with another head', async () => {
    const text = (lock: string): string =>
      `${HEAD}identities: { k: { key: k.pub } }\nbases:\n  ${lock}\n  lockSignedBy: [k]\n  entries: [{ name: d, image: docker.io/library/debian }]\n${BASED}`;
    const missing = await lint(text('lock: bases.jsonl'));
    assert.deepEqual([said(missing), missing.valid], [['info POLICY_LOCK_MISSING 5:9'], true]);
    assert.deepEqual(said(await lint(text('lock: broken.jsonl'))), ['error POLICY_LOCK_INVALID 5:9']);
    assert.deepEqual(said(await lint(text(`lock: bases.jsonl\n  lockHead: "${fakeDigest('head')}"`))), [
      'error POLICY_LOCK_HEAD_MISMATCH 6:13',
    ]);
  });

  test('a lock that must be signed and is not, whose signature is of other bytes or by others', async () => {
    writeFileSync(join(folder.path, 'policies/own.jsonl'), '');
    const text = `${HEAD}identities: { k: { key: k.pub } }\nbases:\n  lock: own.jsonl\n  lockSignedBy: [k]\n  entries: [{ name: d, image: docker.io/library/debian }]\n${BASED}`;
    const unsigned = await lint(text);
    assert.deepEqual([said(unsigned), unsigned.valid], [['warning POLICY_LOCK_UNSIGNED 6:17'], true]);
    const bundle = join(folder.path, 'policies/own.jsonl.sigstore.json');
    for (const [signer, bytes, expected] of [
      [await createSigner(), '', ['warning POLICY_LOCK_UNSIGNED 6:17']],
      [ours, 'other bytes', ['warning POLICY_LOCK_UNSIGNED 6:17']],
      [ours, '', []],
    ] as const) {
      writeFileSync(bundle, (await signature(signer, sha256Digest(Buffer.from(bytes)))).bundle);
      assert.deepEqual(said(await lint(text)), expected);
    }
  });

  test('what is no trusted root, no compiled Rego, and a source that needs a compiler', async () => {
    for (const [name, content] of [
      ['root.json', '{}'],
      ['extra.tar.gz', 'not compiled'],
      ['extra.rego', 'package waybill'],
    ] as const)
      writeFileSync(join(folder.path, 'policies', name), content);
    const rego = (bundle: string): string =>
      RULES.replace(' }\n', `, rego: [{ bundle: ${bundle}, entrypoint: waybill/deny }] }\n`);
    const text = (bundle: string, trust = ''): string =>
      `${HEAD}${trust}identities: { k: { key: k.pub } }\n${rego(bundle)}`;
    assert.deepEqual(said(await lint(text('extra.tar.gz', 'trust: { trustedRoot: root.json }\n'))), [
      'error POLICY_TRUST_ROOT_INVALID 3:23',
      'error POLICY_REGO_INVALID 6:95',
    ]);
    const compiled = readFileSync(REGO_BUNDLES.examples.output);
    writeFileSync(join(folder.path, 'policies/labels.tar.gz'), compiled);
    const unknown = await lint(text('labels.tar.gz'));
    assert.deepEqual([said(unknown), unknown.valid], [['warning POLICY_UNREACHABLE 5:122'], true]);
    assert.match(unknown.problems[0]?.hint ?? '', /waybill\/labels\/deny/);
    assert.deepEqual(said(await lint(text('labels.tar.gz').replace('waybill/deny', 'waybill/labels/deny'))), []);
    const source = await lint(text('extra.rego'));
    assert.deepEqual([said(source), source.valid], [['info POLICY_REGO_SOURCE 5:95'], true]);
    const both = await lint(
      `${HEAD}trust: { trustedRoot: root.json, tuf: { mirror: "https://tuf.example.com", root: root.json } }\nidentities: { k: { key: k.pub } }\n${RULES}`,
    );
    assert.deepEqual(said(both), ['error POLICY_TRUST_ROOT_INVALID 3:23', 'warning POLICY_UNUSED 3:39']);
  });

  test('the digest is the one that loading the policy gives', async () => {
    const result = await lint(`${HEAD}identities: { k: { key: k.pub } }\n${RULES}`);
    assert.deepEqual(result.problems, []);
    assert.equal(result.digest, (await loadPolicy(result.file)).digest);
  });
});
