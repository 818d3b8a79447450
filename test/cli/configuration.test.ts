import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { configuredWords, unreadVariables, type ConfiguredCommand } from '../../src/cli/configured-words.ts';
import type { ConfigFile, FlagSetting } from '../../src/cli/config-file.ts';
import { ended, failed, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { makeSampleImages } from '../support/cli/sample-images.ts';

const COMMAND: ConfiguredCommand = {
  name: 'sbom create',
  known: new Set(['platform', 'all-platforms', 'output', 'strict', 'cache', 'lock', 'insecure-registry', 'timeout']),
  flags: {
    platform: { type: 'option', exclusive: ['all-platforms'] },
    'all-platforms': { type: 'boolean' },
    output: { type: 'option', char: 'o', multiple: true, helpValue: 'FORMAT[=FILE]' },
    strict: { type: 'boolean' },
    cache: { type: 'boolean', allowNo: true },
    lock: { type: 'option', helpValue: 'FILE' },
    'insecure-registry': { type: 'option', multiple: true },
    json: { type: 'boolean' },
  },
};

function words(
  sources: {
    readonly argv?: readonly string[];
    readonly flags?: Readonly<Record<string, FlagSetting>>;
    readonly own?: Readonly<Record<string, FlagSetting>>;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): readonly string[] {
  const config: ConfigFile = {
    file: '/etc/waybill.yaml',
    flags: new Map(Object.entries(sources.flags ?? {})),
    commands: new Map([['sbom create', new Map(Object.entries(sources.own ?? {}))]]),
  };
  return configuredWords(COMMAND, { argv: sources.argv ?? [], config, env: sources.env });
}

describe('configuredWords', () => {
  test('flags go before variables, variables before the file, the file’s words for the command before those for all', () => {
    const flags = { platform: 'linux/arm64' };
    const own = { platform: 'linux/s390x' };
    const env = { WAYBILL_PLATFORM: 'linux/386' };
    assert.deepEqual(words({ flags }), ['--platform=linux/arm64']);
    assert.deepEqual(words({ flags, own }), ['--platform=linux/s390x']);
    assert.deepEqual(words({ flags, own, env }), ['--platform=linux/386']);
    for (const argv of [['--platform', 'x'], ['--platform=x'], ['image', '--platform=x', '--', 'y']])
      assert.deepEqual(words({ flags, own, env, argv }), []);
    assert.deepEqual(words({ flags, argv: ['--', '--platform=x'] }), ['--platform=linux/arm64']);
    assert.deepEqual(words({ flags: { output: ['table', 'cyclonedx-json=x'] } }), [
      '--output=table',
      '--output=cyclonedx-json=x',
    ]);
    assert.deepEqual(words({ flags: { output: 'table' }, argv: ['-o', 'cyclonedx-json'] }), []);
  });

  test('what the command line excludes is left out', () => {
    assert.deepEqual(words({ flags: { platform: 'linux/arm64' }, argv: ['--all-platforms'] }), []);
  });

  test('booleans: true, false where there is a contrary, and nothing else', () => {
    assert.deepEqual(words({ flags: { strict: true, cache: false } }), ['--strict', '--no-cache']);
    assert.deepEqual(words({ flags: { strict: false } }), []);
    assert.deepEqual(words({ flags: { cache: false }, argv: ['--cache'] }), []);
    assert.deepEqual(words({ flags: { cache: true }, argv: ['--no-cache'] }), []);
    assert.deepEqual(words({ env: { WAYBILL_STRICT: '1', WAYBILL_CACHE: 'false' } }), ['--strict', '--no-cache']);
    assert.deepEqual(words({ env: { WAYBILL_STRICT: '' } }), []);
    assert.throws(() => words({ env: { WAYBILL_STRICT: 'yes' } }), { code: 'USAGE' });
    assert.throws(() => words({ flags: { strict: 'true' } }), { code: 'CONFIG_INVALID' });
    assert.throws(() => words({ flags: { platform: true } }), { code: 'CONFIG_INVALID' });
    assert.throws(() => words({ flags: { platform: ['a', 'b'] } }), { code: 'CONFIG_INVALID' });
  });

  test('variables never weaken, and set nothing that is said on the command line only', () => {
    assert.deepEqual(words({ env: { WAYBILL_INSECURE_REGISTRY: 'evil.example', WAYBILL_JSON: '1' } }), []);
    assert.deepEqual(words({ flags: { 'insecure-registry': ['registry.local'] } }), [
      '--insecure-registry=registry.local',
    ]);
    assert.throws(() => words({ flags: { json: true } }), { code: 'CONFIG_INVALID' });
  });

  test('names that no command has, and relative paths, are mistakes', () => {
    assert.throws(() => words({ flags: { platfrom: 'x' } }), {
      code: 'CONFIG_INVALID',
      hint: 'did you mean platform?',
    });
    // another command has it
    assert.deepEqual(words({ flags: { timeout: 5 } }), []);
    assert.throws(() => words({ own: { timeout: 5 } }), { code: 'CONFIG_INVALID' });
    assert.throws(() => words({ flags: { lock: 'bases.lock' } }), { code: 'CONFIG_INVALID' });
    assert.deepEqual(words({ flags: { lock: '/etc/bases.lock' } }), ['--lock=/etc/bases.lock']);
  });
});

describe('unreadVariables', () => {
  const known = new Set(['platform', 'strict', 'insecure-registry', 'json', 'config']);
  const said = (env: Readonly<Record<string, string>>): string | undefined => unreadVariables(env, known);

  test('names what nothing reads, and what was meant when it is near', () => {
    assert.equal(said({ WAYBILL_PLATFROM: 'x' }), 'nothing reads WAYBILL_PLATFROM (did you mean WAYBILL_PLATFORM?)');
    assert.equal(said({ WAYBILL_STRIKT: '1' }), 'nothing reads WAYBILL_STRIKT (did you mean WAYBILL_STRICT?)');
    assert.equal(said({ WAYBILL_CASH_DIR: '/c' }), 'nothing reads WAYBILL_CASH_DIR (did you mean WAYBILL_CACHE_DIR?)');
    assert.equal(said({ WAYBILL_Z: '1', WAYBILL_COLOUR: '1' }), 'nothing reads WAYBILL_COLOUR, WAYBILL_Z');
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, number) => [`WAYBILL_QQQQQQQQ${number}`, '1']));
    assert.match(said(many) ?? '', /^nothing reads (?:WAYBILL_Q{8}\d, ){5}and 4 more$/);
  });

  test('what weakens, and what is said on the command line only, is set by none', () => {
    const only = (flag: string): string => `(--${flag} is not set by a variable)`;
    assert.equal(
      said({ WAYBILL_INSECURE_REGISTRY: 'x', WAYBILL_JSON: '1' }),
      `nothing reads WAYBILL_INSECURE_REGISTRY ${only('insecure-registry')}, WAYBILL_JSON ${only('json')}`,
    );
  });

  test('says nothing of what is read, is empty, or is there for somebody else', () => {
    const read = { WAYBILL_PLATFORM: 'x', WAYBILL_CONFIG: '/c', WAYBILL_CACHE_DIR: '/c', WAYBILL_PASSWORD: 'x' };
    const others = { WAYBILL_SIGNER_PIN: '1', WAYBILL_GATE_IMAGES: 'x', WAYBILL_PEERS: '/p', WAYBILL_CI_CACHE: '/c' };
    const service = {
      WAYBILL_SERVICE_HOST: '10.0.0.1',
      WAYBILL_PORT_443_TCP_ADDR: '10.0.0.1',
      WAYBILL_PORT: 'tcp://x',
    };
    const webhook = { WAYBILL_WEBHOOK_SERVICE_PORT_HTTPS: '443', WAYBILL_WEBHOOK_PORT_443_TCP: 'tcp://x' };
    assert.equal(
      said({ ...read, ...others, ...service, ...webhook, WAYBILL_QQQ: '', PLATFROM: 'x', WAYBILLS: 'x' }),
      undefined,
    );
  });
});

describe('waybill configuration', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
    await makeSampleImages(bench.path);
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
    ended(await bench.run('sign oci:images:app --key ours.key'), 0);
  });
  after(() => bench[Symbol.asyncDispose]());
  const write = (name: string, text: string): string => {
    const file = join(bench.path, name);
    writeFileSync(file, text);
    return file;
  };
  const policy = (identity: string): string =>
    `apiVersion: waybill.dev/v1\nkind: Policy\nidentities: { release: { key: ${identity} } }\nrules: [{ name: shop, images: ["registry.example.com/**"], signatures: { by: [release] } }]\n`;

  test('--config, WAYBILL_CONFIG and the user’s file set flags; a flag given wins; the working directory has no say', async () => {
    const config = write('config.yaml', 'commands:\n  sbom create: { output: [table] }\n');
    const isTable = /^NAME|^ *left-pad /m;
    const isJson = /^\{/;
    assert.match(ended(await bench.run(`sbom create oci:images:app --config ${config}`), 0).stdout, isTable);
    assert.match(
      ended(await bench.run(`sbom create oci:images:app --config=${config} -o cyclonedx-json`), 0).stdout,
      isJson,
    );
    assert.match(
      ended(await bench.run('sbom create oci:images:app', { env: { WAYBILL_CONFIG: config } }), 0).stdout,
      isTable,
    );
    assert.match(
      ended(await bench.run('sbom create oci:images:app', { env: { WAYBILL_OUTPUT: 'table' } }), 0).stdout,
      isTable,
    );
    for (const name of ['waybill.yaml', '.waybill.yaml', '.config/waybill/config.yaml']) {
      mkdirSync(join(bench.path, '.config/waybill'), { recursive: true });
      write(name, 'flags: { output: table }\n');
    }
    assert.match(ended(await bench.run('sbom create oci:images:app'), 0).stdout, isJson);
    assert.match(
      ended(await bench.run('sbom create oci:images:app', { env: { XDG_CONFIG_HOME: join(bench.path, '.config') } }), 0)
        .stdout,
      isTable,
    );
    failed(await bench.run('sbom create oci:images:app --config nope.yaml'), 6, 'FILE_NOT_FOUND');
  });

  test('files that are no configuration are exit 2', async () => {
    for (const text of [
      '[]',
      'flags: []',
      'flags: { a: { b: 1 } }',
      'other: {}',
      'a: [',
      'flags: &a { output: *a }',
      '*x',
      'flags: { output: !!x y }',
      '- '.repeat(100),
      'flags: { nope: 1 }',
    ]) {
      const config = write('bad.yaml', text);
      failed(await bench.run(`sbom create oci:images:app --config ${config}`), 2, 'CONFIG_INVALID');
    }
    for (const text of ['', '{}', 'flags:\ncommands:\n']) {
      const config = write('empty.yaml', text);
      ended(await bench.run(`sbom create oci:images:app --config ${config}`), 0);
    }
  });

  test('a variable that nothing reads is told on stderr, unless --quiet', async () => {
    const env = { WAYBILL_PLATFROM: 'linux/arm64' };
    const told = 'warning: nothing reads WAYBILL_PLATFROM (did you mean WAYBILL_PLATFORM?)\n';
    const plain = ended(await bench.run('sbom create oci:images:app'), 0);
    for (const command of ['sbom create oci:images:app', 'image files oci:images:app --json']) {
      const run = ended(await bench.run(command, { env }), 0);
      assert.equal(run.stderr.split(told).length, 2, run.stderr);
      assert.doesNotMatch(run.stdout, /PLATFROM/);
    }
    const quiet = ended(await bench.run('sbom create oci:images:app --quiet', { env }), 0);
    assert.deepEqual([quiet.stdout, quiet.stderr], [plain.stdout, '']);
  });

  test('the gate takes --config, and no variable at all', async () => {
    const good = write('policy.yaml', policy('ours.pub'));
    const lax = write(
      'lax.yaml',
      'apiVersion: waybill.dev/v1\nkind: Policy\nunmatched: allow\nrules: [{ name: a, images: ["x.example/**"], image: { digestPinned: true } }]\n',
    );
    const config = write('gate.yaml', `flags: { policy: ${good} }\n`);
    const laxConfig = write('lax-config.yaml', `flags: { policy: ${lax}, as: registry.example.com/app }\n`);
    ended(await bench.run(`gate check oci:images:app --as registry.example.com/app --config ${config}`), 0);
    ended(await bench.run(`gate check oci:images:empty --as registry.example.com/app --config ${config}`), 1);
    const env = {
      WAYBILL_CONFIG: laxConfig,
      WAYBILL_POLICY: lax,
      WAYBILL_ALLOW_UNPINNED: 'true',
      WAYBILL_AS: 'x.example/y',
    };
    failed(await bench.run('gate check oci:images:empty --as registry.example.com/app', { env }), 2, 'USAGE');
    ended(await bench.run(`gate check oci:images:empty --as registry.example.com/app --policy ${good}`, { env }), 1);
    const home = join(bench.path, 'home');
    mkdirSync(join(home, '.config/waybill'), { recursive: true });
    writeFileSync(join(home, '.config/waybill/config.yaml'), `flags: { policy: ${lax} }\n`);
    for (const variables of [{ HOME: home }, { XDG_CONFIG_HOME: join(home, '.config') }])
      failed(
        await bench.run('gate check oci:images:empty --as registry.example.com/app', { env: variables }),
        2,
        'USAGE',
      );
  });
});
