import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { openEvidence, type LedgerFacts, type SystemFacts } from '../../src/evidence/index.ts';
import {
  canonicalDecision,
  decide,
  evidenceNeeds,
  imageCheck,
  listImageChecks,
  type CheckResult,
} from '../../src/policy/index.ts';
import { endOfLifeOf } from '../../src/policy/image-checks/lifecycle.ts';
import { filesOf, GOOD_FILES, GOOD_SYSTEM, listOf } from '../support/file-facts.ts';
import {
  buildImage,
  buildIndex,
  createSigner,
  evidenceDocument,
  fakeDigest,
  lockBytes,
  noChanges,
  policyOf,
  signature,
  type ImageFacts,
  type ImageSpec,
} from '../support/gate-world.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';
const diffIds = [fakeDigest('base'), fakeDigest('app')];
const base = buildImage({ diffIds: diffIds.slice(0, 1) });
const LOCK = lockBytes([
  { entry: 'debian', image: 'docker.io/library/debian', tag: '12', observedAt: '2026-11-24T00:00:00Z', images: [base] },
]);
const BASES = `
bases:
  lock: bases.lock.jsonl
  entries: [{ name: debian, image: docker.io/library/debian }]
`;
const ORIGIN = {
  'org.opencontainers.image.source': 'https://example.com/a',
  'org.opencontainers.image.revision': '1',
  'org.opencontainers.image.licenses': 'MIT',
};

interface Given {
  readonly spec?: Partial<ImageSpec>;
  readonly system?: Partial<SystemFacts>;
  readonly files?: Partial<LedgerFacts>;
  readonly facts?: Partial<ImageFacts>;
  readonly mode?: 'deny' | 'warn';
  readonly head?: string;
  readonly rule?: string;
  readonly policyFiles?: Readonly<Record<string, Uint8Array | string>>;
}

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
  return found[0]!;
}

const history = (...lines: readonly string[]): Given => ({
  spec: { history: lines.map((line) => ({ created_by: line, empty_layer: true })) },
});
const run = (members: Readonly<Record<string, unknown>>, user?: string): Given => ({
  spec: { run: members, ...(user === undefined ? {} : { user }) },
});

/** What passes, and what does not, of each check. */
const CASES: Readonly<
  Record<string, { readonly good: Readonly<Record<string, Given>>; readonly bad: Readonly<Record<string, Given>> }>
> = {
  IMG001: {
    good: {
      'a number': {},
      'a number with a group': { spec: { user: '1000:0' } },
      'a name that is not root': { spec: { user: 'app' }, system: { user: { name: 'app', uid: 1000 } } },
    },
    bad: {
      nobody: { spec: { user: '' } },
      root: { spec: { user: 'root' } },
      '0': { spec: { user: '0' } },
      '0:1000': { spec: { user: '0:1000' } },
      'root:app': { spec: { user: 'root:app' } },
      '000': { spec: { user: '000' } },
      '+0': { spec: { user: '+0' } },
      'a group alone': { spec: { user: ':1000' } },
      'a name with uid 0': { spec: { user: 'toor' }, system: { user: { name: 'toor', uid: 0 } } },
      'a number that is the name of root': { spec: { user: '1000' }, system: { user: { name: '1000', uid: 0 } } },
      'a number beyond 32 bits': { spec: { user: '4294967296' } },
    },
  },
  IMG002: {
    good: {
      'a number': {},
      'a number and a named group': { spec: { user: '1000:app' } },
      nobody: { spec: { user: '' } },
    },
    bad: { 'a name': { spec: { user: 'app' } }, 'a name and group': { spec: { user: 'app:app' } } },
  },
  IMG003: {
    good: { 'on the locked base': { head: BASES, policyFiles: { 'bases.lock.jsonl': LOCK } } },
    bad: {
      'on something else': {
        head: BASES,
        policyFiles: { 'bases.lock.jsonl': LOCK },
        spec: { diffIds: [fakeDigest('other')] },
      },
    },
  },
  IMG004: {
    good: { none: {} },
    bad: {
      curl: { system: { tools: listOf({ path: '/usr/bin/curl', kind: 'network', layer: 1 }) } },
      'a shell': { system: { tools: listOf({ path: '/bin/sh', kind: 'shell', layer: 0 }) } },
    },
  },
  IMG005: {
    good: {
      none: {},
      'su of a base': { system: { tools: listOf({ path: '/usr/bin/su', kind: 'privilege', layer: 0 }) } },
      'a word that has su in it': history('RUN /bin/sh -c apt-get install sudoku # buildkit'),
    },
    bad: {
      'sudo of the base': { system: { tools: listOf({ path: '/usr/bin/sudo', kind: 'privilege', layer: 0 }) } },
      'su beyond the base': {
        head: BASES,
        policyFiles: { 'bases.lock.jsonl': LOCK },
        system: { tools: listOf({ path: '/usr/bin/su', kind: 'privilege', layer: 1 }) },
      },
      'sudo in a step': history('RUN /bin/sh -c cd /x && sudo make install # buildkit'),
      'su in an old step': history('/bin/sh -c su app -c true'),
    },
  },
  IMG006: {
    good: {
      'an OCI image': {},
      'a check': { spec: { configMediaType: DOCKER_CONFIG, run: { Healthcheck: { Test: ['CMD', 'x'] } } } },
    },
    bad: {
      'a Docker image without': { spec: { configMediaType: DOCKER_CONFIG } },
      'switched off': run({ Healthcheck: { Test: ['NONE'] } }),
      'only intervals': { spec: { configMediaType: DOCKER_CONFIG, run: { Healthcheck: { Interval: 5 } } } },
    },
  },
  IMG007: {
    good: {
      'in one step': history('RUN /bin/sh -c apt-get update && apt-get install -y curl # buildkit'),
      'with flags': history('/bin/sh -c apt-get -q -y update; apt-get -qy --no-install-recommends install curl'),
      'apk add': history('RUN /bin/sh -c apk update && apk add curl'),
      'text that only names it': history('LABEL note=apt-get update'),
    },
    bad: {
      'apt-get': history('RUN /bin/sh -c apt-get update # buildkit'),
      'in the old form': history('/bin/sh -c apt-get update'),
      apk: history('RUN /bin/sh -c apk update # buildkit'),
      'behind build arguments': history('RUN |1 A=b /bin/sh -c apt update # buildkit'),
    },
  },
  IMG008: {
    good: { none: {} },
    bad: { su: { files: { setuid: filesOf({ path: '/bin/su', mode: 0o4755 }) } } },
  },
  IMG009: {
    good: {
      copy: history('COPY a b # buildkit'),
      'the root file system': history('/bin/sh -c #(nop) ADD file:abc in / ', 'CMD ["sh"]'),
      'with a checksum': history(`ADD --checksum=sha256:${'a'.repeat(64)} https://example.com/a /a # buildkit`),
    },
    bad: {
      'a file': history('ADD rootfs.tar / # buildkit', 'ADD a /a # buildkit'),
      'from the network': history('ADD https://example.com/a / # buildkit'),
      'the root file system after something else': history('RUN /bin/sh -c true', 'ADD x.tar / # buildkit'),
    },
  },
  IMG010: {
    good: {
      none: {},
      'names that only sound so': run({ Env: ['GPG_KEY=ABC', 'PUBLIC_KEY=x', 'APT_KEYRING=/k', 'MONKEY=1', 'KEY=1'] }),
      'where a secret is': run({ Env: ['DB_PASSWORD_FILE=/run/secrets/db', 'TOKEN_URL=https://x'] }),
      'nothing and placeholders': run({ Env: ['PASSWORD=', 'TOKEN=$TOKEN', 'SECRET=<secret>', 'USE_TOKEN=true'] }),
      'keys among tests of packages': { system: { exampleSecrets: 3 } },
    },
    bad: {
      'a password': run({ Env: ['DB_PASSWORD=hunter2'] }),
      'in lower case': run({ Env: ['npm_token=abcdef'] }),
      'an API key': run({ Env: ['STRIPE_APIKEY=sk_live'] }),
      'an argument of the build': history('RUN |2 V=1 GITHUB_TOKEN=ghp_x /bin/sh -c make # buildkit'),
      'ENV that a later one takes away': history('ENV AWS_SECRET_ACCESS_KEY=abc # buildkit'),
      'the old form of ENV': history('/bin/sh -c #(nop)  ENV SECRET_KEY abc'),
      'a key': { system: { secrets: listOf({ path: '/k', kind: 'private-key', layer: 0 }) } },
      'a key that was deleted': {
        system: { secrets: listOf({ path: '/k', kind: 'private-key', layer: 0, removedInLayer: 1 }) },
      },
    },
  },
  IMG011: {
    good: {
      'ordinary steps': history(
        'RUN /bin/sh -c curl -fsSL https://x | sh -ek && wget -q y',
        'RUN /bin/sh -c pip install x',
      ),
    },
    bad: {
      apt: history('RUN /bin/sh -c apt-get install --allow-unauthenticated x'),
      apk: history('/bin/sh -c apk add --allow-untrusted x'),
      pip: history('RUN /bin/sh -c pip install --trusted-host pypi.org x'),
      'curl -k': history('RUN /bin/sh -c curl -sSkL https://x -o y'),
      'a source': { system: { sources: listOf({ path: '/etc/apt/sources.list', layer: 0, setting: 'trusted=yes' }) } },
    },
  },
  IMG012: { good: {}, bad: {} },
  IMG013: {
    good: { none: {}, data: run({ Volumes: { '/data': {}, '/var/lib/x': {} } }) },
    bad: {
      root: run({ Volumes: { '/': {} } }),
      proc: run({ Volumes: { '/proc': {} } }),
      'below dev': run({ Volumes: { '/dev/shm': {} } }),
      'with dots': run({ Volumes: { '/x/../etc/': {} } }),
      run: run({ Volumes: { '/var/run': {} } }),
    },
  },
  IMG014: {
    good: {
      none: {},
      'apk without cache': history('RUN /bin/sh -c apk add --no-cache curl'),
      'apk that cleans up': history('RUN /bin/sh -c apk add curl && rm -rf /var/cache/apk/*'),
    },
    bad: {
      lists: { system: { caches: listOf({ path: '/var/lib/apt/lists', files: 3, bytes: 9, layer: 1 }) } },
      apk: history('RUN /bin/sh -c apk --update add curl'),
    },
  },
  IMG015: {
    good: { 'a version': {}, 'a digest': { facts: { tag: null, requestedDigest: fakeDigest('any') } } },
    bad: { latest: { facts: { tag: 'latest' } }, nothing: { facts: { tag: null } } },
  },
  IMG016: {
    good: { none: {}, 'no account files': { system: { accounts: { ...GOOD_SYSTEM.accounts, shadow: 'absent' } } } },
    bad: { root: { system: { accounts: { ...GOOD_SYSTEM.accounts, emptyPasswords: listOf('root') } } } },
  },
  IMG017: {
    good: { none: {} },
    bad: {
      'another root': { system: { accounts: { ...GOOD_SYSTEM.accounts, rootNames: listOf('toor') } } },
      'the same id': {
        system: { accounts: { ...GOOD_SYSTEM.accounts, duplicates: listOf({ what: 'gid', value: '5' } as const) } },
      },
    },
  },
  IMG018: { good: { none: {} }, bad: { git: { system: { junk: listOf({ path: '/app/.git', layer: 1 }) } } } },
  IMG019: {
    good: { none: {} },
    bad: {
      world: { system: { writable: listOf({ path: '/usr/bin/x', layer: 1, by: 'world', onPath: true }) } },
      user: { system: { writable: listOf({ path: '/app/x', layer: 1, by: 'user', onPath: false }) } },
    },
  },
  IMG020: {
    good: {
      none: {},
      high: run({ ExposedPorts: { '8080/tcp': {}, '9000-9010/udp': {} } }),
      'low, as root': run({ ExposedPorts: { '80/tcp': {} } }, 'root'),
    },
    bad: {
      ssh: run({ ExposedPorts: { '22/tcp': {} } }, ''),
      'in a range': run({ ExposedPorts: { '2000-3000': {} } }),
      'low, not as root': run({ ExposedPorts: { '80': {} } }),
      'no port': run({ ExposedPorts: { 'x\u001b[31m': {} } }),
    },
  },
  IMG021: {
    good: {
      none: {},
      'a folder of root': {
        system: { searched: listOf({ variable: 'LD_LIBRARY_PATH', path: '/opt/lib', state: 'protected' }) },
      },
    },
    bad: {
      preload: { system: { preload: { path: '/etc/ld.so.preload', layer: 1 } } },
      'a writable folder': {
        system: { searched: listOf({ variable: 'LD_LIBRARY_PATH', path: '/tmp', state: 'world-writable' }) },
      },
    },
  },
  IMG022: {
    good: {
      maintained: {},
      'no system': { system: { osRelease: null } },
      rolling: { system: { osRelease: { id: 'wolfi', versionId: '20230201' } } },
      'a point release': { system: { osRelease: { id: 'alpine', versionId: '3.23.2' } } },
    },
    bad: {
      ended: { system: { osRelease: { id: 'debian', versionId: '10' } } },
      'ended, with a point': { system: { osRelease: { id: 'alpine', versionId: '3.18.4' } } },
      'ended centos': { system: { osRelease: { id: 'centos', versionId: '7' } } },
    },
  },
  IMG023: {
    good: { ordinary: {}, annotations: { spec: { labels: {}, annotations: ORIGIN } } },
    bad: {
      'no date': { spec: { created: '' } },
      'no real date': { spec: { created: 'yesterday' } },
      future: { spec: { created: '2027-01-01T00:00:00Z' } },
      'no origin': { spec: { labels: {} } },
      'large layers': { spec: { layerBytes: 2_000_000_000 } },
    },
  },
  IMG024: {
    good: { none: {} },
    bad: { one: { files: { unaccountedExecutables: filesOf({ path: '/app/x' }) } } },
  },
  IMG025: {
    good: { whole: {}, 'with a base': { head: BASES, policyFiles: { 'bases.lock.jsonl': LOCK } } },
    bad: {
      deleted: {
        files: {
          stripped: listOf({ kind: 'database-removed', path: '/lib/apk/db/installed', layer: 0, removedInLayer: 1 }),
        },
      },
      'a record of the base removed': {
        head: BASES,
        policyFiles: { 'bases.lock.jsonl': LOCK },
        facts: {
          facts: {
            comparisons: [
              {
                ...noChanges(1),
                packages: [
                  {
                    before: {
                      database: 'var/lib/dpkg/status',
                      name: 'dash',
                      architecture: 'amd64',
                      version: '1',
                      sha256: 'a'.repeat(64),
                    },
                  },
                ],
              },
            ],
            more: { files: GOOD_FILES },
          },
        },
      },
    },
  },
  IMG026: {
    good: {
      'exec form': run({ Entrypoint: ['/app/server'] }),
      'a shell that makes room': run({ Cmd: ['/bin/sh', '-c', 'exec /app/server'] }),
      'a shell of its own': run({ Cmd: ['/bin/sh'] }),
    },
    bad: {
      nothing: { system: { command: null } },
      missing: { system: { command: { program: '/x', path: null, problem: 'missing' } } },
      'not executable': { system: { command: { program: '/x', path: '/x', problem: 'not-executable' } } },
      'no interpreter': {
        system: { command: { program: '/x', path: '/x', problem: 'no-interpreter', interpreter: '/bin/bash' } },
      },
      'shell form': run({ Entrypoint: ['/bin/sh', '-c', '/app/server'] }),
    },
  },
  IMG027: { good: { 'one platform': {} }, bad: {} },
};

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
    const folder = join(import.meta.dirname, '..', '..', 'src', 'policy', 'image-checks');
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
