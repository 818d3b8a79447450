import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ended, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';

const PYTHON = spawnSync('python3', ['-c', 'import pty']).status === 0;
const ESCAPE = '\u001b';

describe('waybill on a terminal', { skip: PYTHON ? false : 'needs python3 for a pseudo-terminal' }, () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
    await makeSampleImages(bench.path);
  });
  after(() => bench[Symbol.asyncDispose]());

  interface Session {
    readonly columns?: number;
    /** Prompt to what is typed. */
    readonly answers?: readonly (readonly [string, string])[];
    readonly env?: Readonly<Record<string, string | undefined>>;
  }

  /** What a terminal shows: standard output and error in one. */
  async function onTerminal(
    command: string,
    session: Session = {},
  ): Promise<{ status: number | null; screen: string }> {
    const driver = join(import.meta.dirname, '../support/cli/run-in-terminal.py');
    const answers = (session.answers ?? []).flatMap(([prompt, text]) => ['--answer', prompt, text]);
    const child = spawn(
      'python3',
      [
        driver,
        String(session.columns ?? 100),
        ...answers,
        '--',
        process.execPath,
        ...bench.argv,
        ...command.split(' '),
      ],
      { cwd: bench.path, env: { ...bench.env, TERM: 'xterm', ...session.env }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let screen = '';
    child.stdout.on('data', (chunk: Buffer) => void (screen += chunk.toString('utf8')));
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, screen };
  }

  test('a progress line is drawn while layers are read and removed before the result', async () => {
    const { status, screen } = await onTerminal('sbom create oci:images:app --no-cache -o table');
    assert.equal(status, 0);
    assert.match(screen, /reading layers: \d of 2/);
    const last = screen.lastIndexOf(`\r${ESCAPE}[2K`);
    assert.ok(last > screen.lastIndexOf('reading layers'), 'the line is not removed');
    assert.match(screen.slice(last), /NAME +VERSION/);
  });

  test('no progress under --quiet, in CI, and when stderr is no terminal', async () => {
    for (const [options, env] of [
      [' --quiet', {}],
      ['', { CI: 'true' }],
    ] as const) {
      const { screen } = await onTerminal(`sbom create oci:images:app --no-cache -o table${options}`, { env });
      assert.doesNotMatch(screen, /reading layers/);
    }
    assert.equal((await bench.run('sbom create oci:images:app --no-cache')).stderr, '');
  });

  test('colours on a terminal only, and not with NO_COLOR', async () => {
    const command = 'sbom create oci:images:app --quiet -o table';
    assert.ok((await onTerminal(command)).screen.includes(`${ESCAPE}[1m`));
    assert.equal((await onTerminal(command, { env: { NO_COLOR: '1' } })).screen.includes(ESCAPE), false);
    assert.equal(ended(await bench.run(command), 0).stdout.includes(ESCAPE), false);
    for (const help of ['--help', 'sbom create --help'])
      assert.equal((await onTerminal(help, { env: { NO_COLOR: '1' } })).screen.includes(ESCAPE), false);
  });

  test('tables are cut to the terminal, never in a pipe', async () => {
    const command = 'sbom create oci:images:app --quiet -o table';
    const { screen } = await onTerminal(command, { columns: 76, env: { NO_COLOR: '1' } });
    for (const line of screen.split('\r\n')) assert.ok(line.length <= 76, line);
    assert.match(screen, /…/);
    assert.doesNotMatch(ended(await bench.run(command), 0).stdout, /…/);
  });

  test('a password is asked for twice, not shown, and used; two different ones are exit 2', async () => {
    const env = { COSIGN_PASSWORD: undefined };
    const made = await onTerminal('key generate --output-key-prefix asked', {
      env,
      answers: [
        ['private key: ', 'pass wörd'],
        ['again: ', 'pass wörd'],
      ],
    });
    assert.equal(made.status, 0, made.screen);
    assert.doesNotMatch(made.screen, /pass w/);
    const signed = await onTerminal('sign oci:images:app --key asked.key', {
      env,
      answers: [['asked.key: ', 'pass wörd']],
    });
    assert.equal(signed.status, 0, signed.screen);
    ended(await bench.run('sign oci:images:base --key asked.key', { env: { COSIGN_PASSWORD: 'pass wörd' } }), 0);
    const differing = await onTerminal('key generate --output-key-prefix other', {
      env,
      answers: [
        ['private key: ', 'one'],
        ['again: ', 'two'],
      ],
    });
    assert.equal(differing.status, 2, differing.screen);
    assert.match(differing.screen, /the two passwords differ/);
    assert.throws(() => readFileSync(join(bench.path, 'other.key')), { code: 'ENOENT' });
  });

  test('Ctrl-C at the password prompt is exit 130', async () => {
    const { status, screen } = await onTerminal('sign oci:images:app --key asked.key', {
      env: { COSIGN_PASSWORD: undefined },
      answers: [['asked.key: ', '\u0003']],
    });
    assert.equal(status, 130, screen);
  });

  test('clean shows what it would remove and asks; only yes removes it; Ctrl-C is exit 130', async () => {
    ended(await bench.run('key generate --output-key-prefix plain'), 0);
    ended(await bench.run('sign oci:images:app --key plain.key'), 0);
    const question = '[y/N] ';
    const refused = await onTerminal('clean oci:images:app', { answers: [[question, 'n']] });
    assert.equal(refused.status, 0, refused.screen);
    assert.match(
      refused.screen,
      /signature  manifest sha256:[^]*remove \d+ of them for good\? \[y\/N\] [^]*\d not removed/,
    );
    const interrupted = await onTerminal('clean oci:images:app', { answers: [[question, '\u0003']] });
    assert.equal(interrupted.status, 130, interrupted.screen);
    const confirmed = await onTerminal('clean oci:images:app', { answers: [[question, 'yes']] });
    assert.match(confirmed.screen, /\d removed/);
    assert.match(ended(await bench.run('clean oci:images:app'), 0).stdout, /nothing to remove/);
  });

  test('copy shows how many bytes have passed', async () => {
    const { status, screen } = await onTerminal('copy oci:images:app oci:copied');
    assert.equal(status, 0, screen);
    assert.match(screen, /copying: 0\.\d MB of 0\.\d MB/);
  });
});
