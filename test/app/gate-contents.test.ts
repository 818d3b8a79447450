import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { openEvidence, type LedgerFacts, type SystemFacts } from '../../src/evidence/index.ts';
import type { Decision } from '../../src/policy/index.ts';
import { openGateBench, type GateBench } from '../support/gate-bench.ts';
import type { MadeImage } from '../support/images.ts';
import { schemaValidator } from '../support/cli/schemas.ts';

const POLICY = `apiVersion: waybill.dev/v1
kind: Policy
bases:
  lock: bases.lock.jsonl
  entries:
    - { name: tiny, image: registry.example.com/base/tiny, tags: ["13"] }
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    files: { unaccountedExecutables: 0, modifiedPackageFiles: 0, setuidBeyondBase: 0 }
    image: { checks: { IMG001: warn, IMG008: deny, IMG010: deny, IMG016: deny, IMG024: deny, IMG025: deny } }
`;

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const ELF = '\u007fELF';
const STATUS = 'Package: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n';
const BASE = [
  { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="13"\n' },
  { path: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\n' },
  { path: 'var/lib/dpkg/status', content: STATUS },
  { path: 'var/lib/dpkg/info/tool.list', content: '/.\n/usr\n/usr/bin\n/usr/bin/tool\n/usr/bin/su\n' },
  { path: 'var/lib/dpkg/info/tool.md5sums', content: `${md5('tool')}  usr/bin/tool\n${md5('su')}  usr/bin/su\n` },
  { path: 'usr/bin/tool', content: 'tool', mode: 0o755 },
  { path: 'usr/bin/su', content: 'su', mode: 0o4755 },
  { path: 'opt/vendor', content: ELF, mode: 0o755 },
];

describe('the gate on files and configuration', () => {
  let bench: GateBench;
  let base: MadeImage;
  before(async () => {
    bench = await openGateBench(POLICY);
    base = await bench.image('base', [BASE]);
    await bench.lock();
  });
  after(() => bench[Symbol.asyncDispose]());

  const failures = (decision: Decision): string[] =>
    decision.images.flatMap(({ platforms }) =>
      platforms.flatMap(({ rules }) =>
        rules.flatMap(({ checks }) =>
          checks
            .filter(({ outcome }) => outcome === 'fail' || outcome === 'error')
            .map(({ code, basis }) => [code, ...(basis.paths ?? [])].join(' ')),
        ),
      ),
    );
  const facts = async (tag: string): Promise<{ files: LedgerFacts; system: SystemFacts; text: string }> => {
    const evidenceFile = bench.file(`${tag}.evidence.json`);
    await bench.report(tag, { evidenceFile });
    const bytes = readFileSync(evidenceFile);
    const { files, system } = openEvidence(bytes).images[0]!.platforms[0]!.evidence;
    assert.ok(files !== undefined && system !== undefined);
    return { files, system, text: bytes.toString() };
  };

  test('passes what the base has, written again just the same or not', async () => {
    await bench.image(
      'same',
      [
        [
          { path: 'usr/bin/su', content: 'su', mode: 0o4755 },
          { path: 'app/x.txt', content: 'x' },
        ],
      ],
      base,
    );
    assert.deepEqual(failures(await bench.check('same')), []);
    const { files } = await facts('same');
    assert.deepEqual(files.setuid, {
      count: 1,
      beyond: [{ layerCount: 1, count: 0 }],
      files: [
        {
          path: '/usr/bin/su',
          layer: 1,
          mode: 0o4755,
          owner: 'pkg:deb/debian/tool@1?arch=amd64&distro=debian-13',
          bases: [1],
        },
      ],
    });
    assert.deepEqual(
      files.unaccountedExecutables.files.map(({ path, bases }) => [path, bases]),
      [['/opt/vendor', [1]]],
    );
    assert.equal(files.compared, 2);
  });

  test('fails what upper layers bring, change or make setuid', async () => {
    await bench.image(
      'bad',
      [
        [
          { path: 'opt/vendor', content: `${ELF} other`, mode: 0o755 },
          { path: 'usr/bin/tool', content: 'evil', mode: 0o755 },
          { path: 'usr/bin/su', content: 'su', mode: 0o6755 },
        ],
      ],
      base,
    );
    assert.deepEqual(failures(await bench.check('bad')), [
      'FILES_UNACCOUNTED /opt/vendor',
      'FILES_MODIFIED /usr/bin/tool',
      'FILES_SETUID /usr/bin/su',
      'IMG008 /usr/bin/su',
      'IMG024 /opt/vendor',
    ]);
  });

  test('finds secrets of layers that upper ones hide, and keeps none of them', async () => {
    const layers = [
      { 'app/.env': 'API_TOKEN=hunter2hunter2\n' },
      { 'app/.wh..env': '' },
      { 'etc/shadow': 'root::1::::::\n' },
    ];
    await bench.image('secret', layers, base);
    assert.deepEqual(failures(await bench.check('secret')), ['IMG010 /app/.env', 'IMG016']);
    const { system, text } = await facts('secret');
    assert.deepEqual(system.secrets.items, [
      { path: '/app/.env', kind: 'environment-file', layer: 1, removedInLayer: 2 },
    ]);
    assert.ok(!text.includes('hunter2'));
  });

  test('finds a package database that was deleted, and then compares nothing', async () => {
    await bench.image('stripped', [{ 'var/lib/dpkg/.wh.status': '' }], base);
    const found = failures(await bench.check('stripped'));
    assert.ok(
      found.some((line) => line.startsWith('IMG025') && line.includes('/var/lib/dpkg/status')),
      found.join('; '),
    );
    assert.ok(found.includes('FILES_UNCERTAIN'), found.join('; '));
  });

  test('the evidence fits its schema, and comes out the same each time', async () => {
    const first = (await facts('secret')).text;
    assert.equal((await facts('secret')).text, first);
    const validate = schemaValidator('evidence');
    assert.equal(validate(JSON.parse(first)), true, JSON.stringify(validate.errors));
  });

  test('a policy that asks for none of it collects none of it', async () => {
    writeFileSync(
      bench.file('other.yaml'),
      POLICY.replace(/ {4}files:.*\n/, '').replace(/checks: \{.*\} \}/, 'digestPinned: true }'),
    );
    const evidence = await bench.check('same', { policyFile: bench.file('other.yaml') });
    assert.deepEqual(failures(evidence), ['IMAGE_NOT_PINNED']);
  });
});
