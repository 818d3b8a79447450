import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { ExitCode } from '../../src/core/index.ts';
import type { KeySigner } from '../../src/keys/index.ts';
import { allResults, decide, type CheckResult, type Decision } from '../../src/policy/index.ts';
import type { BaseComparison, FileChange } from '../../src/provenance/index.ts';
import {
  buildImage,
  buildIndex,
  createSigner,
  evidenceView,
  fakeDigest,
  lockBytes,
  noChanges,
  policyOf,
  signature,
  type BuiltImage,
  type ImageFacts,
  type LockSpec,
} from '../support/gate-world.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const DEBIAN = 'docker.io/library/debian';
const d1 = fakeDigest('debian 12 layer 1');
const d2 = fakeDigest('debian 12 layer 2');
const app = fakeDigest('application layer');
const debian = buildImage({ diffIds: [d1, d2] });
const python = buildImage({ diffIds: [d1, d2, fakeDigest('python')] });
const alpine = buildImage({ diffIds: [fakeDigest('alpine')] });

let vendor: KeySigner;
let stranger: KeySigner;
let release: KeySigner;

before(async () => {
  vendor = await createSigner();
  stranger = await createSigner();
  release = await createSigner();
});

function debianRecord(more: Partial<LockSpec> = {}): LockSpec {
  return { entry: 'debian', image: DEBIAN, tag: '12', observedAt: '2026-11-20T00:00:00Z', images: [debian], ...more };
}

const alpineRecord: LockSpec = {
  entry: 'alpine',
  image: 'docker.io/library/alpine',
  tag: '3',
  observedAt: '2026-11-20T00:00:00Z',
  images: [alpine],
};
const pythonRecord: LockSpec = {
  entry: 'python',
  image: 'docker.io/library/python',
  tag: '3',
  observedAt: '2026-11-20T00:00:00Z',
  images: [python],
};

interface Setup {
  readonly image?: BuiltImage;
  readonly facts?: Partial<ImageFacts>;
  readonly lock?: readonly LockSpec[] | null;
  /** Members of the rule's `base`. */
  readonly base?: string;
  /** Members of the entry debian. */
  readonly entry?: string;
  readonly bases?: string;
  readonly deny?: string;
  readonly signatures?: string;
  readonly comparisons?: readonly BaseComparison[];
  readonly now?: Date;
}

async function judge(setup: Setup = {}): Promise<Decision> {
  const { lock = [debianRecord(), alpineRecord, pythonRecord] } = setup;
  const yaml = `
apiVersion: waybill.dev/v1
kind: Policy
deny: { digests: [${setup.deny ?? ''}] }
identities:
  vendor: { key: vendor.pub }
  release: { key: release.pub }
bases:
  lock: bases.lock.jsonl
  entries:
    - { name: debian, image: ${DEBIAN}, tags: ["12", "12-slim"]${setup.entry === undefined ? '' : `, ${setup.entry}`} }
    - { name: alpine, image: docker.io/library/alpine }
    - { name: python, image: docker.io/library/python }
${setup.bases ?? ''}
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    ${setup.signatures ?? ''}
    base: { allow: [debian]${setup.base === undefined ? '' : `, ${setup.base}`} }
`;
  const files = { 'vendor.pub': vendor.publicKey.pem, 'release.pub': release.publicKey.pem };
  const loaded = await policyOf(yaml, lock === null ? files : { ...files, 'bases.lock.jsonl': lockBytes(lock) });
  const image = setup.image ?? buildImage({ diffIds: [d1, d2, app] });
  const comparisons = setup.comparisons ?? [1, 2, 3].map((count) => noChanges(count));
  const view = evidenceView({ images: [image], facts: { comparisons }, ...setup.facts });
  return decide(view, loaded, { now: setup.now ?? NOW });
}

function results(decision: Decision): readonly CheckResult[] {
  return decision.images.flatMap(allResults);
}

function part(decision: Decision, item: string): CheckResult {
  const found = results(decision).filter((result) => result.check === 'base' && result.item === item);
  assert.equal(found.length, 1, JSON.stringify(results(decision), null, 1));
  return found[0]!;
}

function change(path: string, more: Partial<FileChange> = {}): FileChange {
  const fact = { type: 'file', mode: 0o755, uid: 0, gid: 0, sizeBytes: 1, sha256: 'a'.repeat(64) };
  return { path, before: fact, after: { ...fact, sha256: 'b'.repeat(64) }, ...more };
}

describe('base: which one, and how sure', () => {
  test('the bottom layers being an allowed base is content evidence', async () => {
    const decision = await judge();
    assert.equal(decision.verdict, 'allow', JSON.stringify(results(decision), null, 1));
    assert.equal(part(decision, 'allow').code, 'BASE_CONTENT');
    assert.deepEqual(part(decision, 'allow').basis.layers, [0, 1]);
    assert.deepEqual(decision.images[0]?.platforms[0]?.layers, { total: 3, base: 2 });
  });

  test('an image that is the base itself passes', async () => {
    assert.equal((await judge({ image: debian })).verdict, 'allow');
  });

  test('the longest match decides: a known base above the allowed one is BASE_NOT_ALLOWED', async () => {
    const image = buildImage({ diffIds: [...python.diffIds, app] });
    const decision = await judge({ image });
    assert.equal(part(decision, 'allow').code, 'BASE_NOT_ALLOWED');
    assert.match(part(decision, 'allow').reason, /python/);
    assert.equal(decision.exitCode, ExitCode.Negative);
  });

  test('another base is BASE_NOT_ALLOWED, known or not', async () => {
    assert.equal(part(await judge({ image: alpine }), 'allow').code, 'BASE_NOT_ALLOWED');
    assert.equal(
      part(await judge({ image: buildImage({ diffIds: [fakeDigest('evil'), app] }) }), 'allow').code,
      'BASE_NOT_ALLOWED',
    );
  });

  test('pitfall 27: a lying annotation is BASE_CLAIM_CONFLICT and never evidence', async () => {
    const annotations = {
      'org.opencontainers.image.base.name': 'docker.io/library/debian:12',
      'org.opencontainers.image.base.digest': debian.digest,
    };
    for (const diffIds of [[fakeDigest('evil'), app], alpine.diffIds]) {
      const decision = await judge({ image: buildImage({ diffIds, annotations }) });
      assert.equal(part(decision, 'claims').code, 'BASE_CLAIM_CONFLICT');
      assert.equal(part(decision, 'claims').outcome, 'fail');
      assert.equal(part(decision, 'allow').code, 'BASE_NOT_ALLOWED');
      assert.equal(decision.exitCode, ExitCode.Negative);
    }
  });

  test('a true annotation is no finding, by any spelling of the name', async () => {
    for (const name of [
      'debian:12',
      'index.docker.io/library/debian:12',
      `docker.io/library/debian@${debian.digest}`,
    ]) {
      const image = buildImage({ diffIds: [d1, d2, app], annotations: { 'org.opencontainers.image.base.name': name } });
      const decision = await judge({ image });
      assert.equal(decision.verdict, 'allow', JSON.stringify(results(decision), null, 1));
    }
  });

  test('a base of another platform, an empty base and a trivial one never match', async () => {
    const arm = buildImage({ diffIds: [d1, d2, app], architecture: 'arm64' });
    assert.equal(part(await judge({ image: arm }), 'allow').code, 'BASE_NOT_ALLOWED');
    const empty = buildImage({ diffIds: [] });
    assert.equal(part(await judge({ lock: [debianRecord({ images: [empty] })] }), 'allow').code, 'BASE_NOT_ALLOWED');
    const trivial = debianRecord({ images: [buildImage({ diffIds: [d1] })], trivialLayers: [0] });
    assert.equal(part(await judge({ lock: [trivial] }), 'allow').code, 'BASE_NOT_ALLOWED');
  });

  test('a tag that the entry does not allow does not count', async () => {
    const decision = await judge({ lock: [debianRecord({ tag: 'unstable' })] });
    assert.equal(part(decision, 'allow').code, 'BASE_NOT_ALLOWED');
    assert.match(part(decision, 'allow').reason, /tag/);
  });

  test('a record of another image under the entry’s name does not count', async () => {
    const decision = await judge({ lock: [debianRecord({ image: 'registry.evil.example/debian' })] });
    assert.equal(part(decision, 'allow').code, 'BASE_NOT_ALLOWED');
  });

  test('history: a digest that its tag left counts for that long', async () => {
    const newer = buildImage({ diffIds: [fakeDigest('debian 12.1')] });
    const lock = [
      debianRecord({ observedAt: '2026-01-01T00:00:00Z' }),
      debianRecord({ observedAt: '2026-11-01T00:00:00Z', images: [newer] }),
    ];
    assert.equal((await judge({ lock })).verdict, 'allow');
    assert.equal((await judge({ lock, entry: 'history: 30d' })).verdict, 'allow');
    const late = await judge({ lock, entry: 'history: 10d' });
    assert.equal(part(late, 'allow').code, 'BASE_NOT_ALLOWED');
    assert.match(part(late, 'allow').reason, /left/);
  });

  test('no lock file is an error that says to make one', async () => {
    const decision = await judge({ lock: null });
    assert.equal(part(decision, 'lock').code, 'BASE_LOCK_MISSING');
    assert.equal(decision.exitCode, ExitCode.Usage);
  });

  test('layers that were not read are drawn as no base: only their bytes prove one', async () => {
    const drawn = ({ images }: Decision): unknown => images[0]?.platforms[0]?.layers;
    assert.deepEqual(drawn(await judge()), { total: 3, base: 2 });
    assert.deepEqual(drawn(await judge({ facts: { facts: { layersVerified: false } } })), { total: 3, base: 0 });
  });

  test('layers that could not be read carry their own code and class', async () => {
    const errors = [
      { what: 'layers', code: 'LAYER_TRUNCATED', reason: 'layer 2 ends early', exitCode: ExitCode.Input },
    ] as const;
    const decision = await judge({ facts: { errors, facts: { layersVerified: false } } });
    assert.equal(part(decision, 'layers').code, 'LAYER_TRUNCATED');
    assert.equal(decision.exitCode, ExitCode.Input);
    assert.equal(
      part(await judge({ facts: { facts: { layersVerified: false } } }), 'layers').code,
      'LAYERS_UNVERIFIED',
    );
  });

  test('weaker levels: claimed is enough where asked for, signed-claim needs a signature by the rule’s signers', async () => {
    const image = buildImage({
      diffIds: [fakeDigest('rebuilt'), app],
      annotations: { 'org.opencontainers.image.base.name': 'docker.io/library/debian:12' },
    });
    const lock = [alpineRecord];
    const claimed = await judge({ image, lock, base: 'evidence: claimed, tamper: warn' });
    assert.equal(part(claimed, 'allow').code, 'BASE_CLAIMED');
    assert.equal(claimed.verdict, 'allow');
    const signed = {
      image,
      lock,
      base: 'evidence: signed-claim, tamper: warn',
      signatures: 'signatures: { by: [release] }',
    };
    assert.equal(part(await judge(signed), 'allow').code, 'BASE_EVIDENCE_TOO_LOW');
    const attached = [await signature(release, image.digest)];
    const reached = await judge({ ...signed, facts: { attached } });
    assert.equal(part(reached, 'allow').code, 'BASE_CLAIMED');
    const other = [await signature(stranger, image.digest)];
    assert.equal(part(await judge({ ...signed, facts: { attached: other } }), 'allow').code, 'BASE_EVIDENCE_TOO_LOW');
    assert.equal(part(await judge({ image, lock }), 'allow').code, 'BASE_EVIDENCE_TOO_LOW');
  });

  test('signed-claim: what only the index says is covered by a signature of the index alone', async () => {
    const image = buildImage({ diffIds: [fakeDigest('rebuilt'), app] });
    const index = buildIndex([{ image, architecture: 'amd64' }], { 'org.opencontainers.image.base.name': 'debian:12' });
    const base = 'evidence: signed-claim, tamper: warn';
    const setup = { image, lock: [alpineRecord], base, signatures: 'signatures: { by: [release] }' };
    const at = async (digest: typeof image.digest): Promise<string> => {
      const attached = [await signature(release, digest)];
      return part(await judge({ ...setup, facts: { index, attached } }), 'allow').code;
    };
    assert.equal(await at(image.digest), 'BASE_EVIDENCE_TOO_LOW');
    assert.equal(await at(index.digest), 'BASE_CLAIMED');
  });

  test('deny.digests names bases too, whatever else is true', async () => {
    const decision = await judge({ deny: `"${debian.digest}"` });
    const denied = results(decision).find((result) => result.code === 'DIGEST_DENIED');
    assert.equal(denied?.outcome, 'fail');
    assert.equal(decision.verdict, 'deny');
  });
});

describe('base: flags and conditions', () => {
  test('authenticated: a signature by the entry’s identity over the manifest, or over an index that lists it', async () => {
    const wanted = { entry: 'signedBy: [vendor]', base: 'require: [authenticated]' };
    assert.equal(part(await judge(wanted), 'authenticated').code, 'BASE_NOT_AUTHENTICATED');
    const onManifest = [debianRecord({ bundles: [await signature(vendor, debian.digest)] })];
    assert.equal(part(await judge({ ...wanted, lock: onManifest }), 'authenticated').code, 'BASE_AUTHENTICATED');
    const index = buildIndex([{ image: debian, architecture: 'amd64' }]);
    const onIndex = [debianRecord({ index, bundles: [await signature(vendor, index.digest)] })];
    assert.equal(part(await judge({ ...wanted, lock: onIndex }), 'authenticated').code, 'BASE_AUTHENTICATED');
    const byStranger = [debianRecord({ bundles: [await signature(stranger, debian.digest)] })];
    assert.equal(part(await judge({ ...wanted, lock: byStranger }), 'authenticated').code, 'BASE_NOT_AUTHENTICATED');
    const byOther = [debianRecord({ bundles: [await signature(release, debian.digest)] })];
    assert.equal(part(await judge({ ...wanted, lock: byOther }), 'authenticated').code, 'BASE_NOT_AUTHENTICATED');
  });

  test('attested by nobody is a failure, not a pass', async () => {
    const decision = await judge({ base: 'require: [attested]' });
    assert.equal(part(decision, 'attested').code, 'BASE_NOT_ATTESTED');
    assert.equal(decision.verdict, 'deny');
  });

  test('a replaced shell is BASE_TAMPERED; tamper and tamperAllow decide', async () => {
    const comparisons = [{ ...noChanges(2), changes: [change('bin/sh')] }];
    const denied = await judge({ comparisons });
    assert.equal(part(denied, 'tamper').code, 'BASE_TAMPERED');
    assert.equal(part(denied, 'tamper').outcome, 'fail');
    assert.deepEqual(part(denied, 'tamper').basis.paths, ['/bin/sh']);
    assert.equal(part(await judge({ comparisons, base: 'tamper: warn' }), 'tamper').outcome, 'warn');
    assert.equal((await judge({ comparisons, base: 'tamperAllow: ["/bin/*"]' })).verdict, 'allow');
    assert.equal((await judge({ comparisons, base: 'tamperAllow: ["/usr/**"]' })).verdict, 'deny');
  });

  test('the line of the history is told once for a layer', async () => {
    const history = ['ADD rootfs', 'RUN apt', 'COPY evil /bin'].map((line) => ({ created_by: line }));
    const image = buildImage({ diffIds: [d1, d2, app], history });
    const changes = ['bin/bash', 'bin/dash', 'bin/sh'].map((path) => change(path, { layer: 2 }));
    const decision = await judge({ image, comparisons: [{ ...noChanges(2), changes }] });
    const notes = part(decision, 'tamper').basis.notes ?? [];
    assert.deepEqual(
      notes.map((note) => note.replace(/^.*?, /, '')),
      ['in layer 2 (COPY evil /bin)', 'in layer 2', 'in layer 2'],
    );
  });

  test('what packages added is no file to be left as it was', async () => {
    const { before: _, ...addition } = change('usr/bin/sudo', { owner: { package: 'sudo', state: 'added' } });
    const added = { ...addition, after: { ...addition.after!, mode: 0o4755 } };
    const remedyOf = async (...changes: FileChange[]): Promise<string> => {
      const found = part(await judge({ comparisons: [{ ...noChanges(2), changes }] }), 'changes');
      assert.equal(found.code, 'BASE_CHANGED');
      return found.remedy ?? '';
    };
    assert.match(await remedyOf(added), /leave the packages out/);
    assert.match(await remedyOf(added, change('etc/motd')), /as the base has them/);
  });

  test('tamper is judged against the base that decided, and a missing comparison is an error', async () => {
    const decision = await judge({ comparisons: [noChanges(1)] });
    assert.equal(part(decision, 'tamper').code, 'COMPARISON_MISSING');
    assert.equal(part(decision, 'tamper').outcome, 'error');
  });

  test('upgrades: warn by default, deny and allow as the entry says', async () => {
    const stanza = {
      database: 'var/lib/dpkg/status',
      name: 'openssl',
      architecture: 'amd64',
      version: '1',
      sha256: 'a'.repeat(64),
    };
    const comparisons = [
      { ...noChanges(2), packages: [{ before: stanza, after: { ...stanza, version: '2', sha256: 'b'.repeat(64) } }] },
    ];
    const usual = await judge({ comparisons });
    assert.equal(part(usual, 'upgrades').code, 'BASE_UPGRADED');
    assert.equal(usual.verdict, 'warn');
    assert.equal(usual.exitCode, ExitCode.Passed);
    assert.equal((await judge({ comparisons, entry: 'upgrades: deny' })).verdict, 'deny');
    assert.equal((await judge({ comparisons, entry: 'upgrades: allow' })).verdict, 'allow');
  });

  test('unexplained: a claim of an unlisted image above the proved base', async () => {
    const annotations = { 'org.opencontainers.image.base.name': 'registry.evil.example/python:3' };
    const image = buildImage({ diffIds: [d1, d2, fakeDigest('between'), app], annotations });
    const usual = await judge({ image });
    assert.equal(part(usual, 'unexplained').outcome, 'warn');
    assert.deepEqual(part(usual, 'unexplained').basis.layers, [2, 3]);
    const denied = await judge({ image, base: 'unexplained: deny' });
    assert.equal(part(denied, 'unexplained').code, 'BASE_UNEXPLAINED_LAYERS');
    assert.equal(denied.verdict, 'deny');
    assert.equal((await judge({ image, base: 'unexplained: allow' })).verdict, 'allow');
    assert.equal((await judge({ base: 'unexplained: deny' })).verdict, 'allow');
  });

  test('a label that the matched base carries itself is inherited and says nothing', async () => {
    const labels = { 'org.opencontainers.image.base.name': 'registry.example.com/build-root:1' };
    const labelled = buildImage({ diffIds: [d1, d2], labels });
    const image = buildImage({ diffIds: [d1, d2, app], labels });
    const lock = [debianRecord({ images: [labelled] })];
    assert.equal((await judge({ image, lock, base: 'unexplained: deny' })).verdict, 'allow');
    assert.equal((await judge({ image, base: 'unexplained: deny' })).verdict, 'deny');
  });

  test('freshness is read from the lock alone', async () => {
    const newer = buildImage({ diffIds: [fakeDigest('debian 12.1')] });
    const wanted = { base: 'freshness: { behind: 30d }' };
    assert.equal(part(await judge(wanted), 'freshness').code, 'BASE_FRESH');
    const moved = (at: string): readonly LockSpec[] => [
      debianRecord({ observedAt: '2026-01-01T00:00:00Z' }),
      debianRecord({ observedAt: at, images: [newer] }),
      debianRecord({ observedAt: '2026-11-23T00:00:00Z', images: [newer] }),
    ];
    assert.equal(
      part(await judge({ ...wanted, lock: moved('2026-11-10T00:00:00Z') }), 'freshness').code,
      'BASE_BEHIND',
    );
    const stale = await judge({ ...wanted, lock: moved('2026-09-01T00:00:00Z') });
    assert.equal(part(stale, 'freshness').code, 'BASE_STALE');
    assert.equal(stale.verdict, 'deny');
    const other = [
      ...moved('2026-09-01T00:00:00Z'),
      debianRecord({ tag: '12-slim', observedAt: '2026-11-23T00:00:00Z' }),
    ];
    assert.equal(part(await judge({ ...wanted, lock: other }), 'freshness').code, 'BASE_FRESH');
  });

  test('a lock that has not been observed for longer than behind is an error', async () => {
    const decision = await judge({ base: 'freshness: { behind: 2d }' });
    assert.equal(part(decision, 'freshness').code, 'BASE_LOCK_OUTDATED');
    assert.equal(part(decision, 'freshness').outcome, 'error');
    assert.equal(decision.exitCode, ExitCode.Input);
  });

  test('conditions that only content can answer fail where a weaker level was enough', async () => {
    const image = buildImage({
      diffIds: [app],
      annotations: { 'org.opencontainers.image.base.name': 'docker.io/library/debian:12' },
    });
    const decision = await judge({
      image,
      lock: [alpineRecord],
      base: 'evidence: claimed, require: [authenticated], tamper: deny',
    });
    assert.equal(part(decision, 'authenticated').code, 'BASE_EVIDENCE_TOO_LOW');
    assert.equal(part(decision, 'tamper').code, 'BASE_EVIDENCE_TOO_LOW');
  });
});
