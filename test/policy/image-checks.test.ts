import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openEvidence } from '../../src/evidence/index.ts';
import {
  canonicalDecision,
  decide,
  evidenceNeeds,
  imageCheck,
  listImageChecks,
  type CheckResult,
} from '../../src/policy/index.ts';
import { endOfLifeOf } from '../../src/policy/content/image-checks/lifecycle.ts';
import { filesOf, GOOD_FILES, GOOD_SYSTEM, listOf } from '../support/file-facts.ts';
import {
  buildImage,
  buildIndex,
  createSigner,
  evidenceDocument,
  noChanges,
  policyOf,
  signature,
} from '../support/gate-world.ts';
import { BASES, CASES, diffIds, history, LOCK, ORIGIN, type Given } from '../support/image-check-cases.ts';

const NOW = new Date('2026-11-24T12:00:00Z');

async function judge(id: string, given: Given = {}): Promise<CheckResult> {
  const { spec, system, files, facts, mode = 'deny', head = '', rule = '', policyFiles = {} } = given;
  const yaml = `
apiVersion: waybill.dev/v1
kind: Policy
${head}
rules:
  - name: shop
    images: ["registry.example.com/**"]
    image: { checks: { ${id}: ${mode} } }
${rule}
`;
  const image = buildImage({ diffIds, user: '1000', labels: ORIGIN, created: '2026-11-01T00:00:00Z', ...spec });
  const view = openEvidence(
    evidenceDocument({
      images: [image],
      ...facts,
      facts: {
        comparisons: [noChanges(1)],
        more: { system: { ...GOOD_SYSTEM, ...system }, files: { ...GOOD_FILES, ...files } },
        ...facts?.facts,
      },
    }),
  );
  const decision = await decide(view, await policyOf(yaml, policyFiles), { now: NOW });
  const checks = decision.images[0]?.platforms[0]?.rules[0]?.checks ?? [];
  const found = checks.filter((check) => check.check === 'image');
  assert.equal(found.length, 1, canonicalDecision(decision));
  assert.equal(found[0]?.item, id);
  const [result] = found;
  assert.ok(result !== undefined);
  return result;
}

describe('the named checks', () => {
  for (const [id, { good, bad }] of Object.entries(CASES)) {
    for (const [what, given] of Object.entries(good)) {
      test(`${id} passes: ${what}`, async () => {
        const result = await judge(id, given);
        assert.equal(result.outcome, 'pass', JSON.stringify(result));
        assert.equal(result.code, 'IMAGE_CHECK_MET');
        assert.notEqual(result.reason, '');
      });
    }
    for (const [what, given] of Object.entries(bad)) {
      test(`${id} fails: ${what}`, async () => {
        const result = await judge(id, given);
        assert.equal(result.outcome, 'fail', JSON.stringify(result));
        assert.equal(result.code, id);
        assert.notEqual(result.remedy, undefined);
        const warned = await judge(id, { ...given, mode: 'warn' });
        assert.deepEqual(warned, { ...result, outcome: 'warn' });
      });
    }
  }

  for (const [id, what, given, code] of [
    [
      'IMG001',
      'a name that nobody resolves',
      { spec: { user: 'app' }, system: { user: { name: 'app', uid: null } } },
      'IMAGE_USER_UNKNOWN',
    ],
    ['IMG003', 'a policy without bases', {}, 'IMAGE_NOTHING_TO_CHECK'],
    ['IMG012', 'a policy without identities', {}, 'IMAGE_NOTHING_TO_CHECK'],
    [
      'IMG016',
      'account files that cannot be read',
      { system: { accounts: { ...GOOD_SYSTEM.accounts, shadow: 'unreadable' } } },
      'IMAGE_ACCOUNTS_UNREADABLE',
    ],
    [
      'IMG017',
      'account files that cannot be read',
      { system: { accounts: { ...GOOD_SYSTEM.accounts, passwd: 'unreadable' } } },
      'IMAGE_ACCOUNTS_UNREADABLE',
    ],
    [
      'IMG010',
      'a file of variables that is too large',
      { system: { unread: listOf({ code: 'file-too-large', source: 'image', path: '/app/.env' }) } },
      'IMAGE_SECRETS_UNREAD',
    ],
    [
      'IMG010',
      'a file whose content was not looked at',
      { system: { unread: listOf({ code: 'sparse-file-skipped', source: 'image', path: '/app/x' }) } },
      'IMAGE_SECRETS_UNREAD',
    ],
    [
      'IMG022',
      'a system that the table does not know',
      { system: { osRelease: { id: 'acme', versionId: '1' } } },
      'IMAGE_EOL_UNKNOWN',
    ],
    [
      'IMG022',
      'an id that every object has',
      { system: { osRelease: { id: 'constructor', versionId: 'name' } } },
      'IMAGE_EOL_UNKNOWN',
    ],
    [
      'IMG008',
      'layers that could not be told whole',
      { files: { unreadLayers: listOf({ code: 'data-after-end', source: 'image' }) } },
      'FILES_UNCERTAIN',
    ],
    [
      'IMG024',
      'layers that could not be told whole',
      { files: { unreadLayers: listOf({ code: 'data-after-end', source: 'image' }) } },
      'FILES_UNCERTAIN',
    ],
    [
      'IMG025',
      'a base that was not compared',
      {
        head: BASES,
        policyFiles: { 'bases.lock.jsonl': LOCK },
        facts: { facts: { comparisons: [], more: { files: GOOD_FILES } } },
      },
      'COMPARISON_NOT_COLLECTED',
    ],
  ] as const) {
    test(`${id} is the error ${code}, in warn mode too: ${what}`, async () => {
      for (const mode of ['deny', 'warn'] as const) {
        const result = await judge(id, { ...(given as Given), mode });
        assert.equal(result.outcome, 'error');
        assert.equal(result.code, code);
      }
    });
  }

  test('IMG010 does not mind what only another rule could not read', async () => {
    const unread = listOf({ code: 'file-too-large', source: 'image', path: '/opt/large.jar' });
    assert.equal((await judge('IMG010', { system: { unread } })).outcome, 'pass');
  });

  test('IMG010 never shows what a secret is', async () => {
    const result = await judge('IMG010', {
      spec: {
        run: { Env: ['DB_PASSWORD=hunter2'] },
        history: [{ created_by: 'ENV TOKEN=hunter3', empty_layer: true }],
      },
    });
    assert.ok(!JSON.stringify(result).includes('hunter'));
    assert.ok(result.basis.notes?.includes('variable DB_PASSWORD of the configuration'));
  });

  test('IMG012 is the rule’s own signatures, else any identity of the policy', async () => {
    const signer = await createSigner();
    const head = 'identities: { release: { key: release.pub } }';
    const policyFiles = { 'release.pub': signer.publicKey.pem };
    assert.equal((await judge('IMG012', { head, policyFiles })).outcome, 'fail');
    const image = buildImage({ diffIds });
    const facts = { images: [image], attached: [await signature(signer, image.digest)] };
    assert.equal((await judge('IMG012', { head, policyFiles, facts })).outcome, 'pass');
  });

  test('IMG027 compares bases and versions across the platforms of an index', async () => {
    const [amd, arm] = [buildImage({ diffIds, user: '1' }), buildImage({ diffIds, user: '1', architecture: 'arm64' })];
    const index = buildIndex([
      { image: amd, architecture: 'amd64' },
      { image: arm, architecture: 'arm64' },
    ]);
    const scan = { catalogers: {}, components: [] };
    const facts = { index, images: [amd, arm] };
    assert.equal((await judge('IMG027', { facts: { ...facts, facts: { scan } } })).outcome, 'pass');
    assert.equal((await judge('IMG027', { facts })).code, 'PLATFORM_NOT_COLLECTED');
  });

  test('IMG027 tells versions that differ, and packages of applications that one platform lacks', async () => {
    const [amd, arm] = [buildImage({ diffIds }), buildImage({ diffIds, architecture: 'arm64' })];
    const index = buildIndex([
      { image: amd, architecture: 'amd64' },
      { image: arm, architecture: 'arm64' },
    ]);
    const scanOf = (...purls: readonly string[]) => ({
      catalogers: {},
      components: purls.map((purl) => ({
        key: purl,
        type: 'library',
        name: purl,
        version: purl.split('@')[1] ?? '',
        purl,
        licenses: [],
        locations: [],
        dependsOn: [],
      })),
    });
    const document = evidenceDocument({ index, images: [amd, arm] });
    const scans = [
      scanOf('pkg:deb/debian/a@1', 'pkg:deb/debian/only-here@1', 'pkg:npm/x@1.0.0'),
      scanOf('pkg:deb/debian/a@2', 'pkg:npm/y@1.0.0'),
    ];
    const platforms = document.images[0]!.platforms.map((platform, at) => ({ ...platform, scan: scans[at] ?? null }));
    const view = openEvidence({ ...document, images: [{ ...document.images[0]!, platforms }] });
    const yaml =
      'apiVersion: waybill.dev/v1\nkind: Policy\nrules: [{ name: a, images: ["registry.example.com/**"], image: { checks: { IMG027: deny } } }]';
    const decision = await decide(view, await policyOf(yaml), { now: NOW });
    const [check] = decision.images[0]!.platforms[0]!.rules[0]!.checks;
    assert.equal(check?.outcome, 'fail');
    assert.deepEqual(check.basis.notes, [
      'pkg:deb/debian/a is 1 on linux/amd64, 2 on linux/arm64',
      'pkg:npm/x is on linux/amd64 alone',
      'pkg:npm/y is on linux/arm64 alone',
    ]);
  });

  test('IMG008 leaves to the base what the base has', async () => {
    const files = { setuid: filesOf({ path: '/bin/su', bases: [1] }) };
    const given = { head: BASES, policyFiles: { 'bases.lock.jsonl': LOCK }, files };
    assert.equal((await judge('IMG008', given)).outcome, 'pass');
    assert.equal((await judge('IMG008', { files })).outcome, 'fail');
  });
});

describe('the registry of named checks', () => {
  test('has IMG001 to IMG027 in order, each with a title, a severity and references', () => {
    const checks = listImageChecks();
    assert.deepEqual(
      checks.map(({ id }) => id),
      Array.from({ length: 27 }, (_, index) => `IMG${String(index + 1).padStart(3, '0')}`),
    );
    for (const { title, severity, references } of checks) {
      assert.match(title, /^[a-z]/);
      assert.ok(['high', 'medium', 'low', 'info'].includes(severity));
      assert.ok(references.length > 0);
    }
    assert.deepEqual(
      Object.keys(CASES),
      checks.map(({ id }) => id),
    );
  });

  test('every file of the family that holds checks is in it', () => {
    const folder = join(import.meta.dirname, '..', '..', 'src', 'policy', 'content', 'image-checks');
    const rest = ['contract.ts', 'evaluate.ts', 'history.ts', 'implied.ts', 'index.ts', 'registry.ts'];
    const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && !rest.includes(name));
    assert.deepEqual(files.toSorted(), [
      'build-steps.ts',
      'config-checks.ts',
      'contents.ts',
      'files.ts',
      'lifecycle.ts',
      'relations.ts',
      'start.ts',
      'user.ts',
    ]);
  });

  test('a check that does not exist is refused by the policy', async () => {
    assert.equal(imageCheck('IMG028'), undefined);
    await assert.rejects(
      policyOf(
        'apiVersion: waybill.dev/v1\nkind: Policy\nrules: [{ name: a, images: ["a.example/**"], image: { checks: { IMG028: deny } } }]',
      ),
      /POLICY_INVALID|IMG001 to IMG027/,
    );
  });

  test('only the facts that checks need are collected', async () => {
    const needs = async (checks: string) => {
      const { policy } = await policyOf(
        `apiVersion: waybill.dev/v1\nkind: Policy\nrules: [{ name: a, images: ["a.example/**"], image: { checks: { ${checks} } } }]`,
      );
      const { files, system, layers, scan } = evidenceNeeds(policy, 'a.example/x');
      return { files, system, layers, scan };
    };
    assert.deepEqual(await needs('IMG002: deny, IMG001: off, IMG015: warn'), {
      files: false,
      system: false,
      layers: false,
      scan: false,
    });
    assert.deepEqual(await needs('IMG001: deny'), { files: false, system: true, layers: true, scan: false });
    assert.deepEqual(await needs('IMG024: warn'), { files: true, system: false, layers: true, scan: false });
    assert.deepEqual(await needs('IMG027: warn'), { files: false, system: false, layers: true, scan: true });
  });
});

describe('endOfLifeOf', () => {
  test('looks for the version as written, then for what it is a point release of', () => {
    assert.equal(endOfLifeOf('debian', '12'), '2028-06-30');
    assert.equal(endOfLifeOf('debian', '12.5'), '2028-06-30');
    assert.equal(endOfLifeOf('ubuntu', '22.04'), '2027-04-01');
    assert.equal(endOfLifeOf('alpine', '3.20.3'), '2026-04-01');
    assert.equal(endOfLifeOf('alpine', '3.2'), undefined);
    assert.equal(endOfLifeOf('__proto__', 'constructor'), undefined);
  });
});

describe('hostile configurations', () => {
  const all = listImageChecks()
    .map(({ id }) => `${id}: deny`)
    .join(', ');

  test('whatever strings a configuration holds, every check answers, the same each time', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom(
        '__proto__',
        'RUN |9 /bin/sh -c',
        '\u001b[2J',
        '::error::',
        'A=',
        '=',
        '|1',
        'ADD',
        '#(nop)',
        '"'.repeat(40),
      ),
    );
    const loaded = await policyOf(
      `apiVersion: waybill.dev/v1\nkind: Policy\nrules: [{ name: a, images: ["registry.example.com/**"], image: { checks: { ${all} } } }]`,
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { maxLength: 8 }),
        fc.array(text, { maxLength: 4 }),
        text,
        async (lines, words, user) => {
          // the key itself is refused when the configuration is read
          const set = Object.fromEntries(words.filter((word) => word !== '__proto__').map((word) => [word, {}]));
          const image = buildImage({
            diffIds,
            user,
            run: { Env: words, Entrypoint: words, Volumes: set, ExposedPorts: set },
            history: lines.map((line) => ({ created_by: line, empty_layer: true })),
          });
          const document = evidenceDocument({
            images: [image],
            facts: { more: { system: GOOD_SYSTEM, files: GOOD_FILES } },
          });
          const decision = await decide(openEvidence(document), loaded, { now: NOW });
          const checks = decision.images[0]?.platforms[0]?.rules[0]?.checks ?? [];
          assert.equal(checks.length, 27);
          assert.equal(
            canonicalDecision(decision),
            canonicalDecision(await decide(openEvidence(document), loaded, { now: NOW })),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a long history of unclosed quotes takes no time to speak of', async () => {
    const line = `ENV ${'A="'.repeat(5000)}`;
    const result = await judge(
      'IMG010',
      history(...Array.from({ length: 200 }, () => line), `RUN |9 ${'B=1 '.repeat(4000)}`),
    );
    assert.equal(result.code, 'IMAGE_CHECK_MET');
  });
});
