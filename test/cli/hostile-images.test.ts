import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ended, openBench, type Bench } from '../support/cli/run-waybill.ts';
import { BASE_LAYER, npmLayer } from '../support/cli/sample-images.ts';
import { parseResult } from '../support/cli/schemas.ts';
import { ARCHIVE_CASES } from '../fuzz/hostile/archives.ts';
import type { HostileCase } from '../fuzz/hostile/case.ts';
import { DATABASE_CASES } from '../fuzz/hostile/databases.ts';
import { TEXT_CASES } from '../fuzz/hostile/texts.ts';
import { TREE_CASES } from '../fuzz/hostile/trees.ts';
import { WITNESS, writeHostileLayout } from '../fuzz/hostile-layout.ts';
import { makeImage } from '../support/images.ts';

/** Everything a terminal acts on: C0 but for line feeds, DEL, C1, bidirectional and zero-width controls. */
// oxlint-disable-next-line no-control-regex
const ACTIVE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const HOSTILE = 'evil\u001b[2J\u001b]0;title\u0007\u202egnp\u009b31m\u200b\r\n::set-output name=x::y';

describe('an image that is out to deceive', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
    await makeImage(join(bench.path, 'images'), {
      layers: [
        BASE_LAYER,
        npmLayer(`name-${HOSTILE}`, `1.0.0-${HOSTILE}`, 'one'),
        npmLayer('plain', '1.0.0', `folder-${HOSTILE.replaceAll('/', '')}`),
        { [`app/node_modules/broken-${HOSTILE.replaceAll('/', '')}/package.json`]: '{ not json' },
        { 'usr/bin/\u001b[31mx': 'x' },
      ],
      config: {
        labels: { 'org.opencontainers.image.base.name': HOSTILE },
      },
      annotations: { 'org.opencontainers.image.base.name': HOSTILE },
      history: Array.from({ length: 5 }, () => ({ createdBy: HOSTILE, emptyLayer: false })),
      tag: 'hostile',
    });
    ended(await bench.run('key generate --output-key-prefix ours'), 0);
  });
  after(() => bench[Symbol.asyncDispose]());

  test('nothing that any command prints acts on a terminal', async () => {
    for (const command of [
      'sbom create oci:images:hostile',
      'sbom create oci:images:hostile -o table',
      'sbom create oci:images:hostile -o cyclonedx-xml',
      'sbom create oci:images:hostile --json',
      'base detect oci:images:hostile',
      'base detect oci:images:hostile --json',
      'release oci:images:hostile --key ours.key',
      'tree oci:images:hostile',
      'verify oci:images:hostile --key ours.pub --insecure-ignore-tlog',
    ]) {
      const { stdout, stderr } = ended(await bench.run(command), 0);
      assert.doesNotMatch(stdout, ACTIVE, command);
      assert.doesNotMatch(stderr, ACTIVE, command);
      assert.doesNotMatch(stdout + stderr, /^::/m, `${command}: a CI log command`);
    }
  });

  test('--json keeps the true values, written as escapes', async () => {
    const { stdout } = ended(await bench.run('base detect oci:images:hostile --json'), 0);
    const { claims } = parseResult('base-detect', stdout) as { claims: readonly { readonly name?: string }[] };
    assert.ok(
      claims.some(({ name }) => name === HOSTILE),
      stdout,
    );
  });

  test('what cannot be read is a warning on stderr, at most ten; --strict makes it exit 7', async () => {
    const { stderr, stdout } = ended(await bench.run('sbom create oci:images:hostile -o table'), 0);
    assert.match(stderr, /^warning: .*broken-.* \[npm\//m);
    assert.match(stdout, /^not known: /m);
    assert.equal((await bench.run('sbom create oci:images:hostile --quiet -o table')).stderr, '');
    ended(await bench.run('sbom create oci:images:hostile --strict -o cyclonedx-json=strict.json'), 7);
    assert.match(readFileSync(join(bench.path, 'strict.json'), 'utf8'), /"bomFormat"/);
    const broken = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [`app/node_modules/broken-${index}/package.json`, '{']),
    );
    await makeImage(join(bench.path, 'many'), { layers: [BASE_LAYER, broken] });
    const lines = ended(await bench.run('sbom create oci:many -o cyclonedx-json=many.json'), 0)
      .stderr.trimEnd()
      .split('\n');
    assert.equal(lines.length, 11);
    assert.match(lines[10] ?? '', /^warning: and 20 more: /);
  });
});

/** Those that cost little; the others are for `npm run fuzz -- --hostile`. */
const CHEAP = [
  'jars 100 deep',
  'jar that claims 10 GB',
  'Berkeley DB pages that lead to themselves',
  'SQLite with a view that never ends',
  'SQLite with a cyclic tree',
  'SQLite with a log that lies',
  'JSON nested 100,000 deep, for everybody who reads JSON',
  'YAML whose anchors laugh a billion times',
  'gemspecs that are programs',
  'texts that make readers look back',
  'names that act on terminals, everywhere',
];

describe('an image that is out to harm', () => {
  let bench: Bench;
  before(async () => {
    bench = await openBench();
  });
  after(() => bench[Symbol.asyncDispose]());
  const cases = [...ARCHIVE_CASES, ...DATABASE_CASES, ...TEXT_CASES, ...TREE_CASES].filter(({ id }) =>
    CHEAP.includes(id),
  );
  assert.equal(cases.length, CHEAP.length);

  for (const [index, hostile] of cases.entries()) {
    test(`${hostile.id}: told, and the rest is found`, async () => {
      await checkHostile(bench, `hostile${index}`, hostile);
    });
  }
});

async function checkHostile(bench: Bench, name: string, hostile: HostileCase): Promise<void> {
  await writeHostileLayout(join(bench.path, name), hostile);
  const command = `sbom create oci:${name}:it --no-cache -o cyclonedx-json=${name}.json`;
  const { stderr } = ended(await bench.run(command), hostile.exit ?? 0);
  const sbom = readFileSync(join(bench.path, `${name}.json`), 'utf8');
  assert.ok(sbom.includes(`"${WITNESS}`), 'the witness');
  if (hostile.tells !== undefined) assert.match(stderr.match(/\[[\w-]+\/[\w-]+\]/g)?.join(' ') ?? '', hostile.tells);
  assert.doesNotMatch(stderr, ACTIVE);
  ended(await bench.run(`image files oci:${name}:it --no-cache --summary`), 0);
}
