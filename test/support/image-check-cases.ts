import { type LedgerFacts, type SystemFacts } from '../../src/evidence/index.ts';
import { filesOf, GOOD_FILES, GOOD_SYSTEM, listOf } from './file-facts.ts';
import { buildImage, fakeDigest, lockBytes, noChanges, type ImageFacts, type ImageSpec } from './gate-world.ts';

const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';
/** A base of one layer, which the lock knows, and the application's. */
export const diffIds = [fakeDigest('base'), fakeDigest('app')];
const base = buildImage({ diffIds: diffIds.slice(0, 1) });
export const LOCK = lockBytes([
  { entry: 'debian', image: 'docker.io/library/debian', tag: '12', observedAt: '2026-11-24T00:00:00Z', images: [base] },
]);
export const BASES = `
bases:
  lock: bases.lock.jsonl
  entries: [{ name: debian, image: docker.io/library/debian }]
`;
export const ORIGIN = {
  'org.opencontainers.image.source': 'https://example.com/a',
  'org.opencontainers.image.revision': '1',
  'org.opencontainers.image.licenses': 'MIT',
};

/** What differs from an image that passes every check. */
export interface Given {
  readonly spec?: Partial<ImageSpec>;
  readonly system?: Partial<SystemFacts>;
  readonly files?: Partial<LedgerFacts>;
  readonly facts?: Partial<ImageFacts>;
  readonly mode?: 'deny' | 'warn';
  readonly head?: string;
  readonly rule?: string;
  readonly policyFiles?: Readonly<Record<string, Uint8Array | string>>;
}

/** Lines of history without layers. */
export const history = (...lines: readonly string[]): Given => ({
  spec: { history: lines.map((line) => ({ created_by: line, empty_layer: true })) },
});
/** Members of the configuration's `config`. */
export const run = (members: Readonly<Record<string, unknown>>, user?: string): Given => ({
  spec: { run: members, ...(user === undefined ? {} : { user }) },
});

/** What passes, and what does not, of each check. */
export const CASES: Readonly<
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
