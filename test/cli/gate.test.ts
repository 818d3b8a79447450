import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { parseResult, schemaValidator } from '../support/cli/schemas.ts';

const POLICY = `apiVersion: waybill.dev/v1
kind: Policy
name: test
identities:
  release: { key: ours.pub }
bases:
  lock: bases.lock.jsonl
  entries:
    - { name: tiny, image: registry.example.com/base/tiny, tags: ["13"] }
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    signatures: { by: [release] }
    attestations:
      - { type: cyclonedx, by: [release], rederive: true }
    base: { allow: [tiny], evidence: content, tamper: deny }
`;
const AS = '--policy policy.yaml --as registry.example.com/shop/app';

interface Decision {
  readonly verdict: string;
  readonly exitCode: number;
}

function codes(decision: unknown): readonly string[] {
  return [...JSON.stringify(decision).matchAll(/"code":"([A-Z_]+)","reason":"[^"]*","outcome":"(?:fail|error)"/g)].map(
    (match) => match[1] ?? '',
  );
}

describe('waybill policy, base and gate', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
    await makeSampleImages(bench.path);
    writeFileSync(join(bench.path, 'policy.yaml'), POLICY);
    for (const name of ['ours', 'theirs']) ended(await bench.run(`key generate --output-key-prefix ${name}`), 0);
    const { stdout } = ended(
      await bench.run('base lock --policy policy.yaml --source tiny:13=oci:images:base --json'),
      0,
    );
    const { locked, records } = parseResult('base-lock-result', stdout) as {
      locked: { change: string }[];
      records: number;
    };
    assert.deepEqual([locked.map(({ change }) => change), records], [['new'], 1]);
    for (const tag of ['app', 'changed']) ended(await bench.run(`release oci:images:${tag} --key ours.key`), 0);
  });
  after(() => bench[Symbol.asyncDispose]());

  const check = async (image: string, status: number): Promise<Decision> => {
    const { stdout, stderr } = ended(await bench.run(`gate check ${image} ${AS} --json`), status);
    assert.equal(stderr, '');
    return parseResult('gate-check', stdout)['decision'] as Decision;
  };

  test('policy lint: valid with its digest, exit 2 with line and column when not, exit 6 when missing', async () => {
    const good = parseResult('policy-lint', ended(await bench.run('policy lint policy.yaml --json'), 0).stdout);
    assert.equal(good['valid'], true);
    writeFileSync(join(bench.path, 'bad.yaml'), POLICY.replace('signatures:', 'signature:'));
    const bad = parseResult('policy-lint', ended(await bench.run('policy lint bad.yaml --json'), 2).stdout);
    assert.deepEqual([bad['valid'], bad['digest']], [false, null]);
    assert.match(
      ended(await bench.run('policy lint bad.yaml'), 2).stdout,
      /^bad\.yaml:\d+:\d+: error: .*\[POLICY_UNKNOWN_KEY\]$/m,
    );
    failed(await bench.run('policy lint nope.yaml'), 6, 'FILE_NOT_FOUND');
    failed(await bench.run(`gate check oci:images:app --policy bad.yaml`), 2, 'POLICY_INVALID');
  });

  test('a lock that must be signed: refused unsigned and signed by another key, believed signed', async () => {
    const signed = POLICY.replace('bases.lock.jsonl', 'signed.lock.jsonl\n  lockSignedBy: [release]');
    writeFileSync(join(bench.path, 'signed.yaml'), signed);
    const lock = 'base lock --policy signed.yaml --source tiny:13=oci:images:base --json';
    const check = 'gate check oci:images:app --policy signed.yaml --as registry.example.com/shop/app --json';
    ended(await bench.run(lock), 0);
    assert.match(ended(await bench.run(check), 2).stdout, /"BASE_LOCK_UNSIGNED"/);
    ended(await bench.run(`${lock} --key theirs.key`), 0);
    assert.match(ended(await bench.run(check), 6).stdout, /"BASE_LOCK_UNTRUSTED"/);
    const result = parseResult('base-lock-result', ended(await bench.run(`${lock} --key ours.key`), 0).stdout);
    assert.equal(result['signatureFile'], 'signed.lock.jsonl.sigstore.json');
    ended(await bench.run(check), 0);
  });

  test('base lock appends lines of the schema; wrong names are exit 2 and write nothing', async () => {
    const lines = (): readonly string[] =>
      readFileSync(join(bench.path, 'bases.lock.jsonl'), 'utf8').trimEnd().split('\n');
    const before = lines();
    for (const options of ['nope', '--source tiny:99=oci:images:base', '--source nope:13=oci:images:base'])
      failed(await bench.run(`base lock ${options} --policy policy.yaml`), 2, 'BASE_ENTRY_UNKNOWN');
    failed(await bench.run('base lock --policy policy.yaml --source tiny'), 2, 'USAGE');
    assert.deepEqual(lines(), before);
    const validate = schemaValidator('base-lock');
    for (const line of before) assert.ok(validate(JSON.parse(line)), JSON.stringify(validate.errors));
  });

  test('base detect: content by the lock, with what was done to the base', async () => {
    const detect = async (options: string): Promise<Record<string, unknown>> =>
      parseResult('base-detect', ended(await bench.run(`base detect ${options} --json`), 0).stdout);
    const proved = await detect('oci:images:app --lock bases.lock.jsonl');
    assert.deepEqual([proved['level'], proved['tamper']], ['content', []]);
    const changed = await detect('oci:images:changed --lock bases.lock.jsonl');
    assert.deepEqual(
      (changed['tamper'] as { path: string; critical: boolean }[]).map(({ path, critical }) => [path, critical]),
      [['/bin/sh', true]],
    );
    assert.equal((await detect('oci:images:app'))['level'], 'none');
    assert.match(
      ended(await bench.run('base detect oci:images:app --lock bases.lock.jsonl'), 0).stdout,
      /^level +content$/m,
    );
    assert.match(
      ended(await bench.run('base detect oci:images:app'), 0).stdout,
      /^Nothing was compared with the layers: --lock/m,
    );
    failed(await bench.run('base detect oci:images:app --lock nope.jsonl'), 6, 'FILE_NOT_FOUND');
    failed(await bench.run('base detect oci:images:app --lock policy.yaml'), 6, 'JSON_INVALID');
  });

  test('gate check: the good image passes, each bad one is denied with its reason', async () => {
    assert.equal((await check('oci:images:app', 0)).verdict, 'allow');
    const tampered = await check('oci:images:changed', 1);
    assert.deepEqual([tampered.verdict, codes(tampered)], ['deny', ['BASE_TAMPERED']]);
    const unsigned = await check('oci:images:empty', 1);
    assert.deepEqual(codes(unsigned), ['UNSIGNED', 'ATTESTATION_MISSING', 'BASE_NOT_ALLOWED']);
    const text = ended(await bench.run(`gate check oci:images:changed ${AS}`), 1);
    assert.match(text.stdout, /BASE_TAMPERED[^]*to pass: /);
    assert.equal(text.stderr, '');
  });

  test('what cannot be evaluated is an error of its class in the decision, never a pass', async () => {
    const folder = ended(await bench.run(`gate check dir:images ${AS}`), 2);
    assert.match(folder.stdout, /ERROR resolve \[USAGE\][^]*to pass: name an image: REGISTRY\/REPOSITORY/);
    const missing = await check('oci:images:nope', 6);
    assert.deepEqual([missing.verdict, missing.exitCode], ['deny', 6]);
    writeFileSync(join(bench.path, 'remote.yaml'), POLICY.replace('registry.example.com/shop/**', '127.0.0.1:1/**'));
    const remote = ended(await bench.run('gate check 127.0.0.1:1/shop/app:1 --policy remote.yaml --json'), 4);
    assert.equal((parseResult('gate-check', remote.stdout)['decision'] as Decision).verdict, 'deny');
  });

  test('evidence and decision files are written, whatever the verdict; replay decides the same, byte for byte', async () => {
    const files = '--evidence-out evidence.json --decision-out decision.json';
    for (const [image, status] of [
      ['oci:images:app', 0],
      ['oci:images:changed', 1],
    ] as const) {
      ended(await bench.run(`gate check ${image} ${AS} ${files}`), status);
      const decision = JSON.parse(readFileSync(join(bench.path, 'decision.json'), 'utf8')) as unknown;
      for (const name of ['evidence', 'decision']) {
        const validate = schemaValidator(name);
        const value = JSON.parse(readFileSync(join(bench.path, `${name}.json`), 'utf8')) as unknown;
        assert.ok(validate(value), JSON.stringify(validate.errors?.slice(0, 3)));
      }
      const { stdout } = ended(await bench.run('gate replay evidence.json --policy policy.yaml --json'), status);
      const replay = parseResult('gate-replay', stdout);
      assert.deepEqual(replay, { replay: true, decision });
    }
  });

  test('replay: another time, a wrong policy digest, broken evidence', async () => {
    ended(await bench.run(`gate check oci:images:app ${AS} --evidence-out evidence.json`), 0);
    const replay = 'gate replay evidence.json --policy policy.yaml';
    const later = ended(await bench.run(`${replay} --as-of 2031-01-01T00:00:00Z --json`), 0);
    assert.match(later.stdout, /"decidedAt": "2031-01-01T00:00:00(\.000)?Z"/);
    failed(await bench.run(`${replay} --as-of tomorrow`), 2, 'USAGE');
    failed(await bench.run(`${replay} --policy-digest sha256:${'0'.repeat(64)}`), 2, 'POLICY_DIGEST_MISMATCH');
    failed(await bench.run(`${replay} --policy-digest nope`), 2, 'USAGE');
    failed(await bench.run('gate replay nope.json --policy policy.yaml'), 6, 'FILE_NOT_FOUND');
    failed(await bench.run('gate replay policy.yaml --policy policy.yaml'), 6, 'JSON_INVALID');
  });

  test('replay of a decision says what it is', async () => {
    ended(await bench.run(`gate check oci:images:app ${AS} --decision-out only-decision.json`), 0);
    const { stderr } = failed(
      await bench.run('gate replay only-decision.json --policy policy.yaml'),
      6,
      'EVIDENCE_MALFORMED',
    );
    assert.match(stderr, /only-decision\.json is a decision, not the evidence/);
  });

  test('--as with several images is exit 2, and an evidence file that cannot be written too', async () => {
    failed(await bench.run(`gate check oci:images:app oci:images:base ${AS}`), 2, 'AS_NEEDS_ONE_IMAGE');
    failed(await bench.run(`gate check oci:images:app ${AS} --evidence-out no/such/file`), 2, 'FILE_UNWRITABLE');
    assert.equal(existsSync(join(bench.path, 'no')), false);
  });
});
