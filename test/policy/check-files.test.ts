import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openEvidence, type LedgerFacts } from '../../src/evidence/index.ts';
import { decide, evidenceNeeds, type CheckResult } from '../../src/policy/index.ts';
import { filesOf, GOOD_FILES, listOf } from '../support/file-facts.ts';
import {
  buildImage,
  evidenceDocument,
  fakeDigest,
  lockBytes,
  policyOf,
  type PlatformFacts,
} from '../support/gate-world.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const diffIds = [fakeDigest('base'), fakeDigest('app')];
const base = buildImage({ diffIds: diffIds.slice(0, 1) });
const image = buildImage({
  diffIds,
  history: [{ created_by: 'ADD rootfs.tar /' }, { created_by: 'RUN chmod u+s /usr/bin/find' }],
});
const LOCK = lockBytes([
  { entry: 'debian', image: 'docker.io/library/debian', tag: '12', observedAt: '2026-11-24T00:00:00Z', images: [base] },
]);

const policy = (files: string, more = ''): string => `
apiVersion: waybill.dev/v1
kind: Policy
bases:
  lock: bases.lock.jsonl
  entries: [{ name: debian, image: docker.io/library/debian }, { name: other, image: docker.io/library/other }]
rules:
  - name: shop
    images: ["registry.example.com/**"]
    files: ${files}
${more}`;

async function check(
  files: string,
  facts: LedgerFacts | undefined,
  options: { readonly more?: string; readonly platform?: PlatformFacts; readonly withoutLock?: boolean } = {},
): Promise<readonly CheckResult[]> {
  const loaded = await policyOf(policy(files, options.more), options.withoutLock ? {} : { 'bases.lock.jsonl': LOCK });
  const more = facts === undefined ? {} : { files: facts };
  const view = openEvidence(evidenceDocument({ images: [image], facts: { more, ...options.platform } }));
  const decision = await decide(view, loaded, { now: NOW });
  const rules = decision.images.flatMap(({ platforms }) => platforms.flatMap((platform) => platform.rules));
  return rules.flatMap(({ checks }) => checks).filter((result) => result.check === 'files');
}

const only = (results: readonly CheckResult[]): CheckResult => {
  assert.equal(results.length, 1);
  return results[0]!;
};

describe('files', () => {
  test('every word is a result of its own, and those that are not said are none', async () => {
    const all = await check('{ unaccountedExecutables: 0, modifiedPackageFiles: 0, setuidBeyondBase: 0 }', GOOD_FILES);
    assert.deepEqual(
      all.map(({ item, outcome, code }) => `${item} ${outcome} ${code}`),
      [
        'unaccountedExecutables pass FILES_ACCOUNTED',
        'modifiedPackageFiles pass FILES_UNMODIFIED',
        'setuidBeyondBase pass FILES_NO_NEW_SETUID',
      ],
    );
    assert.equal((await check('{ setuidBeyondBase: 0 }', GOOD_FILES)).length, 1);
  });

  test('too many fail, with paths, layers and what made the layers; as many as allowed pass', async () => {
    const facts = {
      ...GOOD_FILES,
      unaccountedExecutables: filesOf({ path: '/a', layer: 1 }, { path: '/b', layer: 1 }),
    };
    const failed = only(await check('{ unaccountedExecutables: 1 }', facts));
    assert.equal(failed.code, 'FILES_UNACCOUNTED');
    assert.equal(failed.outcome, 'fail');
    assert.deepEqual(failed.basis.paths, ['/a', '/b']);
    assert.deepEqual(failed.basis.layers, [1]);
    assert.ok(failed.basis.notes?.includes('layer 1: RUN chmod u+s /usr/bin/find'));
    assert.match(failed.remedy ?? '', /waybill image files/);
    assert.equal(only(await check('{ unaccountedExecutables: 2 }', facts)).outcome, 'pass');
  });

  test('what the allowed base has just the same does not count, what another base has does', async () => {
    const facts = {
      ...GOOD_FILES,
      setuid: filesOf(
        { path: '/usr/bin/find', layer: 1, mode: 0o4755, bases: [] },
        { path: '/usr/bin/su', layer: 0, mode: 0o4755, owner: 'pkg:deb/debian/login', bases: [1] },
      ),
    };
    const failed = only(await check('{ setuidBeyondBase: 0 }', facts));
    assert.equal(failed.code, 'FILES_SETUID');
    assert.deepEqual(failed.basis.paths, ['/usr/bin/find']);
    assert.match(
      failed.reason,
      /1 privileged file \(setuid, setgid or capabilities\) that the base debian does not have, 0 allowed/,
    );
    assert.ok(failed.basis.notes?.includes('/usr/bin/find: mode 4755'));
    assert.equal(only(await check('{ setuidBeyondBase: 1 }', facts)).outcome, 'pass');
    // a rule that does not allow the matched base has none
    const other = await check('{ setuidBeyondBase: 1 }', facts, { more: '    base: { allow: [other] }' });
    assert.match(only(other).reason, /^2 privileged files \(setuid, setgid or capabilities\), 1 allowed/);
  });

  test('counts that the evidence does not have for this base are an error', async () => {
    const facts = { ...GOOD_FILES, setuid: { count: 3, beyond: [{ layerCount: 7, count: 0 }], files: [] } };
    assert.equal(only(await check('{ setuidBeyondBase: 5 }', facts)).code, 'FILES_NOT_COLLECTED');
  });

  test('counts what is not listed', async () => {
    const listedFiles = filesOf({ path: '/a' }, { path: '/b' });
    const many = {
      ...GOOD_FILES,
      unaccountedExecutables: { ...listedFiles, beyond: [{ layerCount: 1, count: 2000 }] },
    };
    const failed = only(await check('{ unaccountedExecutables: 0 }', many));
    assert.match(failed.reason, /^2000 executables .*: \/a, \/b and 1998 more$/);
    const none = {
      ...GOOD_FILES,
      unaccountedExecutables: { count: 9, beyond: [{ layerCount: 1, count: 9 }], files: [] },
    };
    assert.match(only(await check('{ unaccountedExecutables: 0 }', none)).reason, /0 allowed$/);
  });

  test('package files count in the base too', async () => {
    const facts = {
      ...GOOD_FILES,
      modifiedPackageFiles: filesOf({ path: '/bin/ls', owner: 'pkg:deb/debian/coreutils', bases: [1] }),
    };
    assert.equal(only(await check('{ modifiedPackageFiles: 0 }', facts)).code, 'FILES_MODIFIED');
  });

  for (const [what, word, facts] of [
    [
      'a layer that could not be told whole',
      'unaccountedExecutables',
      { unreadLayers: listOf({ code: 'data-after-end', source: 'image' }) },
    ],
    [
      'a layer that could not be told whole',
      'setuidBeyondBase',
      { unreadLayers: listOf({ code: 'data-after-end', source: 'image' }) },
    ],
    [
      'a record that could not be read',
      'modifiedPackageFiles',
      { unreadRecords: listOf({ code: 'malformed', source: 'dpkg', path: '/x' }) },
    ],
    ['files that were not compared', 'modifiedPackageFiles', { notCompared: 3 }],
    ['nothing to compare', 'modifiedPackageFiles', { compared: 0 }],
  ] as const) {
    test(`${what} makes ${word} uncertain: an error, never a pass`, async () => {
      const result = only(await check(`{ ${word}: 0 }`, { ...GOOD_FILES, ...facts }));
      assert.equal(result.code, 'FILES_UNCERTAIN');
      assert.equal(result.outcome, 'error');
      assert.equal(result.exitCode, 6);
    });
  }

  test('records of packages that could not be read only make more executables unaccounted', async () => {
    const unread = { unreadPackages: listOf({ code: 'malformed-json', source: 'npm', path: '/app/package.json' }) };
    assert.equal(only(await check('{ unaccountedExecutables: 0 }', { ...GOOD_FILES, ...unread })).outcome, 'pass');
    const found = { ...GOOD_FILES, ...unread, unaccountedExecutables: filesOf({ path: '/app/x' }) };
    const failed = only(await check('{ unaccountedExecutables: 0 }', found));
    assert.ok(failed.basis.notes?.some((note) => note.includes('/app/package.json (malformed-json)')));
  });

  test('a failed reading of the layers stands for the facts that are missing', async () => {
    const error = {
      what: 'layers',
      subject: image.digest,
      code: 'LAYER_TRUNCATED',
      reason: 'short',
      exitCode: 6,
    } as const;
    const loaded = await policyOf(policy('{ setuidBeyondBase: 0 }'), { 'bases.lock.jsonl': LOCK });
    const view = openEvidence(evidenceDocument({ images: [image], errors: [error], facts: { layersVerified: false } }));
    const decision = await decide(view, loaded, { now: NOW });
    assert.equal(decision.images[0]?.platforms[0]?.rules[0]?.checks[0]?.code, 'LAYER_TRUNCATED');
  });

  test('without a lock nothing is the base’s own', async () => {
    const facts = { ...GOOD_FILES, setuid: filesOf({ path: '/usr/bin/su', bases: [1] }) };
    const yaml = `
apiVersion: waybill.dev/v1
kind: Policy
rules: [{ name: shop, images: ["registry.example.com/**"], files: { setuidBeyondBase: 0 } }]
`;
    const view = openEvidence(evidenceDocument({ images: [image], facts: { more: { files: facts } } }));
    const decision = await decide(view, await policyOf(yaml), { now: NOW });
    assert.equal(decision.images[0]?.platforms[0]?.rules[0]?.checks[0]?.code, 'FILES_SETUID');
  });
});

describe('evidenceNeeds', () => {
  test('a rule on files needs the ledger and the layers, and nothing else', async () => {
    const { policy: read } = await policyOf(policy('{ setuidBeyondBase: 0 }'), { 'bases.lock.jsonl': LOCK });
    const { files, layers, system, scan, compare, bundles } = evidenceNeeds(read, 'registry.example.com/shop/web');
    assert.deepEqual(
      { files, layers, system, scan, compare, bundles },
      {
        files: true,
        layers: true,
        system: false,
        scan: false,
        compare: false,
        bundles: false,
      },
    );
  });
});
