import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { LedgerFacts } from '../../src/evidence/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import { allResults, decide, type CheckResult, type Decision } from '../../src/policy/index.ts';
import type { BaseContainment, SystemTraces } from '../../src/provenance/index.ts';
import { sha256Digest } from '../../src/core/index.ts';
import {
  attestation,
  buildImage,
  createSigner,
  evidenceView,
  fakeDigest,
  lockBytes,
  noChanges,
  policyOf,
  signature,
  type Attached,
  type LockSpec,
  type PlatformFacts,
} from '../support/gate-world.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const DEBIAN = 'docker.io/library/debian';
const debian = buildImage({ diffIds: [fakeDigest('debian 1'), fakeDigest('debian 2')] });
const image = buildImage({ diffIds: [fakeDigest('application')] });
const LIST = Buffer.from('a file list');
const record: LockSpec = {
  entry: 'debian',
  image: DEBIAN,
  tag: '12',
  observedAt: '2026-11-20T00:00:00Z',
  images: [debian],
  fileList: LIST,
};

let release: KeySigner;
let stranger: KeySigner;

before(async () => {
  release = await createSigner();
  stranger = await createSigner();
});

const NO_TRACES: SystemTraces = { databases: [], loaders: [], shells: [], keyrings: [], repositories: [] };
const NONE = { count: 0, beyond: [], files: [] };
const NOTHING = { count: 0, items: [] };
const ACCOUNTED: LedgerFacts = {
  compared: 0,
  unaccountedExecutables: NONE,
  modifiedPackageFiles: NONE,
  setuid: NONE,
  unreadLayers: NOTHING,
  unreadRecords: NOTHING,
  unreadPackages: NOTHING,
  notCompared: 0,
  stripped: NOTHING,
};

function scanOf(...purls: readonly string[]): NonNullable<PlatformFacts['scan']> {
  const shape = { type: 'library', name: 'x', licenses: [], locations: [], dependsOn: [] };
  return { catalogers: {}, components: purls.map((purl) => ({ ...shape, key: purl, purl })) };
}

interface Setup {
  readonly entries: string;
  readonly allow: string;
  readonly base?: string;
  /** Digests that the policy denies. */
  readonly deny?: string;
  readonly lock?: readonly LockSpec[];
  readonly facts?: PlatformFacts;
  readonly attached?: readonly Attached[];
}

async function judge(setup: Setup): Promise<Decision> {
  const yaml = `
apiVersion: waybill.dev/v1
kind: Policy
deny: { digests: [${setup.deny ?? ''}] }
identities:
  release: { key: release.pub }
bases:
  lock: bases.lock.jsonl
  entries:
${setup.entries}
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    base: { allow: [${setup.allow}]${setup.base === undefined ? '' : `, ${setup.base}`} }
`;
  const lock = lockBytes(setup.lock ?? []);
  const loaded = await policyOf(yaml, { 'release.pub': release.publicKey.pem, 'bases.lock.jsonl': lock });
  const facts = { images: [image], attached: setup.attached ?? [], facts: setup.facts ?? {} };
  return decide(evidenceView(facts), loaded, { now: NOW });
}

function part(decision: Decision, item: string): CheckResult {
  const found = decision.images.flatMap(allResults).filter((result) => result.check === 'base' && result.item === item);
  assert.equal(found.length, 1, JSON.stringify(decision.images.flatMap(allResults), null, 1));
  return found[0]!;
}

function told(result: CheckResult): string {
  return `${result.outcome} ${result.code}`;
}

describe('an entry of kind scratch', () => {
  const entries = '    - { name: none, kind: scratch, builtBy: [release] }';
  const setup = { entries, allow: 'none' } as const;
  const clean = {
    scan: scanOf('pkg:golang/example.com/app@v1.0.0'),
    more: { traces: NO_TRACES, files: ACCOUNTED },
  } satisfies PlatformFacts;
  const provenance = (signer: KeySigner): Promise<Attached> =>
    attestation(signer, image.digest, { type: 'https://slsa.dev/provenance/v1', predicate: {} });

  test('static Go on nothing, with provenance by builtBy, passes as content', async () => {
    const result = part(await judge({ ...setup, facts: clean, attached: [await provenance(release)] }), 'allow');
    assert.equal(told(result), 'pass BASE_SCRATCH');
    assert.ok(result.basis.identities?.includes('release'));
  });

  test('a signature, or provenance by somebody else, is no provenance by builtBy', async () => {
    const bare = part(await judge({ ...setup, facts: clean }), 'allow');
    assert.equal(told(bare), 'fail BASE_SCRATCH_UNPROVEN');
    assert.match(bare.remedy ?? '', /waybill attest --type slsaprovenance1/);
    const signed = [await signature(release, image.digest)];
    assert.equal(
      told(part(await judge({ ...setup, facts: clean, attached: signed }), 'allow')),
      'fail BASE_SCRATCH_UNPROVEN',
    );
    const other = [await provenance(stranger)];
    assert.equal(
      told(part(await judge({ ...setup, facts: clean, attached: other }), 'allow')),
      'fail BASE_SCRATCH_UNPROVEN',
    );
  });

  for (const [what, traces] of [
    ['a package database', { databases: ['var/lib/dpkg/status'] }],
    ['a dynamic loader', { loaders: ['lib64/ld-linux-x86-64.so.2'] }],
    ['a shell', { shells: ['bin/sh'] }],
  ] as const) {
    test(`${what} is no scratch, whoever built it`, async () => {
      const facts = { ...clean, more: { files: ACCOUNTED, traces: { ...NO_TRACES, ...traces } } };
      const result = part(await judge({ ...setup, facts, attached: [await provenance(release)] }), 'allow');
      assert.equal(told(result), 'fail BASE_NOT_SCRATCH');
      assert.deepEqual(result.basis.paths, [`/${Object.values(traces)[0]?.[0] ?? ''}`]);
    });
  }

  test('an executable that nothing accounts for is no scratch', async () => {
    const files = {
      ...ACCOUNTED,
      unaccountedExecutables: { count: 1, beyond: [], files: [{ path: '/app/tool', layer: 0, bases: [] }] },
    };
    const facts = { ...clean, more: { traces: NO_TRACES, files } };
    const result = part(await judge({ ...setup, facts, attached: [await provenance(release)] }), 'allow');
    assert.equal(told(result), 'fail BASE_SCRATCH_UNACCOUNTED');
    assert.deepEqual(result.basis.paths, ['/app/tool']);
  });

  test('deleted packages are no scratch', async () => {
    const attached = [await provenance(release)];
    const orphan = { kind: 'database-removed', path: '/var/lib/dpkg/status', layer: 0 } as const;
    const stripped = { ...ACCOUNTED, stripped: { count: 1, items: [orphan] } };
    const facts = { ...clean, more: { traces: NO_TRACES, files: stripped } };
    assert.equal(told(part(await judge({ ...setup, facts, attached }), 'allow')), 'fail BASE_NOT_SCRATCH');
  });

  test('layers that could not be read whole are an error', async () => {
    const attached = [await provenance(release)];
    const unread = { count: 1, items: [{ code: 'file-too-large', source: 'image', path: '/app/x' }] };
    const facts = { ...clean, more: { traces: NO_TRACES, files: { ...ACCOUNTED, unreadLayers: unread } } };
    const decision = await judge({ ...setup, facts, attached });
    assert.equal(told(part(decision, 'allow')), 'error FILE_FACTS_INCOMPLETE');
  });

  test('packages of an operating system are a base that is not allowed', async () => {
    const facts = { ...clean, scan: scanOf('pkg:deb/debian/libc6@2') };
    const decision = await judge({ ...setup, facts, attached: [await provenance(release)] });
    assert.equal(told(part(decision, 'allow')), 'fail BASE_NOT_SCRATCH');
    const beside = `${entries}\n    - { name: debian, image: ${DEBIAN} }`;
    const lock = [record];
    const either = await judge({ entries: beside, allow: 'debian, none', lock, facts });
    assert.equal(told(part(either, 'allow')), 'fail BASE_NOT_ALLOWED');
  });

  test('what was not collected is an error', async () => {
    assert.equal(told(part(await judge({ ...setup, facts: {} }), 'allow')), 'error SCAN_MISSING');
    const scanned = { scan: clean.scan };
    assert.equal(told(part(await judge({ ...setup, facts: scanned }), 'allow')), 'error FILE_FACTS_MISSING');
    const untraced = { ...scanned, more: { files: ACCOUNTED } };
    assert.equal(told(part(await judge({ ...setup, facts: untraced }), 'allow')), 'error FILE_FACTS_MISSING');
    const unlisted = { ...scanned, more: { traces: NO_TRACES } };
    assert.equal(told(part(await judge({ ...setup, facts: unlisted }), 'allow')), 'error FILE_FACTS_MISSING');
  });

  test('there is no signature of nothing: its provenance stands for authenticated, and not for attested', async () => {
    const decision = await judge({
      ...setup,
      base: 'require: [authenticated, attested]',
      facts: clean,
      attached: [await provenance(release)],
    });
    assert.equal(told(part(decision, 'authenticated')), 'pass BASE_NOTHING_TO_SIGN');
    assert.equal(told(part(decision, 'attested')), 'fail BASE_EVIDENCE_TOO_LOW');
  });
});

describe('an entry of kind packages', () => {
  const entries = '    - { name: wolfi, kind: packages, purls: ["pkg:apk/wolfi/*"], signedBy: [release] }';
  const setup = { entries, allow: 'wolfi', base: 'evidence: signed-claim' } as const;
  const wolfi: PlatformFacts = {
    scan: scanOf('pkg:apk/wolfi/busybox@1.37?arch=x86_64', 'pkg:apk/wolfi/glibc@2.42', 'pkg:golang/example.com/app@v1'),
    more: {
      traces: {
        ...NO_TRACES,
        keyrings: ['etc/apk/keys/wolfi-signing.rsa.pub'],
        repositories: ['https://packages.wolfi.dev/os'],
      },
    },
  };

  test('every package is the repository’s and the image is signed: a signed claim, with keys and repositories told', async () => {
    const result = part(
      await judge({ ...setup, facts: wolfi, attached: [await signature(release, image.digest)] }),
      'allow',
    );
    assert.equal(told(result), 'pass BASE_PACKAGES');
    assert.deepEqual(result.basis.notes, [
      'packages are trusted by the key /etc/apk/keys/wolfi-signing.rsa.pub',
      'packages come from https://packages.wolfi.dev/os',
    ]);
  });

  test('never content', async () => {
    const attached = [await signature(release, image.digest)];
    const decision = await judge({ entries, allow: 'wolfi', facts: wolfi, attached });
    const result = part(decision, 'allow');
    assert.equal(told(result), 'fail BASE_EVIDENCE_TOO_LOW');
    assert.match(result.reason, /signed claim/);
    const demanding = await judge({ ...setup, base: 'evidence: signed-claim, tamper: deny', facts: wolfi, attached });
    assert.equal(told(part(demanding, 'tamper')), 'fail BASE_EVIDENCE_TOO_LOW');
  });

  test('one package of another repository is refused by name', async () => {
    const facts = { scan: scanOf('pkg:apk/wolfi/busybox@1', 'pkg:apk/alpine/evil@1') };
    const result = part(await judge({ ...setup, facts, attached: [await signature(release, image.digest)] }), 'allow');
    assert.equal(told(result), 'fail BASE_PACKAGES_FOREIGN');
    assert.deepEqual(result.basis.notes, ['pkg:apk/alpine/evil@1']);
  });

  test('a package of a system that nobody knows has no package URL, and is foreign', async () => {
    const nameless = { key: 'k', type: 'library', name: 'evil', version: '1', cataloger: 'dpkg' };
    const scan = scanOf('pkg:apk/wolfi/busybox@1');
    const component = { ...nameless, licenses: [], locations: [], dependsOn: [] };
    const facts = { scan: { ...scan, components: [...scan.components, component] } };
    const result = part(await judge({ ...setup, facts, attached: [await signature(release, image.digest)] }), 'allow');
    assert.equal(told(result), 'fail BASE_PACKAGES_FOREIGN');
    assert.deepEqual(result.basis.notes, ['dpkg evil 1']);
  });

  test('unsigned, and signed by another, are refused; an image of other packages is another base', async () => {
    assert.equal(told(part(await judge({ ...setup, facts: wolfi }), 'allow')), 'fail BASE_PACKAGES_UNSIGNED');
    const other = [await signature(stranger, image.digest)];
    const byOther = await judge({ ...setup, facts: wolfi, attached: other });
    assert.equal(told(part(byOther, 'allow')), 'fail BASE_PACKAGES_UNSIGNED');
    const facts = { scan: scanOf('pkg:deb/debian/libc6@2') };
    assert.equal(told(part(await judge({ ...setup, facts }), 'allow')), 'fail BASE_PACKAGES_FOREIGN');
    const none = { scan: scanOf('pkg:golang/example.com/app@v1') };
    assert.equal(told(part(await judge({ ...setup, facts: none }), 'allow')), 'fail BASE_PACKAGES_NONE');
    assert.equal(told(part(await judge(setup), 'allow')), 'error SCAN_MISSING');
  });
});

describe('squashed images', () => {
  const entry = (squashed: string): string => `    - { name: debian, image: ${DEBIAN}, squashed: ${squashed} }`;
  const contained = (more: Partial<BaseContainment> = {}): PlatformFacts => ({
    more: {
      containments: [
        {
          fileList: sha256Digest(LIST),
          total: 300,
          matched: 300,
          missing: [],
          changed: [],
          extra: 2,
          extraFiles: ['app/a', 'app/b'],
          comparison: noChanges(0),
          ...more,
        },
      ],
    },
  });
  const partial = contained({ matched: 299, changed: ['bin/sh'] });
  const setup = { allow: 'debian', lock: [record] } as const;

  test('100 % counts as content where the entry says squashed: allow', async () => {
    const decision = await judge({ ...setup, entries: entry('allow'), facts: contained() });
    const result = part(decision, 'allow');
    assert.equal(told(result), 'pass BASE_CONTAINED');
    assert.match(result.reason, /file for file: 100 % \(300 of 300 files\), and 2 of its own; the order .* not proved/);
    assert.equal(told(part(decision, 'tamper')), 'pass BASE_INTACT');
    assert.equal(decision.verdict, 'allow');
  });

  test('100 % is a finding, and no content, where the entry does not say so', async () => {
    const decision = await judge({ ...setup, entries: entry('deny'), facts: contained() });
    assert.equal(told(part(decision, 'allow')), 'fail BASE_NOT_ALLOWED');
    const finding = part(decision, 'contains');
    assert.equal(told(finding), 'warn BASE_CONTAINS');
    assert.match(finding.remedy ?? '', /squashed: allow/);
  });

  test('one file that differs is no content, and is named', async () => {
    const decision = await judge({ ...setup, entries: entry('allow'), facts: partial });
    assert.equal(told(part(decision, 'allow')), 'fail BASE_NOT_ALLOWED');
    const finding = part(decision, 'contains');
    assert.match(finding.reason, /contains 99\.7 % \(299 of 300 files\)/);
    assert.deepEqual(finding.basis.paths, ['/bin/sh']);
  });

  test('99.99 % is never rounded to all', async () => {
    const facts = contained({ total: 30_000, matched: 29_999, changed: ['bin/sh'] });
    const finding = part(await judge({ ...setup, entries: entry('allow'), facts }), 'contains');
    assert.match(finding.reason, /99\.9 %/);
  });

  test('a handful of files is no base, whatever the entry says', async () => {
    const facts = contained({ total: 49, matched: 49 });
    const decision = await judge({ ...setup, entries: entry('allow'), facts });
    assert.equal(told(part(decision, 'allow')), 'fail BASE_NOT_ALLOWED');
    assert.equal(
      decision.images.flatMap(allResults).some((result) => result.code === 'BASE_CONTAINS'),
      false,
    );
  });

  test('what else the image has is compared as upper layers are', async () => {
    const preload = { type: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes: 1, sha256: 'a'.repeat(64) };
    const comparison = { ...noChanges(0), changes: [{ path: 'etc/ld.so.preload', after: preload }] };
    const decision = await judge({ ...setup, entries: entry('allow'), facts: contained({ comparison }) });
    const result = part(decision, 'tamper');
    assert.equal(told(result), 'fail BASE_TAMPERED');
    assert.deepEqual(result.basis.paths, ['/etc/ld.so.preload']);
  });

  test('nobody looked, or the lock has no list: an error', async () => {
    const unlooked = await judge({ ...setup, entries: entry('allow') });
    assert.equal(told(part(unlooked, 'allow')), 'error CONTAINMENT_MISSING');
    const { fileList: _none, ...bare } = record;
    const unlisted = await judge({ ...setup, lock: [bare], entries: entry('allow') });
    assert.equal(told(part(unlisted, 'allow')), 'error BASE_FILE_LIST_MISSING');
    const arm = { ...bare, images: [buildImage({ diffIds: [fakeDigest('arm')], architecture: 'arm64' })] };
    const elsewhere = await judge({ ...setup, lock: [arm], entries: entry('allow') });
    assert.equal(told(part(elsewhere, 'allow')), 'fail BASE_NOT_ALLOWED');
  });

  test('a record that does not count proves nothing by its files either', async () => {
    const other = { ...record, tag: '11' };
    const entries = `    - { name: debian, image: ${DEBIAN}, tags: ["12"], squashed: allow }`;
    const decision = await judge({ ...setup, lock: [other], entries, facts: contained() });
    assert.equal(told(part(decision, 'allow')), 'fail BASE_NOT_ALLOWED');
  });

  test('a denied base is denied in a squashed image too', async () => {
    const decision = await judge({
      ...setup,
      entries: entry('allow'),
      deny: `"${debian.digest}"`,
      facts: contained(),
    });
    const denied = decision.images.flatMap(allResults).find((result) => result.check === 'digests');
    assert.equal(denied === undefined ? '' : told(denied), 'fail DIGEST_DENIED');
    assert.equal(decision.verdict, 'deny');
  });

  test('the base’s own signature authenticates a contained one', async () => {
    const bundles = [await signature(release, debian.digest)];
    const entries = `    - { name: debian, image: ${DEBIAN}, squashed: allow, signedBy: [release] }`;
    const decision = await judge({
      ...setup,
      lock: [{ ...record, bundles }],
      entries,
      base: 'require: [authenticated]',
      facts: contained(),
    });
    assert.equal(told(part(decision, 'authenticated')), 'pass BASE_AUTHENTICATED');
  });
});
