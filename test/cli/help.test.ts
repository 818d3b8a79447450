import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';

describe('waybill', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench[Symbol.asyncDispose]());

  test('alone, --help, -h and help are the same page, exit 0', async () => {
    const pages = await Promise.all(['', '--help', '-h', 'help'].map((command) => bench.run(command)));
    for (const page of pages) {
      ended(page, 0);
      assert.equal(page.stderr, '');
      assert.equal(page.stdout, pages[0]!.stdout);
    }
    assert.match(pages[0]!.stdout, /^TOPICS\n {2}base /m);
    assert.match(pages[0]!.stdout, /^COMMANDS\n/m);
  });

  test('--version and version name tool, system and runtime', async () => {
    for (const command of ['--version', 'version']) {
      const { stdout, stderr } = ended(await bench.run(command), 0);
      assert.match(stdout, /^waybill\/\d+\.\d+\.\d+ \S+-\S+ node-v\d+\.\d+\.\d+\n$/);
      assert.equal(stderr, '');
    }
  });

  test('a topic lists its commands; help of a command shows arguments, flags and examples', async () => {
    for (const command of ['sbom', 'help sbom', 'sbom --help'])
      assert.match(ended(await bench.run(command), 0).stdout, /^ {2}sbom create /m);
    const { stdout } = ended(await bench.run('help sbom create'), 0);
    for (const section of ['USAGE', 'ARGUMENTS', 'FLAGS', 'GLOBAL FLAGS', 'IMAGE FLAGS', 'EXAMPLES'])
      assert.match(stdout, new RegExp(`^${section}$`, 'm'));
    assert.match(stdout, /^ {2}\$ waybill sbom create registry\.example\.com/m);
    assert.doesNotMatch(stdout, /<%|sbom:create/);
  });

  test('an unknown command is exit 2 with the nearest one', async () => {
    for (const [written, meant] of [
      ['sbom crate IMAGE', 'sbom create'],
      ['sbmo create', 'sbom create'],
      ['verfy x', 'verify'],
      ['polcy lint', 'policy lint'],
      ['help gate chek', 'gate check'],
      ['sign-image', undefined],
      ['nonsense', undefined],
    ] as const) {
      const { stderr } = failed(await bench.run(written), 2, 'USAGE');
      if (meant === undefined) assert.match(stderr, /hint: waybill --help lists the commands/);
      else assert.match(stderr, new RegExp(`hint: did you mean: waybill ${meant}\\n`));
    }
  });

  test('a flag that neither waybill nor a topic has is exit 2, never the help that exits 0', async () => {
    for (const [written, message, hint] of [
      ['sbom --nope', 'waybill sbom has no flag --nope', 'waybill sbom --help lists its commands'],
      ['gate -f deploy.yaml', 'waybill gate has no flag -f', 'waybill gate --help lists its commands'],
      ['sbom --hlep', 'waybill sbom has no flag --hlep', 'did you mean --help\\?'],
      ['--nope', 'waybill has no flag --nope', 'waybill --help lists the commands'],
      ['--verison', 'waybill has no flag --verison', 'did you mean --version\\?'],
    ] as const) {
      const { stderr } = failed(await bench.run(written), 2, 'USAGE');
      assert.match(stderr, new RegExp(`^error: ${message} `));
      assert.match(stderr, new RegExp(`hint: ${hint}`));
    }
    const { stdout } = ended(await bench.run('sbom --nope --json'), 2);
    assert.match(stdout, /"code": "USAGE"/);
  });

  test('a closed pipe is no failure, for help and for results', async () => {
    for (const command of [['--help'], ['sbom', 'create', '--help'], ['sbom', 'catalogers', '--json']]) {
      const child = spawn(process.execPath, [...bench.argv, ...command], {
        cwd: bench.path,
        env: { ...bench.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stdout.destroy();
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()));
      const [status] = (await once(child, 'close')) as [number | null];
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' }, command.join(' '));
    }
  });
});
