import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { canonicalEvidence } from '../../src/evidence/index.ts';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { buildImage, evidenceDocument, fakeDigest } from '../support/gate-world.ts';

const PYTHON = spawnSync('python3', ['-c', 'import pty']).status === 0;
const HEAD = 'apiVersion: waybill.dev/v1\nkind: Policy\n';
const POLICY = `${HEAD}identities: { release: { key: ours.pub } }
rules: [{ name: shop, images: ["registry.example.com/shop/**"], signatures: { by: [release] } }]
`;

describe('waybill policy', () => {
  let bench: Bench;
  const at = (name: string): string => join(bench.path, name);

  before(async () => {
    bench = await openBench();
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
    mkdirSync(at('tests/evidence'), { recursive: true });
    writeFileSync(at('policy.yaml'), POLICY);
    writeFileSync(
      at('lax.yaml'),
      POLICY.replace('name: shop', 'name: shop, mode: warn').replace('rules:', 'unmatched: warn\nrules:'),
    );
    const evidence = evidenceDocument({ images: [buildImage({ diffIds: [fakeDigest('a')] })] });
    writeFileSync(at('tests/evidence/unsigned.json'), canonicalEvidence(evidence));
    writeFileSync(at('tests/gate.test.yaml'), cases('deny'));
  });
  after(() => bench[Symbol.asyncDispose]());

  const cases = (verdict: string): string =>
    `apiVersion: waybill.dev/v1\nkind: PolicyTests\npolicy: ../policy.yaml\ncases:\n  - { name: unsigned, evidence: evidence/unsigned.json, expect: { verdict: ${verdict}, codes: [UNSIGNED] } }\n`;

  test('lint: --as-of, --fail-on and --format github', async () => {
    const text = `${POLICY}exceptions: [{ rule: shop, check: platforms, images: ["registry.example.com/shop/a"], reason: x, owner: "o,w:n", expires: 2027-01-31 }]\n`;
    writeFileSync(at('dated.yaml'), text);
    const lint = 'policy lint dated.yaml --as-of';
    ended(await bench.run(`${lint} 2026-11-24T00:00:00Z --fail-on warning`), 0);
    const expiring = ended(await bench.run(`${lint} 2027-01-20T00:00:00Z --fail-on warning --format github`), 1);
    assert.match(expiring.stdout, /^::warning file=dated\.yaml,line=5,col=\d+,title=POLICY_EXCEPTION_EXPIRING::.*\n$/);
    const result = parseResult('policy-lint', ended(await bench.run(`${lint} 2027-02-01T00:00:00Z --json`), 0).stdout);
    assert.match(JSON.stringify(result), /POLICY_EXCEPTION_EXPIRED/);
    failed(await bench.run(`${lint} tomorrow`), 2, 'USAGE');
  });

  test('lint: a file that is missing is an error at its place, exit 2', async () => {
    writeFileSync(at('keyless.yaml'), POLICY.replace('ours.pub', 'nope.pub'));
    const { stdout } = ended(await bench.run('policy lint keyless.yaml'), 2);
    assert.match(stdout, /^keyless\.yaml:3:31: error: .*nope\.pub.*\[POLICY_FILE_MISSING\]$/m);
  });

  test('init: writes a policy that lint accepts, never twice; next steps go to stderr', async () => {
    const init = [
      'policy',
      'init',
      '--image',
      'registry.example.com/shop/**',
      '--key',
      'ours.pub',
      '--base',
      'debian=debian:12',
    ];
    const made = ended(await bench.run([...init, '--sbom', '--out', 'first.yaml']), 0);
    assert.match(made.stderr, /^next:\n {2}waybill base lock --policy first\.yaml --key PRIVATE\.key\n/);
    ended(await bench.run('policy lint first.yaml --fail-on warning'), 0);
    failed(await bench.run([...init, '--out', 'first.yaml']), 2, 'FILE_EXISTS');
    const quiet = ended(await bench.run([...init, '--out', 'second.yaml', '--quiet', '--json']), 0);
    assert.equal(quiet.stderr, '');
    assert.equal(parseResult('policy-init', quiet.stdout)['file'], 'second.yaml');
  });

  test('init: without a terminal what is missing is told, and nothing is written', async () => {
    const missing = failed(await bench.run('policy init --out none.yaml'), 2, 'USAGE');
    assert.match(missing.stderr, /missing: --image and who signs/);
    const half = [
      'policy',
      'init',
      '--image',
      'registry.example.com/a',
      '--certificate-identity',
      'x',
      '--out',
      'none.yaml',
    ];
    assert.match(failed(await bench.run(half), 2, 'USAGE').stderr, /missing: --certificate-oidc-issuer/);
    assert.equal(existsSync(at('none.yaml')), false);
  });

  test(
    'init: on a terminal what flags leave out is asked for',
    { skip: PYTHON ? false : 'needs python3' },
    async () => {
      const driver = join(import.meta.dirname, '../support/cli/run-in-terminal.py');
      const answers = [
        ['Images', 'registry.example.com/asked/**'],
        ['Public key file', 'ours.pub'],
        ['An allowed base', 'debian=debian:12'],
        ['Another', ''],
        ['Demand an SBOM', 'y'],
        ['Demand SLSA provenance', ''],
      ].flatMap(([prompt, text]) => ['--answer', prompt ?? '', text ?? '']);
      const command = [process.execPath, ...bench.argv, 'policy', 'init', '--out', 'asked.yaml'];
      const env = { ...bench.env, TERM: 'xterm', CI: '' };
      const child = spawn('python3', [driver, '100', ...answers, '--', ...command], {
        cwd: bench.path,
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let screen = '';
      child.stdout.on('data', (chunk: Buffer) => void (screen += chunk.toString('utf8')));
      const [status] = (await once(child, 'close')) as [number | null];
      assert.equal(status, 0, screen);
      const text = readFileSync(at('asked.yaml'), 'utf8');
      assert.match(text, /images: \["registry\.example\.com\/asked\/\*\*"\]/);
      assert.match(text, /type: cyclonedx/);
      assert.doesNotMatch(text, /slsaprovenance/);
      ended(await bench.run('policy lint asked.yaml --fail-on warning'), 0);
    },
  );

  test('test: passes, fails with what differs, and writes JUnit', async () => {
    const test = 'policy test tests --root .';
    const passed = ended(await bench.run(`${test} --json`), 0);
    assert.equal(parseResult('policy-test', passed.stdout)['passed'], 1);
    ended(await bench.run(`${test} --require-coverage`), 0);
    writeFileSync(at('tests/gate.test.yaml'), cases('allow'));
    const { stdout } = ended(await bench.run(`${test} --junit results.xml`), 1);
    assert.match(stdout, /FAIL +unsigned\n +verdict\n +expected allow\n +actual +deny/);
    assert.match(readFileSync(at('results.xml'), 'utf8'), /failures="1"/);
    failed(await bench.run(`${test} --junit policy.yaml`), 2, 'USAGE');
    assert.equal(readFileSync(at('policy.yaml'), 'utf8'), POLICY);
    writeFileSync(at('tests/gate.test.yaml'), cases('deny'));
    // the policy lies above the folder of the cases
    failed(await bench.run('policy test tests'), 2, 'POLICY_TESTS_OUTSIDE');
    failed(await bench.run('policy test nowhere'), 6, 'FILE_NOT_FOUND');
    mkdirSync(at('empty'), { recursive: true });
    failed(await bench.run('policy test empty'), 6, 'POLICY_TESTS_MISSING');
  });

  test('explain: in words and as JSON; one image; a name that is none', async () => {
    const { stdout } = ended(await bench.run('policy explain policy.yaml --image registry.example.com/shop/app:1'), 0);
    assert.match(
      stdout,
      /^policy\.yaml about registry\.example\.com\/shop\/app\n[^]*DENY {2}signatures: the image is signed by release/,
    );
    parseResult('policy-explain', ended(await bench.run('policy explain policy.yaml --json'), 0).stdout);
    failed(await bench.run('policy explain policy.yaml --image oci:x'), 2, 'USAGE');
    failed(await bench.run('policy explain nope.yaml'), 6, 'FILE_NOT_FOUND');
    for (const command of ['policy explain', 'policy lint']) {
      const argued = await bench.run(`${command} policy.yaml`);
      const { stdout, status } = await bench.run(`${command} --policy policy.yaml`);
      assert.notEqual(stdout, '');
      assert.deepEqual([stdout, status], [argued.stdout, argued.status]);
      failed(await bench.run(`${command} policy.yaml --policy policy.yaml`), 2, 'USAGE');
      failed(await bench.run(command), 2, 'USAGE');
    }
  });

  test('try: exit 0 whatever is denied, unless that is to count; broken evidence has its class', async () => {
    const attempt = 'policy try --evidence tests/evidence --policy policy.yaml';
    const result = parseResult('policy-try', ended(await bench.run(`${attempt} --against lax.yaml --json`), 0).stdout);
    assert.deepEqual((result['counts'] as { newlyDenied: number }).newlyDenied, 1);
    assert.match(ended(await bench.run(`${attempt} --against lax.yaml --fail-on-denied`), 1).stdout, /1 newly denied/);
    ended(await bench.run(`${attempt} --against policy.yaml --fail-on-denied`), 0);
    mkdirSync(at('broken'), { recursive: true });
    writeFileSync(at('broken/x.json'), '{');
    const broken = ended(await bench.run('policy try --evidence broken --policy policy.yaml'), 6);
    assert.match(broken.stdout, /ERROR broken\/x\.json: .*\[JSON_INVALID\]/);
    failed(await bench.run('policy try --evidence empty-folder --policy policy.yaml'), 6, 'FILE_NOT_FOUND');
  });
});
