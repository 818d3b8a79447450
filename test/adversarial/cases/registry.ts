import type { Decision } from '../../../src/app/index.ts';
import type { MadeImage } from '../../support/images.ts';
import type { FaultAction } from '../../support/registry/index.ts';
import type { AdversarialCase } from '../contract.ts';
import type { Stage } from '../world.ts';
import { APP } from './base.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const SIGNED = 'signatures: { by: [release] }';
const ALLOW = { verdict: 'allow', exit: 0, codes: [], passes: ['SIGNED'] } as const;

interface Pushed {
  readonly app: MadeImage;
  readonly reference: string;
}

/** A signed image in a registry, under a policy for it. */
async function pushed(stage: Stage, rule = SIGNED, signed = true): Promise<Pushed> {
  const app = await stage.image('app', { layers: [APP] });
  if (signed) await stage.sign(app);
  const reference = await stage.push('app', 'shop/app:1');
  stage.policy({ rule, images: `${(await stage.registry()).host}/shop/**` });
  return { app, reference };
}

/** A registry that misbehaves where a path matches. */
function faulty(
  name: string,
  fault: {
    readonly path: (pushed: Pushed) => RegExp;
    readonly action: FaultAction | ((pushed: Pushed) => FaultAction);
    readonly rule?: string;
  },
  expect: AdversarialCase['expect'],
): AdversarialCase {
  return {
    name,
    attack: async (stage) => {
      const made = await pushed(stage, fault.rule);
      const action = typeof fault.action === 'function' ? fault.action(made) : fault.action;
      (await stage.registry()).fail({ path: fault.path(made), action });
      return stage.check('', { images: [made.reference] });
    },
    expect,
  };
}

const error = (exit: number, ...codes: readonly string[]): AdversarialCase['expect'] => ({
  verdict: 'deny',
  exit,
  codes: codes.map((code) => `error ${code}`),
});

/** Pushes referrers that are no bundles, straight into the registry. */
async function flood(stage: Stage, { app }: Pushed, count: number): Promise<void> {
  const registry = await stage.registry();
  registry.putBlob('shop/app', '{}');
  const empty = `sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a`;
  for (let index = 0; index < count; index += 1) {
    registry.putManifest(
      'shop/app',
      {
        schemaVersion: 2,
        mediaType: MANIFEST,
        artifactType: BUNDLE,
        config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: empty, size: 2 },
        layers: [{ mediaType: BUNDLE, digest: empty, size: 2 }],
        subject: { mediaType: MANIFEST, digest: app.digest, size: app.image.manifest.bytes.byteLength },
        annotations: { index: String(index) },
      },
      { mediaType: MANIFEST },
    );
  }
}

async function counted(stage: Stage, reference: string, path: RegExp): Promise<readonly [Decision, number]> {
  const decision = await stage.check('', { images: [reference] });
  return [decision, (await stage.registry()).count('GET', path)];
}

export const REGISTRY_CASES: readonly AdversarialCase[] = [
  {
    name: 'a registry that answers differently on the second read: everything after the first speaks of its digest',
    attack: async (stage) => {
      const { app, reference } = await pushed(stage);
      const evil = await stage.image('evil', { layers: [{ 'app/run': 'evil\n' }] });
      await stage.push('evil', 'shop/app:evil');
      const registry = await stage.registry();
      const swapped = registry.getManifest('shop/app', 'evil')!;
      registry.putManifest('shop/app', swapped.bytes, { mediaType: MANIFEST, tag: '1' });
      registry.fail({
        path: /\/manifests\/1$/,
        times: 1,
        action: {
          kind: 'status',
          status: 200,
          headers: { 'content-type': MANIFEST, 'docker-content-digest': app.digest },
          body: Buffer.from(app.image.manifest.bytes).toString(),
        },
      });
      const [decision, reads] = await counted(stage, reference, /\/manifests\/1$/);
      if (reads !== 1) throw new Error(`the tag was read ${reads} times`);
      const approved = decision.images.flatMap(({ approves }) => approves);
      if (approved.includes(evil.digest) || decision.images[0]?.digest !== app.digest) throw new Error('swapped');
      return decision;
    },
    expect: ALLOW,
  },
  {
    name: 'a header that names the digest of the signed image over the bytes of another',
    attack: async (stage) => {
      const { app, reference } = await pushed(stage);
      const evil = await stage.image('evil', { layers: [{ 'app/run': 'evil\n' }] });
      await stage.push('evil', 'shop/app:evil');
      const body = Buffer.from(evil.image.manifest.bytes).toString();
      const headers = { 'content-type': MANIFEST, 'docker-content-digest': app.digest };
      (await stage.registry()).fail({
        path: /\/manifests\/1$/,
        action: { kind: 'status', status: 200, headers, body },
      });
      return stage.check('', { images: [reference] });
    },
    expect: error(6, 'DIGEST_MISMATCH'),
  },
  {
    name: 'other bytes than the digest that was asked for',
    attack: async (stage) => {
      const { app, reference } = await pushed(stage);
      const evil = await stage.image('evil', { layers: [{ 'app/run': 'evil\n' }] });
      const body = Buffer.from(evil.image.manifest.bytes).toString();
      const action = { kind: 'status', status: 200, headers: { 'content-type': MANIFEST }, body } as const;
      (await stage.registry()).fail({ path: /\/manifests\/sha256:/, action });
      return stage.check('', { images: [`${reference}@${app.digest}`] });
    },
    expect: error(6, 'DIGEST_MISMATCH'),
  },
  faulty(
    'a layer of other bytes than its digest says',
    {
      path: ({ app }) => new RegExp(app.image.layers[0]!.descriptor.digest),
      action: { kind: 'corrupt' },
      rule: `${SIGNED}, components: { deny: [{ purl: "pkg:npm/x" }] }`,
    },
    { verdict: 'deny', exit: 6, codes: ['error LAYER_DIGEST_MISMATCH'], passes: ['SIGNED'] },
  ),
  faulty(
    'a configuration of other bytes',
    { path: ({ app }) => new RegExp(app.image.configDigest), action: { kind: 'corrupt' } },
    error(6, 'DIGEST_MISMATCH'),
  ),
  faulty(
    'redirect to a link-local address',
    {
      path: ({ app }) => new RegExp(app.image.configDigest),
      action: { kind: 'redirect', location: 'http://169.254.169.254/latest/meta-data/' },
    },
    error(4, 'NET_REDIRECT_REFUSED'),
  ),
  faulty(
    'a token realm on a link-local address',
    {
      path: () => /\/manifests\/1$/,
      action: {
        kind: 'status',
        status: 401,
        headers: { 'www-authenticate': 'Bearer realm="http://169.254.169.254/token",service="x"' },
      },
    },
    error(5, 'REGISTRY_REALM_REFUSED'),
  ),
  faulty(
    'a token realm on another host: credentials go to nobody else',
    {
      path: () => /\/manifests\/1$/,
      action: {
        kind: 'status',
        status: 401,
        headers: { 'www-authenticate': 'Bearer realm="https://evil.example/token",service="x"' },
      },
    },
    error(5, 'REGISTRY_REALM_REFUSED'),
  ),
  ...(
    [
      [500, 4, 'REGISTRY_SERVER_ERROR'],
      [429, 4, 'REGISTRY_RATE_LIMITED'],
      [403, 5, 'REGISTRY_FORBIDDEN'],
    ] as const
  ).map(([status, exit, code]) =>
    faulty(
      `a listing of referrers that answers ${status} is not "unsigned"`,
      { path: () => /\/referrers\//, action: { kind: 'status', status } },
      error(exit, code),
    ),
  ),
  faulty(
    'a listing of referrers that is a web page: the registry knows no such listing, and nobody signed',
    { path: () => /\/referrers\//, action: { kind: 'html' } },
    { verdict: 'deny', exit: 1, codes: ['fail UNSIGNED'] },
  ),
  {
    name: '10k referrers: over the cap the listing is an error, never "unsigned"',
    attack: async (stage) => {
      const made = await pushed(stage, SIGNED, false);
      await flood(stage, made, 10_000);
      return stage.check('', { images: [made.reference] });
    },
    expect: error(6, 'LIMIT_EXCEEDED'),
  },
  {
    name: 'a hundred referrers that are no bundles beside the honest signature',
    attack: async (stage) => {
      const made = await pushed(stage);
      await flood(stage, made, 100);
      return stage.check('', { images: [made.reference] });
    },
    expect: ALLOW,
  },
  {
    name: 'a 200 MB SBOM is not fetched, and does not hide the honest signature',
    attack: async (stage) => {
      const { app, reference } = await pushed(stage);
      const registry = await stage.registry();
      const large = registry.putBlob('shop/app', Buffer.alloc(200 * 1024 * 1024, ' '));
      const empty = registry.putBlob('shop/app', '{}');
      registry.putManifest(
        'shop/app',
        {
          schemaVersion: 2,
          mediaType: MANIFEST,
          artifactType: BUNDLE,
          config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: empty, size: 2 },
          layers: [{ mediaType: BUNDLE, digest: large, size: 200 * 1024 * 1024 }],
          subject: { mediaType: MANIFEST, digest: app.digest, size: app.image.manifest.bytes.byteLength },
        },
        { mediaType: MANIFEST },
      );
      const [decision, reads] = await counted(stage, reference, new RegExp(large));
      if (reads > 0) throw new Error('the large blob was fetched');
      return decision;
    },
    expect: ALLOW,
  },
  {
    name: 'name:tag@digest where the tag has moved',
    attack: async (stage) => {
      const { app, reference } = await pushed(stage);
      await stage.image('evil', { layers: [{ 'app/run': 'evil\n' }] });
      await stage.push('evil', 'shop/app:1');
      return stage.check('', { images: [`${reference}@${app.digest}`] });
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail TAG_MOVED'], passes: ['SIGNED'] },
  },
  {
    name: 'a tag that moved after signing leads to a digest that nobody signed',
    attack: async (stage) => {
      const { reference } = await pushed(stage);
      await stage.image('evil', { layers: [{ 'app/run': 'evil\n' }] });
      await stage.push('evil', 'shop/app:1');
      return stage.check('', { images: [reference] });
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail UNSIGNED'] },
  },
  {
    name: 'a tag that is gone',
    attack: async (stage) => {
      const { reference } = await pushed(stage);
      return stage.check('', { images: [reference.replace(/:1$/, ':2')] });
    },
    expect: error(6, 'MANIFEST_NOT_FOUND'),
  },
  ...(
    [
      ['layers and manifests', (manifest) => (manifest['manifests'] = []), 'MANIFEST_AMBIGUOUS'],
      [
        'more layers than its configuration has diffIDs',
        (manifest) => (manifest['layers'] as unknown[]).push((manifest['layers'] as unknown[])[0]),
        'DIFF_ID_COUNT',
      ],
    ] as readonly (readonly [string, (manifest: Record<string, unknown>) => unknown, string])[]
  ).map(([what, change, code]): AdversarialCase => ({
    name: `a manifest with ${what}`,
    attack: async (stage) => {
      const { app } = await pushed(stage);
      const registry = await stage.registry();
      const manifest = JSON.parse(Buffer.from(app.image.manifest.bytes).toString()) as Record<string, unknown>;
      change(manifest);
      registry.putManifest('shop/app', manifest, { mediaType: MANIFEST, tag: 'odd' });
      return stage.check('', { images: [`${registry.host}/shop/app:odd`] });
    },
    expect: error(6, code),
  })),
  {
    name: 'a claimed diffID that the layer does not unpack to',
    attack: async (stage) => {
      stage.policy({ rule: 'base: { allow: [tiny] }' });
      const base = await stage.image('base', { layers: [{ 'etc/tiny': 'tiny\n' }] });
      await stage.lock();
      const app = await stage.image('evil', { layers: [{ 'bin/sh': 'evil\n' }, APP] });
      await stage.altered(app, 'app', {
        config: (config) => {
          const rootfs = config['rootfs'] as { diff_ids: string[] };
          rootfs.diff_ids[0] = base.image.config.diffIds[0]!;
        },
      });
      return stage.check('app');
    },
    expect: error(6, 'LAYER_DIFF_ID_MISMATCH'),
  },
  {
    name: 'a tag that moves between two checks: nothing is remembered by tag',
    attack: async (stage) => {
      const { reference } = await pushed(stage);
      const first = await stage.check('', { images: [reference] });
      if (first.verdict !== 'allow') throw new Error('the honest image was denied');
      await stage.image('evil', { layers: [{ 'app/run': 'evil\n' }] });
      await stage.push('evil', 'shop/app:1');
      return stage.check('', { images: [reference] });
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail UNSIGNED'] },
  },
  {
    name: 'a registry that never answers: the deadline is an error, never "unsigned"',
    attack: async (stage) => {
      const { reference } = await pushed(stage);
      (await stage.registry()).fail({ path: /\/referrers\//, action: { kind: 'hang' } });
      return stage.check('', { images: [reference], deadlineMs: 1500 });
    },
    expect: error(4, 'DEADLINE_EXCEEDED'),
  },
  faulty(
    'a layer that goes on after its end',
    {
      path: ({ app }) => new RegExp(app.image.layers[0]!.descriptor.digest),
      action: { kind: 'append', bytes: 4096 },
      rule: `${SIGNED}, components: { deny: [{ purl: "pkg:npm/x" }] }`,
    },
    { verdict: 'deny', exit: 6, codes: ['error BLOB_SIZE_MISMATCH'], passes: ['SIGNED'] },
  ),
  {
    name: 'a manifest nested without end',
    attack: async (stage) => {
      await pushed(stage);
      const registry = await stage.registry();
      const deep = Buffer.from(
        `{"schemaVersion":2,"mediaType":"${MANIFEST}","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      );
      registry.putManifest('shop/app', deep, { mediaType: MANIFEST, tag: 'deep' });
      return stage.check('', { images: [`${registry.host}/shop/app:deep`] });
    },
    expect: error(6, 'LIMIT_EXCEEDED'),
  },
];
