import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TemporaryDirectory } from '../../src/core/index.ts';
import { checkArtifact, parseTrustedRoot } from '../../src/verification/index.ts';
import { missingPeers, runPeer } from '../support/peers.ts';
import { changed, newBench, type Bench } from '../verification/support/check.ts';
import { newLog } from '../verification/support/log.ts';
import {
  bytesOf,
  ISSUER,
  newAuthority,
  rootJson,
  SAN,
  SIGNED_AT,
  signKeyless,
  type RootJson,
  type SignedBundle,
  type SignOptions,
} from '../verification/support/world.ts';

const FILE = Buffer.from('an image');
const skip = missingPeers('cosign');

let folder: TemporaryDirectory;
let bench: Bench;

before(async () => {
  folder = await TemporaryDirectory.create('waybill-keyless-');
  bench = await newBench();
  writeFileSync(join(folder.path, 'file'), FILE);
});
after(async () => {
  await folder[Symbol.asyncDispose]();
});

/** What cosign thinks; it reads the root in the older version only. */
function cosignAccepts(bundle: SignedBundle, root: RootJson): boolean {
  writeFileSync(join(folder.path, 'bundle.json'), bytesOf(bundle));
  writeFileSync(join(folder.path, 'root.json'), bytesOf(root));
  const verb =
    bundle.dsseEnvelope === undefined
      ? ['verify-blob']
      : ['verify-blob-attestation', '--type', 'https://sigstore.dev/cosign/sign/v1'];
  const signer = ['--certificate-identity', SAN, '--certificate-oidc-issuer', ISSUER];
  const proof = ['--bundle', 'bundle.json', '--trusted-root', 'root.json'];
  return runPeer('cosign', [...verb, ...proof, ...signer, 'file'], { cwd: folder.path }).status === 0;
}

async function weAccept(bundle: SignedBundle, root: RootJson): Promise<boolean> {
  const verdict = await checkArtifact(bytesOf(bundle), {
    keys: [],
    identities: [bench.wanted],
    trust: [{ root: parseTrustedRoot(bytesOf(root)) }],
    requireTransparencyLog: true,
    file: { bytes: FILE },
  });
  return verdict.ok;
}

function rootOf(change: (json: RootJson) => void = () => {}): RootJson {
  const json = { ...rootJson(bench.world), mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' };
  change(json);
  return json;
}

interface Case {
  readonly options?: (bench: Bench) => SignOptions;
  readonly change?: (bundle: SignedBundle) => void;
  readonly root?: (json: RootJson) => void;
}

const LATE = new Date(SIGNED_AT.getTime() + 3_600_000);
const PAST = { start: '2020-01-01T00:00:00Z', end: '2025-01-01T00:00:00Z' };

const GOOD: Readonly<Record<string, Case>> = {
  'Rekor v1, dsse': {},
  'Rekor v1, intoto': { options: () => ({ entryKind: 'intoto' }) },
  'Rekor v1 and a timestamp': { options: ({ world }) => ({ tsas: [world.tsa] }) },
  'Rekor v2 and a timestamp': { options: ({ world }) => ({ logs: [world.rekor2], tsas: [world.tsa] }) },
  'both logs': { options: ({ world }) => ({ logs: [world.rekor1, world.rekor2], tsas: [world.tsa] }) },
  'a file, Rekor v1': { options: () => ({ file: FILE }) },
  'a file, Rekor v2': { options: ({ world }) => ({ file: FILE, logs: [world.rekor2], tsas: [world.tsa] }) },
};

const BAD: Readonly<Record<string, Case>> = {
  'logged after the certificate ended': { options: () => ({ entry: { at: LATE } }) },
  'stamped after the certificate ended': {
    options: ({ world }) => ({ logs: [world.rekor2], tsas: [world.tsa], token: { at: LATE } }),
  },
  'no certificate timestamp': { options: () => ({ certificate: { ctLogs: [] } }) },
  'Rekor v2 without a timestamp': { options: ({ world }) => ({ logs: [world.rekor2] }) },
  'no log entry': { options: ({ world }) => ({ logs: [], tsas: [world.tsa] }) },
  'a log that is not trusted': {
    options: ({ world }) => ({ logs: [newLog(1, { operator: 'evil.test' })], tsas: [world.tsa] }),
  },
  'integratedTime without a promise': { options: () => ({ entry: { withoutPromise: true } }) },
  'another authority of the same name': {
    options: () => ({ certificate: { issuer: newAuthority('one.test').issuer } }),
  },
  'another payload': {
    change: ({ dsseEnvelope }) => {
      if (dsseEnvelope !== undefined) dsseEnvelope.payload = Buffer.from('{}').toString('base64');
    },
  },
  'an authority out of its window': {
    root: (json) => json.certificateAuthorities.forEach((entry) => (entry['validFor'] = PAST)),
  },
  'a log out of its window': {
    root: (json) => json.tlogs.forEach((entry) => Object.assign(entry['publicKey'] as object, { validFor: PAST })),
  },
  'a certificate log out of its window': {
    root: (json) => json.ctlogs.forEach((entry) => Object.assign(entry['publicKey'] as object, { validFor: PAST })),
  },
};

describe('keyless bundles, judged by cosign too', { skip }, () => {
  for (const [cases, expected] of [
    [GOOD, true],
    [BAD, false],
  ] as const) {
    for (const [title, { options, change, root }] of Object.entries(cases)) {
      it(`both ${expected ? 'accept' : 'refuse'}: ${title}`, async () => {
        const bundle = changed(signKeyless(bench.world, options?.(bench) ?? {}), change ?? (() => {}));
        const trusted = rootOf(root);
        assert.equal(await weAccept(bundle, trusted), expected, 'our verdict');
        assert.equal(cosignAccepts(bundle, trusted), expected, "cosign's verdict");
      });
    }
  }
});
