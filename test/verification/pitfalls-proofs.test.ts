import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { parseTrustedRoot, type BundleVerdict, type TrustedRoot } from '../../src/verification/index.ts';
import { acceptedSigner, assertRejected } from './support/assert-verdict.ts';
import { newPair, pemOf, spkiOf } from './support/certificates.ts';
import { bodyOf, changed, keyOf, newBench, type Bench } from './support/check.ts';
import { newLog } from './support/log.ts';
import {
  bytesOf,
  rootJson,
  SIGNED_AT,
  signKeyless,
  trustedRoot,
  type SignedBundle,
  type World,
} from './support/world.ts';

let world: World;
let root: TrustedRoot;
let check: Bench['check'];

before(async () => {
  ({ world, root, check } = await newBench());
});

describe('pitfall 13: time', () => {
  it('CVE-2026-24122: an expired certificate or intermediate is refused unless a trusted time lies within', async () => {
    const late = new Date(SIGNED_AT.getTime() + 3_600_000);
    const stamped = signKeyless(world, { logs: [world.rekor2], tsas: [world.tsa], token: { at: late } });
    assertRejected(await check(stamped), 'CERTIFICATE_EXPIRED');
    const logged = signKeyless(world, { entry: { at: late } });
    assertRejected(await check(logged), 'CERTIFICATE_EXPIRED');
    const unlogged = signKeyless(world, { logs: [] });
    assertRejected(await check(unlogged, { requireTransparencyLog: false }), 'TIME_MISSING');
    const byClock = { requireTransparencyLog: false, trust: [{ root, thresholds: { timestamps: 0 } }] };
    assertRejected(await check(unlogged, byClock), 'TIME_MISSING');
    assertRejected(await check(unlogged, { ...byClock, now: late }), 'CERTIFICATE_EXPIRED');
    const { when } = acceptedSigner(await check(unlogged, { ...byClock, now: SIGNED_AT }));
    assert.deepEqual(when, [{ time: SIGNED_AT.toISOString(), source: 'clock', operator: '' }]);
  });

  it('every trusted time must lie within', async () => {
    const late = new Date(SIGNED_AT.getTime() + 3_600_000);
    const bundle = signKeyless(world, { tsas: [world.tsa], token: { at: late } });
    assertRejected(await check(bundle), 'CERTIFICATE_EXPIRED');
  });
});

describe('pitfall 14: integratedTime that nobody signed', () => {
  it('CVE-2026-48816: is ignored without a promise', async () => {
    const bundle = signKeyless(world, { entry: { withoutPromise: true } });
    assertRejected(await check(bundle), 'TIME_MISSING');
    const stamped = signKeyless(world, { entry: { withoutPromise: true }, tsas: [world.tsa] });
    const verdict = await check(stamped);
    assert.deepEqual(
      acceptedSigner(verdict).when.map(({ source }) => source),
      ['timestamp'],
    );
    assert.ok(verdict.ok && verdict.log.evaluated && verdict.log.verified[0]?.integratedTime === undefined);
  });

  it('is ignored for Rekor v2, which needs a timestamp', async () => {
    const bundle = changed(signKeyless(world, { logs: [world.rekor2] }), (json) => {
      for (const entry of json.verificationMaterial.tlogEntries)
        entry['integratedTime'] = String(SIGNED_AT.getTime() / 1000);
    });
    assertRejected(await check(bundle), 'TIME_MISSING');
  });

  it('is not believed when it differs from what the promise signs', async () => {
    const bundle = changed(signKeyless(world), (json) => {
      for (const entry of json.verificationMaterial.tlogEntries)
        entry['integratedTime'] = String(SIGNED_AT.getTime() / 1000 + 1);
    });
    assertRejected(await check(bundle), 'LOG_INVALID', /promise/);
  });
});

describe('pitfall 15: a log entry of something else', () => {
  it('CVE-2026-22703, CVE-2022-36056, CVE-2024-51746: refuses another signature, signer or content', async () => {
    const [mine, other] = [signKeyless(world), signKeyless(world)];
    const borrowed = changed(mine, (json) => {
      json.verificationMaterial.tlogEntries = other.verificationMaterial.tlogEntries;
    });
    assertRejected(await check(borrowed), 'LOG_MISMATCH', /another signature/);
    for (const [change, reason] of bodyChanges(mine)) {
      const body = JSON.parse(bodyOf(mine)) as never;
      change(body);
      const relogged = signKeylessWithBody(mine, body);
      assertRejected(await check(relogged), 'LOG_MISMATCH', reason);
    }
  });

  it('CVE-2022-23649, CVE-2023-47122: refuses an entry that no trusted log holds: keys of logs come from the trusted root alone', async () => {
    const foreign = newLog(1, { operator: 'evil.test' });
    const bundle = signKeyless(world, { logs: [foreign], tsas: [world.tsa] });
    assertRejected(await check(bundle), 'LOG_UNTRUSTED');
    const pretending = { ...foreign, id: world.rekor1.id };
    assertRejected(await check(signKeyless(world, { logs: [pretending] })), 'LOG_INVALID');
    assertRejected(await check(signKeyless(world, { logs: [], tsas: [world.tsa] })), 'LOG_MISSING');
  });

  it('refuses proofs of another tree, index or checkpoint', async () => {
    const good = signKeyless(world, { logs: [world.rekor2], tsas: [world.tsa] });
    const elsewhere = signKeyless(world, { logs: [world.rekor2], tsas: [world.tsa], entry: { neighbours: 9 } });
    type Proof = NonNullable<SignedBundle['verificationMaterial']['tlogEntries'][number]['inclusionProof']>;
    const other = elsewhere.verificationMaterial.tlogEntries[0]?.inclusionProof;
    const changes: readonly ((proof: Proof) => void)[] = [
      (proof) => (proof.logIndex = '4'),
      (proof) => (proof.treeSize = '12'),
      (proof) => (proof.rootHash = other?.rootHash ?? ''),
      (proof) => (proof.checkpoint = other?.checkpoint ?? proof.checkpoint),
      (proof) => proof.hashes.pop(),
      (proof) => proof.hashes.reverse(),
      (proof) => (proof.checkpoint.envelope = proof.checkpoint.envelope.replace('\n11\n', '\n12\n')),
      (proof) => (proof.checkpoint.envelope = `${proof.checkpoint.envelope.split('\n\n')[0] ?? ''}\n\n`),
      (proof) => (proof.checkpoint.envelope = 'x'),
    ];
    for (const change of changes) {
      const bundle = changed(good, (json) => {
        const proof = json.verificationMaterial.tlogEntries[0]?.inclusionProof;
        assert.ok(proof);
        change(proof);
      });
      assertRejected(await check(bundle), 'LOG_INVALID');
    }
  });

  it('refuses an entry without a proof where the bundle version needs one, and without promise in 0.1', async () => {
    assertRejected(
      await check(signKeyless(world, { entry: { withoutProof: true } })),
      'LOG_MALFORMED',
      /needs an inclusion proof/,
    );
    const old = signKeyless(world, { version: '0.1', entry: { withoutPromise: true } });
    assertRejected(await check(old, { minVersion: '0.1' }), 'LOG_MALFORMED', /needs an inclusion promise/);
  });

  it('a keyed bundle needs an entry with that key', async () => {
    const pair = newPair();
    const options = { keys: [{ key: keyOf(pair) }], identities: [], now: SIGNED_AT };
    for (const logs of [[world.rekor1], [world.rekor2]]) {
      const verdict = await check(signKeyless(world, { keyed: pair, logs }), options);
      assert.ok(verdict.ok && verdict.log.evaluated && verdict.log.verified.length === 1);
    }
    const keyless = signKeyless(world);
    const entryOfCertificate = changed(signKeyless(world, { keyed: pair }), (json) => {
      json.verificationMaterial.tlogEntries = keyless.verificationMaterial.tlogEntries;
    });
    assertRejected(await check(entryOfCertificate, options), 'LOG_MISMATCH');
  });
});

describe('pitfall 16: the certificate timestamp is missing', () => {
  it('is required unless the policy says otherwise', async () => {
    const bundle = signKeyless(world, { certificate: { ctLogs: [] } });
    assertRejected(await check(bundle), 'SCT_MISSING');
    acceptedSigner(await check(bundle, { trust: [{ root, thresholds: { scts: 0 } }] }));
  });

  it('must be signed by a trusted log over this certificate', async () => {
    const strange = signKeyless(world, { certificate: { ctLogs: [{ pair: newPair(), operator: 'x' }] } });
    assertRejected(await check(strange), 'SCT_INVALID', /not trusted/);
    const spoiled = signKeyless(world, {
      certificate: {
        spoilSct: (sct) => {
          const copy = Buffer.from(sct);
          copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1);
          return copy;
        },
      },
    });
    assertRejected(await check(spoiled), 'SCT_INVALID', /wrong/);
    const broken = signKeyless(world, { certificate: { spoilSct: (sct) => sct.subarray(0, 20) } });
    assertRejected(await check(broken), 'SCT_INVALID', /ends early/);
  });

  it('a bad one beside a good one does not spoil it', async () => {
    const ctLogs = [{ pair: newPair(), operator: 'x' }, ...world.ctLogs];
    const { scts } = acceptedSigner(await check(signKeyless(world, { certificate: { ctLogs } })));
    assert.equal(scts.length, 1);
  });
});

describe('pitfall 17: windows of the trusted root', () => {
  const past = { start: '2020-01-01T00:00:00Z', end: '2025-01-01T00:00:00Z' };
  const future = { start: '2027-01-01T00:00:00Z' };

  for (const [label, window] of [
    ['ended', past],
    ['not begun', future],
  ] as const) {
    it(`CVE-2026-54787: authority, logs and timestamps whose window has ${label} do not count`, async () => {
      const withWindow = (list: 'certificateAuthorities' | 'timestampAuthorities'): TrustedRoot =>
        trustedRoot(world, (json) => {
          for (const entry of json[list]) entry['validFor'] = window;
        });
      const withLogWindow = (list: 'tlogs' | 'ctlogs'): TrustedRoot =>
        trustedRoot(world, (json) => {
          for (const entry of json[list]) (entry['publicKey'] as Record<string, unknown>)['validFor'] = window;
        });
      const old = signKeyless(world);
      const tiled = signKeyless(world, { logs: [world.rekor2], tsas: [world.tsa] });
      const under = (trusted: TrustedRoot, bundle: SignedBundle): Promise<BundleVerdict> =>
        check(bundle, { trust: [{ root: trusted }] });
      assertRejected(
        await under(withWindow('certificateAuthorities'), old),
        'CERTIFICATE_EXPIRED',
        /the authority is trusted/,
      );
      assertRejected(
        await under(withWindow('timestampAuthorities'), tiled),
        'TIMESTAMP_INVALID',
        /its authority is trusted/,
      );
      assertRejected(await under(withLogWindow('ctlogs'), old), 'SCT_INVALID', /is trusted from/);
      assertRejected(await under(withLogWindow('tlogs'), old), 'LOG_INVALID');
      assertRejected(await under(withLogWindow('tlogs'), tiled), 'LOG_INVALID', /the log is trusted/);
    });
  }

  it('a retired log does not vouch for a key without a trusted time', async () => {
    const pair = newPair();
    const options = { keys: [{ key: keyOf(pair) }], identities: [] };
    const bundle = signKeyless(world, { keyed: pair, logs: [world.rekor2] });
    const open = trustedRoot(world, (json) => {
      for (const entry of json.tlogs) (entry['publicKey'] as { validFor: object }).validFor = { start: past.start };
    });
    assert.equal((await check(bundle, { ...options, trust: [{ root: open }] })).ok, true);
    assertRejected(await check(bundle, options), 'LOG_INVALID', /no trusted time/);
    const stamped = signKeyless(world, { keyed: pair, logs: [world.rekor2], tsas: [world.tsa] });
    assert.equal((await check(stamped, options)).ok, true);
  });

  it('a window without a start is refused', () => {
    for (const list of ['certificateAuthorities', 'timestampAuthorities'] as const) {
      const json = rootJson(world);
      json[list] = json[list].map((entry) => ({ ...entry, validFor: { end: past.end } }));
      assert.throws(() => parseTrustedRoot(bytesOf(json)), { code: 'TRUST_ROOT_MALFORMED' });
    }
  });
});

type DsseBody = { spec: { payloadHash: { value: string }; signatures: { signature: string; verifier: string }[] } };

function bodyChanges(bundle: SignedBundle): readonly (readonly [(body: DsseBody) => void, RegExp])[] {
  const other = JSON.parse(bodyOf(signKeyless(world))) as DsseBody;
  const [theirs] = other.spec.signatures;
  const key = Buffer.from(pemOf(spkiOf(newPair().publicKey), 'PUBLIC KEY')).toString('base64');
  const set = (body: DsseBody, changes: Partial<DsseBody['spec']['signatures'][number]>): void => {
    body.spec.signatures = body.spec.signatures.map((signature) => ({ ...signature, ...changes }));
  };
  assert.notEqual(bodyOf(bundle), '');
  return [
    [(body) => set(body, { signature: theirs?.signature ?? '' }), /another signature/],
    [(body) => set(body, { verifier: theirs?.verifier ?? '' }), /another signer/],
    [(body) => set(body, { verifier: key }), /another signer/],
    [(body) => (body.spec.payloadHash.value = '00'.repeat(32)), /other bytes/],
  ];
}

/** The bundle with an entry that the log really holds, of another body. */
function signKeylessWithBody(bundle: SignedBundle, body: DsseBody): SignedBundle {
  const logged = signKeyless(world, { entry: { body } });
  return changed(bundle, (json) => (json.verificationMaterial.tlogEntries = logged.verificationMaterial.tlogEntries));
}
