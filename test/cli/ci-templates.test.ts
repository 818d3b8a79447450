import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { ended, openBench, type Bench, type Finished } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';
import { startRegistry, type TestRegistry } from '../support/registry/index.ts';

const ROOT = resolve(import.meta.dirname, '../..');

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string; readonly required?: boolean }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: {
    readonly steps: readonly { readonly env: Readonly<Record<string, string>>; readonly run: string }[];
  };
}

interface GitlabJob {
  readonly variables: Readonly<Record<string, string>>;
  readonly script: readonly string[];
  readonly artifacts: { readonly paths: readonly string[]; readonly reports: { readonly junit: string } };
}

const action = parse(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as Action;
const job = (
  parse(readFileSync(join(ROOT, '.ci/gitlab/waybill-gate.gitlab-ci.yml'), 'utf8')) as { 'waybill-gate': GitlabJob }
)['waybill-gate'];

describe('CI templates', () => {
  let bench: Bench;
  let registry: TestRegistry;
  let waybill = '';
  let runs = 0;
  before(async () => {
    bench = await openBench();
    registry = await startRegistry();
    await makeSampleImages(bench.path);
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
    ended(await bench.run('sign oci:images:app --key ours.key'), 0);
    for (const tag of ['app', 'changed'])
      ended(await bench.run(`copy oci:images:${tag} ${registry.host}/shop/${tag}:1`), 0);
    writeFileSync(
      join(bench.path, 'policy.yaml'),
      `apiVersion: waybill.dev/v1\nkind: Policy\nidentities: { release: { key: ours.pub } }\nrules: [{ name: shop, images: ["${registry.host}/shop/**"], signatures: { by: [release] } }]\n`,
    );
    waybill = join(bench.path, 'waybill');
    writeFileSync(waybill, `#!/bin/sh\nexec '${process.execPath}' '${bench.argv[0]}' "$@"\n`);
    chmodSync(waybill, 0o755);
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });
  const image = (tag: string): string => `${registry.host}/shop/${tag}:1`;

  async function shell(program: string, script: string, env: Readonly<Record<string, string>>): Promise<Finished> {
    const child = spawn(
      program,
      program === 'bash' ? ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script] : ['-c', script],
      {
        cwd: bench.path,
        env: {
          ...bench.env,
          PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`,
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const status = await new Promise<number | null>((done, reject) => {
      child.on('error', reject);
      child.on('close', done);
    });
    return { status, stdout, stderr };
  }

  interface ActionRun extends Finished {
    readonly outputs: Readonly<Record<string, string>>;
    readonly summary: string;
  }

  /** Runs the action's step as a runner does: inputs become variables, outputs are read from a file. */
  async function runAction(
    inputs: Readonly<Record<string, string>>,
    more: Readonly<Record<string, string>> = {},
  ): Promise<ActionRun> {
    runs += 1;
    const temporary = join(bench.temporary, `runner-${runs}`);
    mkdirSync(temporary);
    const [step] = action.runs.steps;
    assert.ok(step);
    const given: Record<string, string> = { command: waybill, policy: 'policy.yaml', ...inputs };
    const env = Object.fromEntries(
      Object.entries(step.env).map(([variable, expression]) => {
        if (expression === '${{ github.action_path }}') return [variable, join(bench.path, 'action')];
        const name = /^\$\{\{ inputs\.([a-z-]+) \}\}$/.exec(expression)?.[1] ?? assert.fail(expression);
        return [variable, given[name] ?? action.inputs[name]?.default ?? ''];
      }),
    );
    const files = { GITHUB_OUTPUT: join(temporary, 'output'), GITHUB_STEP_SUMMARY: join(temporary, 'summary') };
    for (const file of Object.values(files)) writeFileSync(file, '');
    const finished = await shell('bash', step.run, { ...env, ...files, RUNNER_TEMP: temporary, ...more });
    const lines = readFileSync(files.GITHUB_OUTPUT, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    const outputs = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    return { ...finished, outputs, summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8') };
  }

  test('action: no input is part of the script, every output is written by it', () => {
    const [step] = action.runs.steps;
    assert.doesNotMatch(step?.run ?? '${{', /\$\{\{/);
    assert.deepEqual(
      Object.keys(step?.env ?? {}).map((name) => name.replace('INPUT_', '').toLowerCase().replaceAll('_', '-')),
      [
        'policy',
        'policy-digest',
        'images',
        'files',
        'allow-kinds',
        'allow-unpinned',
        'opa',
        'offline',
        'annotations',
        'summary',
        'fail',
        'output-directory',
        'command',
        'action-path',
      ],
    );
    assert.deepEqual(
      Object.keys(action.inputs).toSorted(),
      Object.keys(step?.env ?? {})
        .filter((name) => name.startsWith('INPUT_'))
        .map((name) => name.replace('INPUT_', '').toLowerCase().replaceAll('_', '-'))
        .toSorted(),
    );
  });

  test('action: unless a command is given, its own revision is built, outside of the checkout', async () => {
    const folder = join(bench.path, 'action');
    const programs = join(bench.path, 'programs');
    mkdirSync(join(folder, 'bin'), { recursive: true });
    mkdirSync(programs);
    writeFileSync(join(folder, 'bin/run.js'), `#!/bin/sh\nexec ${waybill} "$@"\n`, { mode: 0o755 });
    writeFileSync(join(programs, 'npm'), '#!/bin/sh\necho "$PWD: $*" >"$NPM_SAID"\n', { mode: 0o755 });
    const said = join(bench.path, 'npm-said');
    const path = `${programs}:${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`;
    const ran = await runAction({ images: image('app'), command: '' }, { PATH: path, NPM_SAID: said });
    assert.equal((ended(ran, 0) as ActionRun).outputs['verdict'], 'allow');
    const [where = '', what] = readFileSync(said, 'utf8').trim().split(': ');
    assert.equal(what, 'ci --no-audit --no-fund --silent');
    assert.ok(where.startsWith(bench.temporary), where);
  });

  test('action: an allowed image passes, with verdict, files and summary', async () => {
    const { outputs, summary, stdout } = ended(
      await runAction({ images: `# ours\n${image('app')}\n` }),
      0,
    ) as ActionRun;
    assert.equal(outputs['verdict'], 'allow');
    for (const name of ['decision', 'evidence', 'sarif', 'junit', 'markdown'])
      assert.ok(existsSync(outputs[name] ?? ''), name);
    assert.match(summary, /^## ✅ ALLOWED/);
    assert.match(stdout, /^::notice title=waybill gate::ALLOWED/m);
  });

  test('action: a denied image fails the step, unless a later step is to decide', async () => {
    const denied = ended(await runAction({ images: image('changed') }), 1) as ActionRun;
    assert.equal(denied.outputs['verdict'], 'deny');
    assert.match(denied.stdout, /^::error title=signatures \[UNSIGNED\]::/m);
    const told = ended(await runAction({ images: image('changed'), fail: 'false' }), 0) as ActionRun;
    assert.equal(told.outputs['verdict'], 'deny');
    const quiet = ended(
      await runAction({ images: image('changed'), annotations: 'false', summary: 'false' }),
      1,
    ) as ActionRun;
    assert.doesNotMatch(quiet.stdout, /^::/m);
    assert.equal(quiet.summary, '');
  });

  test('action: manifests by file and folder, names with blanks, kinds that are allowed', async () => {
    mkdirSync(join(bench.path, 'my deploy'), { recursive: true });
    const pod = `apiVersion: v1\nkind: Pod\nspec: { containers: [{ image: "${image('app')}" }] }\n`;
    writeFileSync(join(bench.path, 'my deploy/pod.yaml'), pod);
    writeFileSync(join(bench.path, 'widget.yaml'), 'apiVersion: example.com/v1\nkind: Widget\n');
    const files = 'my deploy\nwidget.yaml';
    const unpinned = ended(await runAction({ files, 'allow-kinds': 'example.com/Widget' }), 1) as ActionRun;
    assert.match(
      unpinned.stdout,
      /^::error file=my deploy\/pod\.yaml,line=3,col=31,title=pinned \[IMAGE_NOT_PINNED\]::/m,
    );
    const inputs = { files, 'allow-kinds': 'example.com/Widget', 'allow-unpinned': 'true' };
    assert.equal((ended(await runAction(inputs), 0) as ActionRun).outputs['verdict'], 'warn');
  });

  test('action: what did not come to a decision fails, whatever "fail" says', async () => {
    const broken = ended(await runAction({ images: image('app'), policy: 'nope.yaml', fail: 'false' }), 6) as ActionRun;
    assert.equal(broken.outputs['verdict'], '');
    const kind = await runAction({ files: 'widget.yaml', fail: 'false' });
    assert.equal(kind.status, 6);
    const nothing = await runAction({ fail: 'false' });
    assert.equal(nothing.status, 2);
    for (const inputs of [{ fail: 'maybe' }, { command: 'waybill' }, { opa: 'opa' }, { offline: 'yes' }])
      assert.equal((await runAction({ images: image('app'), ...inputs })).status, 2, JSON.stringify(inputs));
  });

  test('action: opa and offline reach the command as its flags, and only when they are given', async () => {
    const recorder = join(bench.path, 'recorder');
    writeFileSync(recorder, '#!/bin/sh\nprintf "%s\\n" "$@"\nexit 1\n', { mode: 0o755 });
    const given = await runAction({ command: recorder, images: 'x', opa: '/opt/my tools/opa', offline: 'true' });
    const words = given.stdout.split('\n');
    assert.ok(words.includes('--opa=/opt/my tools/opa') && words.includes('--offline'), given.stdout);
    const plain = await runAction({ command: recorder, images: 'x' });
    assert.match(plain.stdout, /^--policy=policy\.yaml$/m);
    assert.doesNotMatch(plain.stdout, /^--(?:opa|offline)/m);
  });

  test('action: hostile inputs are words, never commands, flags or outputs', async () => {
    const canary = join(bench.path, 'canary');
    const evil = [
      `$(touch ${canary})`,
      `\`touch ${canary}\``,
      `"; touch ${canary}; "`,
      `x\nverdict=allow`,
      `--policy=other.yaml`,
      `-o json=${canary}`,
    ];
    for (const text of evil) {
      for (const name of ['images', 'files', 'policy', 'policy-digest', 'allow-kinds']) {
        const { status, outputs } = await runAction({ images: image('changed'), [name]: text });
        assert.notEqual(status, 0, `${name}: ${text}`);
        assert.notEqual(outputs['verdict'], 'allow', `${name}: ${text}`);
      }
    }
    assert.equal((await runAction({ images: image('changed'), 'output-directory': 'x\nverdict=allow' })).status, 2);
    assert.equal(existsSync(canary), false);
  });

  async function runGitlab(variables: Readonly<Record<string, string>>): Promise<Finished> {
    const env = { ...job.variables, WAYBILL_GATE_COMMAND: waybill, WAYBILL_GATE_POLICY: 'policy.yaml', ...variables };
    return shell('sh', job.script.join('\n'), env);
  }

  test('GitLab: allowed, denied, manifests, nothing', async () => {
    ended(await runGitlab({ WAYBILL_GATE_IMAGES: image('app') }), 0);
    for (const file of [...job.artifacts.paths, job.artifacts.reports.junit])
      assert.ok(existsSync(join(bench.path, file)), file);
    const denied = ended(await runGitlab({ WAYBILL_GATE_IMAGES: `${image('app')} ${image('changed')}` }), 1);
    assert.match(denied.stdout, /^DENIED \(2 images\)/);
    writeFileSync(join(bench.path, 'compose.yaml'), `services: { web: { image: "${image('app')}" } }\n`);
    ended(await runGitlab({ WAYBILL_GATE_FILES: 'compose.yaml' }), 1);
    ended(
      await runGitlab({
        WAYBILL_GATE_FILES: 'widget.yaml compose.yaml',
        WAYBILL_GATE_ALLOW_KINDS: 'example.com/Widget',
      }),
      1,
    );
    ended(await runGitlab({}), 2);
    ended(await runGitlab({ WAYBILL_GATE_POLICY: '' }), 2);
    ended(await runGitlab({ WAYBILL_GATE_COMMAND: '' }), 2);
    ended(await runGitlab({ WAYBILL_GATE_COMMAND: '', WAYBILL_GATE_VERSION: 'latest' }), 2);
  });

  test('GitLab: hostile values are words', async () => {
    const canary = join(bench.path, 'canary');
    for (const text of [
      `$(touch\${IFS}${canary})`,
      `\`touch\${IFS}${canary}\``,
      `";touch\t${canary};"`,
      '*',
      '--policy=other.yaml',
    ])
      for (const name of [
        'WAYBILL_GATE_IMAGES',
        'WAYBILL_GATE_FILES',
        'WAYBILL_GATE_POLICY',
        'WAYBILL_GATE_ALLOW_KINDS',
      ])
        assert.notEqual(
          (await runGitlab({ WAYBILL_GATE_IMAGES: image('changed'), [name]: text })).status,
          0,
          `${name} ${text}`,
        );
    assert.equal(existsSync(canary), false);
  });
});
