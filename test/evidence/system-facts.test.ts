import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, type JsonValue } from '../../src/core/index.ts';
import { collectSystemFacts, systemPlan, type RunConfig, type SystemFacts } from '../../src/evidence/index.ts';
import { readSystemFacts } from '../../src/evidence/system/index.ts';
import { squash } from '../../src/filesystem/index.ts';
import { stackOf } from '../support/layer-fixtures.ts';

type Trees = Parameters<typeof stackOf>[0];

async function factsOf(trees: Trees, config: Partial<RunConfig> = {}): Promise<SystemFacts> {
  const run: RunConfig = { env: [], ...config };
  const stack = await stackOf(trees, systemPlan(run));
  const facts = collectSystemFacts({ config: run, stack, view: squash(stack) });
  // what is collected is what is read again
  const text = canonicalJson(facts as unknown as JsonValue);
  assert.deepEqual(readSystemFacts(JSON.parse(text) as JsonValue, 'system'), JSON.parse(text));
  return facts;
}

const executable = (content: string) => ({ mode: 0o755, content });
const KEY = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

const secretsOf = async (...trees: Trees): Promise<string[]> =>
  (await factsOf(trees)).secrets.items.map(
    ({ path, kind, layer, removedInLayer }) =>
      `${kind} ${path} ${layer}${removedInLayer === undefined ? '' : ` gone in ${removedInLayer}`}`,
  );

describe('secrets', () => {
  const secret = [
    ['root/.ssh/id_rsa', KEY.replaceAll('PRIVATE', 'RSA PRIVATE'), 'private-key'],
    ['root/.ssh/deploy', KEY, 'private-key'],
    ['etc/tls/server.key', KEY, 'private-key'],
    ['etc/tls/both.pem', `${CERTIFICATE}${KEY}`, 'private-key'],
    ['opt/encrypted.pem', KEY.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE'), 'private-key'],
    ['opt/key.asc', '-----BEGIN PGP PRIVATE KEY BLOCK-----\n', 'private-key'],
    ['root/x.ppk', 'PuTTY-User-Key-File-3: ssh-ed25519\n', 'private-key'],
    ['etc/ssh/ssh_host_ed25519_key', KEY.replaceAll('PRIVATE', 'OPENSSH PRIVATE'), 'ssh-host-key'],
    ['app/.env', 'DEBUG=1\nDB_PASSWORD=hunter2\n', 'environment-file'],
    ['root/.npmrc', '//registry.npmjs.org/:_authToken=npm_abc\n', 'npm-token'],
    ['root/.pypirc', '[pypi]\nusername = a\npassword = hunter2\n', 'python-index-password'],
    ['etc/pip.conf', '[global]\nindex-url = https://me:hunter2@pypi.example/simple\n', 'python-index-password'],
    ['root/.netrc', 'machine example.com login a password hunter2\n', 'netrc-password'],
    ['root/.docker/config.json', '{"auths":{"x":{"auth":"YTpi"}}}', 'registry-credential'],
    ['root/.aws/credentials', '[default]\naws_secret_access_key = abcdef\n', 'aws-secret-key'],
    ['root/.kube/config', 'users:\n- user:\n    client-key-data: LS0t\n', 'kubernetes-credential'],
    ['root/.git-credentials', 'https://me:ghp_x@github.com\n', 'git-credential'],
    ['app/.git/config', '[remote "origin"]\n url = https://me:ghp_x@github.com/a\n', 'git-credential'],
    ['app/key.json', '{"private_key": "-----BEGIN PRIVATE KEY-----\\nA"}', 'google-credential'],
  ] as const;

  test('files that hold secrets, each by its kind', async () => {
    const found = await secretsOf(Object.fromEntries(secret.map(([path, content]) => [path, content])));
    assert.deepEqual(
      found,
      secret.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([path, , kind]) => `${kind} /${path} 0`),
    );
  });

  test('a Java key store with a private key and a PKCS #12 file are key stores; a trust store is none', async () => {
    const jks = (tag: number) =>
      Buffer.from([0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, tag, 0, 0, 0, 0]);
    const p12 = Buffer.from([0x30, 0x82, 0x09, 0x10, 0x02, 0x01, 0x03, 0x30, 0x82]);
    assert.deepEqual(await secretsOf({ 'opt/a.jks': jks(1), 'opt/trust.jks': jks(2), 'opt/b.p12': p12 }), [
      'key-store /opt/a.jks 0',
      'key-store /opt/b.p12 0',
    ]);
  });

  const harmless = [
    ['a certificate', 'etc/ssl/cert.pem', CERTIFICATE],
    ['known hosts', 'root/.ssh/known_hosts', 'github.com ssh-ed25519 AAAA\n'],
    ['a public key', 'opt/key.pem', '-----BEGIN PUBLIC KEY-----\nA\n'],
    ['a variable in .npmrc', 'root/.npmrc', '//r/:_authToken=${NPM_TOKEN}\n'],
    ['settings in .env', 'app/.env', 'PORT=1\nPASSWORD=\nTOKEN=$X\nPASSWORD_FILE=/run/x\nAPI_KEY=changeme\n'],
    ['a Docker configuration without credentials', 'root/.docker/config.json', '{"credsStore":"x"}'],
    ['an address without a password', 'app/.git/config', 'url = https://github.com/a\n'],
    ['a key that something only speaks of', 'app/readme.md', KEY],
    ['a kubeconfig without credentials', 'root/.kube/config', 'clusters: []\n'],
  ] as const;

  test('certificates, public keys, placeholders and settings are none', async () => {
    const tree = Object.fromEntries(harmless.map(([, path, content]) => [path, content]));
    assert.equal(Object.keys(tree).length, harmless.length);
    assert.deepEqual(await secretsOf(tree), []);
  });

  test('a secret that an upper layer deletes, hides or replaces is still there', async () => {
    const lower = { 'a/id_rsa': KEY, 'b/server.key': KEY, 'c/x.pem': KEY, 'd/y.pem': KEY, 'e/z.pem': KEY };
    const found = await secretsOf(
      lower,
      { 'a/.wh.id_rsa': '', 'b/.wh..wh..opq': '' },
      { 'c/x.pem': CERTIFICATE, '.wh.d': '' },
    );
    assert.deepEqual(found, [
      'private-key /a/id_rsa 0 gone in 1',
      'private-key /b/server.key 0 gone in 1',
      'private-key /c/x.pem 0 gone in 2',
      'private-key /d/y.pem 0 gone in 2',
      'private-key /e/z.pem 0',
    ]);
  });

  test('keys among tests and examples of packages are counted apart, those of the application’s own tests are not excused', async () => {
    const { secrets, exampleSecrets } = await factsOf([
      {
        'app/node_modules/x/test/fixtures/key.pem': KEY,
        'usr/lib/python3/dist-packages/tornado/test/test.key': KEY,
        'usr/share/doc/openssl/examples/a.pem': KEY,
        'app/test/key.pem': KEY,
        'app/node_modules/x/lib/key.pem': KEY,
      },
    ]);
    assert.equal(exampleSecrets, 3);
    assert.deepEqual(
      secrets.items.map(({ path }) => path),
      ['/app/node_modules/x/lib/key.pem', '/app/test/key.pem'],
    );
  });

  test('counts all and lists two hundred', async () => {
    const tree = Object.fromEntries(Array.from({ length: 230 }, (_, index) => [`k/${index}.pem`, KEY]));
    const { secrets } = await factsOf([tree]);
    assert.equal(secrets.count, 230);
    assert.equal(secrets.items.length, 200);
  });

  test('nothing of a secret’s content is in the facts', async () => {
    const facts = await factsOf([{ 'root/.npmrc': '_authToken=hunter2hunter2', 'app/.env': 'DB_PASSWORD=hunter2' }]);
    assert.equal(facts.secrets.count, 2);
    assert.ok(!JSON.stringify(facts).includes('hunter2'));
  });
});

describe('accounts', () => {
  const ROOT = 'root:x:0:0::/root:/bin/sh\n';

  test('finds other roots, empty passwords and duplicates', async () => {
    const { accounts } = await factsOf([
      {
        'etc/passwd': `${ROOT}toor:x:0:0::/:/bin/sh\nodd:x:0x0:0::/:/bin/sh\nopen::1000:1000::/:/bin/sh\na:x:1000:1::/:\na:x:7:1::/:\n`,
        'etc/shadow': 'root::19000:0:99999:7:::\na:!:1::::::\n',
        'etc/group': 'root:x:0:\nx:x:5:\ny:x:5:\n',
      },
    ]);
    assert.deepEqual(accounts.rootNames.items, ['odd', 'toor']);
    assert.deepEqual(accounts.emptyPasswords.items, ['open', 'root']);
    assert.deepEqual(
      accounts.duplicates.items.map(({ what, value }) => `${what} ${value}`),
      ['name a', 'uid 0', 'uid 1000', 'gid 5'],
    );
    assert.deepEqual([accounts.passwd, accounts.shadow, accounts.group], ['read', 'read', 'read']);
  });

  test('a file that is not there is absent; one that leads elsewhere is unreadable', async () => {
    const { accounts } = await factsOf([
      { 'etc/passwd': ROOT, 'etc/shadow': 'link:/run/secrets/shadow', 'etc/group': 'dir' },
    ]);
    assert.deepEqual([accounts.passwd, accounts.shadow, accounts.group], ['read', 'unreadable', 'unreadable']);
    const none = (await factsOf([{ 'app/x': '' }])).accounts;
    assert.deepEqual([none.passwd, none.shadow, none.group], ['absent', 'absent', 'absent']);
  });

  for (const [user, wanted] of [
    ['app', { name: 'app', uid: 1000 }],
    ['app:root', { name: 'app', uid: 1000 }],
    ['zero', { name: 'zero', uid: 0 }],
    ['ghost', { name: 'ghost', uid: null }],
    ['1234', { name: '1234', uid: 0 }],
    ['5', null],
    ['', null],
  ] as const) {
    test(`the user ${JSON.stringify(user)}`, async () => {
      const passwd = `${ROOT}app:x:1000:1000::/:\nzero:x:00:0::/:\n1234:x:0:0::/:\n`;
      assert.deepEqual((await factsOf([{ 'etc/passwd': passwd }], { user })).user, wanted);
    });
  }
});

describe('the command', () => {
  const tree = {
    'usr/bin/server': executable('\u007fELF'),
    'usr/bin/plain': 'text',
    'app/run.sh': executable('#!/bin/sh\nexec server\n'),
    'app/env.py': executable('#!/usr/bin/env -S python3 -u\n'),
    'app/bash.sh': executable('#! /bin/bash -e\n'),
    'usr/bin/sh': executable('\u007fELF'),
    'usr/bin/env': executable('\u007fELF'),
    bin: 'link:usr/bin',
    'opt/link': 'link:/usr/bin/server',
    'opt/dangling': 'link:/nowhere',
    'opt/dir': 'dir',
  };

  for (const [what, config, wanted] of [
    ['on PATH', { entrypoint: ['server'] }, '/usr/bin/server null'],
    ['by its path', { cmd: ['/usr/bin/server'] }, '/usr/bin/server null'],
    ['through a folder that is a link', { entrypoint: ['/bin/server'] }, '/usr/bin/server null'],
    ['through a link', { entrypoint: ['/opt/link'] }, '/usr/bin/server null'],
    ['from the working directory', { entrypoint: ['./run.sh'], workingDirectory: '/app' }, '/app/run.sh null'],
    ['a link that leads nowhere', { entrypoint: ['/opt/dangling'] }, 'null missing'],
    ['not there', { entrypoint: ['/app/none'] }, 'null missing'],
    ['not on this PATH', { entrypoint: ['server'], env: ['PATH=/sbin'] }, 'null missing'],
    ['a folder', { entrypoint: ['/opt/dir'] }, '/opt/dir not-a-file'],
    ['not executable', { entrypoint: ['plain'] }, '/usr/bin/plain not-executable'],
    ['an empty word', { entrypoint: [''] }, 'null missing'],
    ['out of the root', { entrypoint: ['/../../usr/bin/server'] }, '/usr/bin/server null'],
    ['a script without its interpreter', { entrypoint: ['/app/bash.sh'] }, '/app/bash.sh no-interpreter'],
    ['a script whose env finds nothing', { entrypoint: ['/app/env.py'] }, '/app/env.py no-interpreter'],
  ] as const) {
    test(`${what}: ${wanted}`, async () => {
      const { command } = await factsOf([tree], config);
      assert.equal(`${command?.path ?? null} ${command?.problem ?? null}`, wanted);
    });
  }

  test('nothing is set', async () => {
    assert.equal((await factsOf([tree])).command, null);
  });
});

describe('what lies around', () => {
  test('tools where programs lie, by kind; elsewhere their names mean nothing', async () => {
    const { tools } = await factsOf([
      {
        'usr/bin/curl': executable('x'),
        'bin/sh': 'link:busybox',
        'usr/bin/apt': 'no program',
        'app/node_modules/x/bin/ssh': executable('x'),
        'usr/sbin/sudo': executable('x'),
      },
    ]);
    assert.deepEqual(
      tools.items.map(({ path, kind }) => `${kind} ${path}`),
      ['shell /bin/sh', 'network /usr/bin/curl', 'privilege /usr/sbin/sudo'],
    );
  });

  test('junk: the folder alone, and not in packages', async () => {
    const { junk } = await factsOf([
      {
        'app/.git/config': 'x',
        'app/.git/HEAD': 'x',
        'app/Dockerfile': 'x',
        'app/node_modules/a/.git/HEAD': 'x',
        'usr/share/x/Dockerfile': 'x',
      },
    ]);
    assert.deepEqual(
      junk.items.map(({ path }) => path),
      ['/app/.git', '/app/Dockerfile'],
    );
  });

  test('caches by folder; what package managers keep when clean is none', async () => {
    const { caches } = await factsOf([
      {
        'var/lib/apt/lists/x_Packages': 'abc',
        'var/lib/apt/lists/lock': 'x',
        'var/cache/apt/archives/partial': 'dir',
        'var/cache/apk/x.apk': 'ab',
        'root/.cache/pip/http/a/b': 'abcd',
        'home/me/.npm/_cacache/x': 'a',
      },
    ]);
    assert.deepEqual(
      caches.items.map(({ path, files, bytes }) => `${path} ${files} ${bytes}`),
      ['/home/me/.npm/_cacache 1 1', '/root/.cache/pip 1 4', '/var/cache/apk 1 2', '/var/lib/apt/lists 1 3'],
    );
  });

  test('sources that accept what nobody signed; comments are none', async () => {
    const { sources } = await factsOf([
      {
        'etc/apt/sources.list': '# deb [trusted=yes] http://x y z\ndeb [arch=amd64 trusted=yes] http://x y z\n',
        'etc/apt/sources.list.d/a.sources': 'Types: deb\nTrusted: yes\n',
        'etc/apt/apt.conf.d/90x': 'APT::Get::AllowUnauthenticated "true";\n',
        'etc/yum.repos.d/a.repo': '[a]\ngpgcheck=0\nrepo_gpgcheck=0\n',
        'etc/yum.repos.d/b.repo': '[b]\ngpgcheck=1\n',
        'root/.config/pip/pip.conf': '[global]\ntrusted-host = x\n',
      },
    ]);
    assert.deepEqual(
      sources.items.map(({ path, setting }) => `${path} ${setting}`),
      [
        '/etc/apt/apt.conf.d/90x AllowUnauthenticated',
        '/etc/apt/sources.list trusted=yes',
        '/etc/apt/sources.list.d/a.sources Trusted: yes',
        '/etc/yum.repos.d/a.repo gpgcheck=0',
        '/root/.config/pip/pip.conf trusted-host',
      ],
    );
  });

  test('what the world or the user may write, in the system and on PATH', async () => {
    const config = { user: '1000:1000', env: ['PATH=/app/bin:/usr/bin'], entrypoint: ['/app/main'] };
    const { writable } = await factsOf(
      [
        {
          'usr/bin': { type: 'directory', mode: 0o777 },
          'usr/bin/x': { mode: 0o757 },
          'app/bin': { type: 'directory', mode: 0o755, uid: 1000 },
          'app/main': { mode: 0o755, uid: 1000 },
          'app/data': { mode: 0o644, uid: 1000 },
          'etc/x': { mode: 0o664, gid: 1000 },
          'tmp/y': { mode: 0o666 },
        },
      ],
      config,
    );
    assert.deepEqual(
      writable.items.map(({ path, by, onPath }) => `${path} ${by} ${onPath}`),
      [
        '/app/bin user true',
        '/app/main user false',
        '/etc/x user false',
        '/usr/bin world true',
        '/usr/bin/x world true',
      ],
    );
  });

  test('folders that variables lead to', async () => {
    const env = [
      'LD_LIBRARY_PATH=/opt/lib:/tmp',
      'LD_PRELOAD=/tmp/x.so libc.so',
      'NODE_OPTIONS=--max-old-space-size=5 --require /app/hook.js',
      'PYTHONPATH=',
    ];
    const tree = {
      'opt/lib': 'dir',
      tmp: { type: 'directory', mode: 0o1777 },
      app: { type: 'directory', mode: 0o755, uid: 5 },
    } as const;
    const { searched, preload } = await factsOf([tree], { env, user: '5' });
    assert.deepEqual(
      searched.items.map(({ variable, path, state }) => `${variable} ${path} ${state}`),
      [
        'LD_LIBRARY_PATH /opt/lib protected',
        'LD_LIBRARY_PATH /tmp world-writable',
        'LD_PRELOAD /tmp world-writable',
        'NODE_OPTIONS /app user-writable',
      ],
    );
    assert.equal(preload, null);
    assert.deepEqual((await factsOf([{ 'app/x': '' }, { 'etc/ld.so.preload': '/x.so' }])).preload, {
      path: '/etc/ld.so.preload',
      layer: 1,
    });
  });

  test('os-release, from its second place too; without an id none', async () => {
    assert.deepEqual(
      (await factsOf([{ 'usr/lib/os-release': 'ID="Alpine"\nVERSION_ID=3.20.1\nPRETTY_NAME="Alpine 3.20"\n' }]))
        .osRelease,
      {
        id: 'alpine',
        versionId: '3.20.1',
        name: 'Alpine 3.20',
      },
    );
    assert.equal((await factsOf([{ 'etc/os-release': 'NAME=x\n' }])).osRelease, null);
  });

  test('files and bytes of the final view', async () => {
    assert.deepEqual((await factsOf([{ a: 'abc', b: 'x' }, { a: 'ab' }])).content, { files: 2, bytes: 3 });
  });
});

describe('hostile input', () => {
  test('whatever account files, sources and configurations hold, there are facts, and the same each time', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(text, text, fc.array(text, { maxLength: 4 }), async (passwd, source, words) => {
        const tree = {
          'etc/passwd': passwd,
          'etc/shadow': passwd,
          'etc/group': source,
          'etc/apt/sources.list': source,
          '.env': source,
          'etc/os-release': source,
        };
        const config = {
          env: words.map((word) => `PATH=${word}`),
          entrypoint: words,
          user: passwd,
          workingDirectory: source,
        };
        assert.deepEqual(await factsOf([tree], config), await factsOf([tree], config));
      }),
      { numRuns: 10 },
    );
  });

  test('long lines and many of them take no time to speak of', async () => {
    const long = 'A'.repeat(300_000);
    const facts = await factsOf([
      {
        'etc/passwd': 'a:x:1:1::/:\n'.repeat(90_000),
        'etc/apt/sources.list': `deb [${' '.repeat(200_000)}\n${'deb [x '.repeat(50_000)}`,
        '.env': `${long}PASS${long}\n${'PASSWORD'.repeat(20_000)}`,
        'root/.git-credentials': '://a:'.repeat(50_000),
      },
    ]);
    assert.equal(facts.accounts.passwd, 'read');
  });
});
