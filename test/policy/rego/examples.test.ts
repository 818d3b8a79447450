import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { canonicalJson, sha256Digest, type JsonValue } from '../../../src/core/index.ts';
import type { PolicyInput } from '../../../src/policy/index.ts';
import { readProgram, type PolicyProgram } from '../../../src/policy/rego/read-program.ts';
import { readResult } from '../../../src/policy/rego/read-result.ts';
import { RegoRunner } from '../../../src/policy/rego/rego-runner.ts';
import { GOOD_FILES, GOOD_SYSTEM } from '../../support/file-facts.ts';
import { buildBundle, evaluateWithOpa } from '../../support/opa.ts';
import { missingPeers } from '../../support/peers.ts';
import { EXAMPLE_ENTRYPOINTS, EXAMPLE_SOURCES, REGO_BUNDLES } from '../../support/rego-bundles.ts';

const DIGEST = sha256Digest('any');

const GOOD: PolicyInput = {
  apiVersion: 'waybill.dev/v1',
  kind: 'PolicyInput',
  time: '2026-11-24T12:00:00.000Z',
  rule: 'shop',
  image: {
    ref: 'registry.example.com/shop/web:1',
    name: 'registry.example.com/shop/web',
    tag: '1',
    digest: DIGEST,
    pinned: false,
    annotations: {},
  },
  platform: {
    name: 'linux/amd64',
    os: 'linux',
    architecture: 'amd64',
    digest: DIGEST,
    annotations: {},
    config: {
      created: null,
      author: null,
      user: '1000:1000',
      env: {},
      entrypoint: ['/app/server'],
      cmd: [],
      workingDirectory: null,
      labels: {
        'org.opencontainers.image.source': 'https://github.com/acme/shop',
        'org.opencontainers.image.revision': 'a'.repeat(40),
      },
      volumes: [],
      exposedPorts: [],
      healthcheck: [],
      history: [],
    },
    layers: [
      { index: 0, digest: DIGEST, diffId: DIGEST, sizeBytes: 10, createdBy: null, base: true },
      { index: 1, digest: DIGEST, diffId: DIGEST, sizeBytes: 10, createdBy: null, base: false },
    ],
  },
  base: { level: 'none', matches: [], claims: [], tamper: [] },
  sbom: {
    catalogers: {},
    components: [component('MIT'), component('(MIT OR GPL-2.0-only)'), component('MIT AND ISC')],
    unread: { count: 0, items: [] },
  },
  files: GOOD_FILES,
  system: GOOD_SYSTEM,
  signatures: [signed('2026-11-20T00:00:00.000Z')],
  attestations: [provenance('pkg:docker/golang@1.24?platform=linux%2Famd64')],
  unverified: [],
  exceptions: [],
};

function component(license?: string, purl = 'pkg:npm/n@1'): PolicyInput['sbom']['components'][number] {
  return {
    key: `${purl} ${license}`,
    type: 'library',
    name: 'n',
    group: null,
    version: '1',
    purl,
    licenses: license === undefined ? [] : [license],
    locations: [],
    dependsOn: [],
  };
}

function signed(signedAt: string | null): PolicyInput['signatures'][number] {
  return { subject: DIGEST, bundle: DIGEST, identities: ['release'], signer: 'key', signedAt, annotations: {} };
}

function provenance(uri: string, digest: JsonValue = { sha256: 'a'.repeat(64) }): PolicyInput['attestations'][number] {
  const predicate = {
    buildDefinition: { resolvedDependencies: [{ uri, digest }, { uri: 'git+https://example.com/x' }] },
  };
  return { ...signed(null), predicateType: 'https://slsa.dev/provenance/v1', predicate };
}

const withConfig = (config: Partial<PolicyInput['platform']['config']>): PolicyInput => ({
  ...GOOD,
  platform: { ...GOOD.platform, config: { ...GOOD.platform.config, ...config } },
});
const withComponents = (...components: PolicyInput['sbom']['components']): PolicyInput => ({
  ...GOOD,
  sbom: { catalogers: {}, components, unread: listOf() },
});
const listOf = <T>(...items: readonly T[]) => ({ count: items.length, items });
const gcc = (layer: number) => listOf({ path: '/usr/bin/gcc', kind: 'compiler' as const, layer });

/** What each entrypoint says of an input; whatever is not named says nothing. */
const CASES: readonly (readonly [
  string,
  PolicyInput,
  Readonly<Partial<Record<(typeof EXAMPLE_ENTRYPOINTS)[number], readonly string[]>>>,
])[] = [
  ['a good image', GOOD, {}],
  ['root by name', withConfig({ user: 'root' }), { 'waybill/runtime/deny': ['the image runs as root'] }],
  ['root by number', withConfig({ user: '0:1' }), { 'waybill/runtime/deny': ['the image runs as root'] }],
  ['no user', withConfig({ user: null }), { 'waybill/runtime/deny': ['the image runs as root'] }],
  ['a compiler in the base', { ...GOOD, system: { ...GOOD_SYSTEM, tools: gcc(0) } }, {}],
  [
    'a compiler of its own',
    { ...GOOD, system: { ...GOOD_SYSTEM, tools: gcc(1) } },
    { 'waybill/runtime/deny': ['/usr/bin/gcc is a compiler and was added in layer 1'] },
  ],
  [
    'a list that is cut off',
    { ...GOOD, system: { ...GOOD_SYSTEM, tools: { count: 7, items: [] } } },
    { 'waybill/runtime/deny': ['only 0 of 7 tools are listed'] },
  ],
  [
    'a folder that anybody may write',
    {
      ...GOOD,
      system: { ...GOOD_SYSTEM, writable: listOf({ path: '/etc/x', layer: 1, by: 'world' as const, onPath: false }) },
    },
    { 'waybill/runtime/deny': ['anybody may write /etc/x'] },
  ],
  [
    'no labels',
    withConfig({ labels: {} }),
    {
      'waybill/labels/deny': [
        'the label org.opencontainers.image.revision is missing',
        'the label org.opencontainers.image.source is missing',
      ],
    },
  ],
  [
    'a label with something else',
    withConfig({ labels: { ...GOOD.platform.config.labels, 'org.opencontainers.image.source': 'javascript:"x"\n' } }),
    { 'waybill/labels/deny': ['the label org.opencontainers.image.source is "javascript:\\"x\\"\\n"'] },
  ],
  [
    'licences',
    withComponents(
      component('GPL-3.0-only', 'pkg:npm/a@1'),
      component(undefined, 'pkg:npm/b@1'),
      component('MIT AND GPL-3.0-only', 'pkg:npm/c@1'),
      component('(MIT OR ISC) AND MIT', 'pkg:npm/d@1'),
      component('GPL-3.0-only', 'pkg:deb/debian/e@1'),
    ),
    {
      'waybill/licenses/deny': [
        'pkg:npm/a@1 states the licence GPL-3.0-only',
        'pkg:npm/b@1 states no licence',
        'pkg:npm/c@1 states the licence MIT AND GPL-3.0-only',
        'pkg:npm/d@1 states the licence (MIT OR ISC) AND MIT',
      ],
    },
  ],
  ['no signature', { ...GOOD, signatures: [] }, { 'waybill/age/deny': ['no signature with a trusted time'] }],
  ['no time', { ...GOOD, signatures: [signed(null)] }, { 'waybill/age/deny': ['no signature with a trusted time'] }],
  [
    'an old signature',
    { ...GOOD, signatures: [signed('2026-08-01T00:00:00.000Z')] },
    { 'waybill/age/deny': ['the youngest signature is 115 days old, more than 90'] },
  ],
  [
    'one that will be old soon',
    { ...GOOD, signatures: [signed('2026-09-01T12:00:00.000Z'), signed('2026-01-01T12:00:00.000Z')] },
    { 'waybill/age/warn': ['the youngest signature will be too old in 6 days'] },
  ],
  [
    'no provenance',
    { ...GOOD, attestations: [] },
    { 'waybill/builders/deny': ['no verified provenance says what went into the build'] },
  ],
  [
    'a builder image from elsewhere, without digest',
    { ...GOOD, attestations: [provenance('pkg:docker/evil.example/golang@1.24', null)] },
    {
      'waybill/builders/deny': [
        'the build used pkg:docker/evil.example/golang@1.24 without a digest',
        'the build used pkg:docker/evil.example/golang@1.24, which is from none of the registries allowed',
      ],
    },
  ],
];

describe('example policies', () => {
  let runner: RegoRunner;
  const program = readProgram(readFileSync(REGO_BUNDLES.examples.output));
  before(() => {
    runner = new RegoRunner({ deadlineMs: 60_000, memoryPages: 1024 });
  });
  after(() => runner[Symbol.asyncDispose]());

  const evaluate = (compiled: PolicyProgram, entrypoint: string, input: PolicyInput): Promise<string> =>
    runner.evaluate(compiled, entrypoint, canonicalJson(input as unknown as JsonValue));

  for (const [what, input, expected] of CASES) {
    test(`of ${what} they say what they should`, async () => {
      for (const entrypoint of EXAMPLE_ENTRYPOINTS) {
        const messages = readResult(await evaluate(program, entrypoint, input), entrypoint);
        assert.deepEqual(
          messages.map(({ text }) => text),
          expected[entrypoint] ?? [],
          entrypoint,
        );
      }
    });
  }

  test('opa itself says the same of the sources', { skip: missingPeers('opa') }, async () => {
    for (const [what, input] of CASES) {
      const said = evaluateWithOpa(EXAMPLE_SOURCES, 'data.waybill', canonicalJson(input as unknown as JsonValue));
      const packages = JSON.parse(said ?? '{}') as Readonly<
        Record<string, Readonly<Record<string, readonly JsonValue[]>>>
      >;
      for (const entrypoint of EXAMPLE_ENTRYPOINTS) {
        const [, name = '', rule = ''] = entrypoint.split('/');
        const own = JSON.parse(await evaluate(program, entrypoint, input)) as readonly {
          readonly result: readonly JsonValue[];
        }[];
        const sorted = (items: readonly JsonValue[] = []): readonly string[] => items.map(canonicalJson).toSorted();
        assert.deepEqual(sorted(own[0]?.result), sorted(packages[name]?.[rule]), `${what}: ${entrypoint}`);
      }
    }
  });

  test('the bundle that ships is what the sources compile to', { skip: missingPeers('opa') }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'waybill-rego-'));
    try {
      const output = join(folder, 'examples.tar.gz');
      await buildBundle({ ...REGO_BUNDLES.examples, output });
      const compiled = readProgram(readFileSync(output));
      for (const [what, input] of CASES) {
        for (const entrypoint of EXAMPLE_ENTRYPOINTS)
          assert.equal(await evaluate(compiled, entrypoint, input), await evaluate(program, entrypoint, input), what);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
