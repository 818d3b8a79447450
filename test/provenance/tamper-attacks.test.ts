import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { COMPARISON_CAPTURES, compareWithBase, tamperFindings } from '../../src/provenance/index.ts';
import { memoryView, type MemoryEntry } from '../support/memory-view.ts';

type Files = Readonly<Record<string, MemoryEntry>>;

const DASH = 'Package: dash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 0.5.12-2\n';
const LIBC = 'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\n';
const PEM = (body: string, label = 'CERTIFICATE'): string =>
  `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const PASSWD = 'root:x:0:0:root:/root:/bin/bash\nbin:x:2:2:bin:/bin:/usr/sbin/nologin\n';
const CAP_NET_RAW = '0100000200200000000000000000000000000000';
const CAP_SYS_ADMIN = '0100000200002000000000000000000000000000';

const BASE: Files = {
  bin: { link: 'usr/bin' },
  lib: { link: 'usr/lib' },
  lib64: { link: 'usr/lib64' },
  'usr/lib64/ld-linux-x86-64.so.2': { link: '../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2' },
  'usr/bin/dash': { content: 'dash', mode: 0o755 },
  'usr/bin/sh': { link: 'dash' },
  'usr/bin/ls': { content: 'ls', mode: 0o755 },
  'usr/bin/ping': { content: 'ping', mode: 0o755, xattrs: { 'security.capability': CAP_NET_RAW } },
  'usr/bin/chage': { content: 'chage', mode: 0o2755, gid: 42 },
  'usr/lib/x86_64-linux-gnu/libc.so.6': 'libc 2.36',
  'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2': 'loader',
  'etc/passwd': PASSWD,
  'etc/shadow': 'root:*:19000:0:99999:7:::\nbin:*:19000:0:99999:7:::\n',
  'etc/ssl/certs/ca-certificates.crt': PEM('AAAA'),
  'var/lib/dpkg/status': `${DASH}\n${LIBC}`,
  'var/lib/dpkg/info/dash.list': '/.\n/bin\n/bin/dash\n',
  'var/lib/dpkg/info/libc6:amd64.list': '/lib/x86_64-linux-gnu/libc.so.6\n',
};

interface Attack {
  readonly without?: readonly string[];
  readonly env?: readonly string[];
  readonly workingDirectory?: string;
  readonly base?: Files;
}

/** Critical findings of an upper layer on the base, `class /path`. */
function critical(changes: Files, attack: Attack = {}): readonly string[] {
  const below = { ...BASE, ...attack.base };
  const kept = Object.fromEntries(Object.entries(below).filter(([path]) => !attack.without?.includes(path)));
  const upper = Object.fromEntries(
    Object.entries(changes).map(([path, entry]) => [
      path,
      typeof entry === 'string' || entry instanceof Uint8Array ? { content: entry, layer: 1 } : { layer: 1, ...entry },
    ]),
  );
  const comparison = compareWithBase({
    base: memoryView(below, { captures: COMPARISON_CAPTURES }),
    final: memoryView({ ...kept, ...upper }, { captures: COMPARISON_CAPTURES }),
    layerCount: 1,
    env: attack.env ?? [],
    ...(attack.workingDirectory === undefined ? {} : { workingDirectory: attack.workingDirectory }),
  });
  return tamperFindings(comparison)
    .filter((finding) => finding.critical)
    .map((finding) => `${finding.class} ${finding.path}`);
}

describe('links to folders', () => {
  for (const path of ['lib64', 'lib', 'bin']) {
    test(`a base link to a system folder that leads elsewhere is critical: /${path}`, () => {
      const found = critical({ [path]: { link: 'opt/evil' }, 'opt/evil/ld-linux-x86-64.so.2': 'evil' });
      assert.ok(found.includes(`directory-to-link /${path}`), found.join());
    });
  }

  test('a base link to a system folder that became a folder is critical', () => {
    const found = critical({ bin: { directory: true }, 'bin/mount': { content: 'evil', mode: 0o755 } });
    assert.ok(found.includes('directory-to-link /bin'), found.join());
  });

  test('the same link written otherwise is no change of where it leads', () => {
    assert.deepEqual(critical({ lib64: { link: '/usr/lib64' } }), []);
  });

  test('a new link in the place of a folder whose contents are critical is critical', () => {
    assert.deepEqual(critical({ 'etc/ld.so.conf.d': { link: '/opt/evil' }, 'opt/evil/a.conf': '/opt' }), [
      'ld-conf /etc/ld.so.conf.d',
    ]);
    assert.deepEqual(critical({ 'etc/apt/sources.list.d': { link: '/opt/evil' } }), [
      'package-sources /etc/apt/sources.list.d',
    ]);
  });

  test('merging /usr adds links that lead where the folder was meant: no tampering', () => {
    assert.deepEqual(critical({ sbin: { link: 'usr/sbin' }, 'usr/sbin/tool': { content: 'x', mode: 0o755 } }), []);
  });
});

describe('critical links to places that are not', () => {
  const base: Files = {
    'usr/bin/bash': { link: '/opt/shells/bash-5' },
    'opt/shells/bash-5': { content: 'bash', mode: 0o755 },
    'busybox/sh': { content: 'busybox', mode: 0o755 },
  };
  const evil = { content: 'evil', mode: 0o755 };

  test('what the link leads to is as critical as the link', () => {
    assert.deepEqual(critical({ 'opt/shells/bash-5': evil }, { base }), ['shell /usr/bin/bash']);
    assert.deepEqual(critical({ 'opt/shells': { link: '/opt/evil' }, 'opt/evil/bash-5': evil }, { base }), [
      'directory-to-link /opt/shells',
      'shell /usr/bin/bash',
    ]);
    assert.deepEqual(critical({ 'opt/shells/zsh': evil }, { base }), []);
  });

  test('a target that is critical by itself is told once', () => {
    assert.deepEqual(critical({ 'usr/bin/dash': evil }), ['shell /usr/bin/dash']);
  });

  test('shells of debug images', () =>
    assert.deepEqual(critical({ 'busybox/sh': evil }, { base }), ['shell /busybox/sh']));
});

describe('privileges', () => {
  for (const path of ['tmp/x', 'var/cache/x', 'var/log/x', 'run/x', 'dev/x', 'var/lib/dpkg/info/x']) {
    test(`a setuid file is critical in a volatile place too: ${path}`, () => {
      assert.deepEqual(critical({ [path]: { content: 'x', mode: 0o4755 } }), [`setuid /${path}`]);
    });
  }

  test('a program that hides one of the base is critical in a volatile place too', () => {
    const env = ['PATH=/var/cache/bin:/usr/bin'];
    assert.deepEqual(critical({ 'var/cache/bin/ls': { content: 'x', mode: 0o755 } }, { env }), [
      'shadowed-executable /var/cache/bin/ls',
    ]);
  });

  test('more capabilities for a base file that had some are critical', () => {
    const xattrs = { 'security.capability': CAP_SYS_ADMIN };
    assert.deepEqual(critical({ 'usr/bin/ping': { content: 'ping', mode: 0o755, xattrs } }), ['setuid /usr/bin/ping']);
  });

  test('setuid for a base file that was setgid is critical, and so is another owner of it', () => {
    assert.deepEqual(critical({ 'usr/bin/chage': { content: 'chage', mode: 0o6755, gid: 42 } }), [
      'setuid /usr/bin/chage',
    ]);
    assert.deepEqual(critical({ 'usr/bin/chage': { content: 'chage', mode: 0o2755, gid: 0 } }), [
      'setuid /usr/bin/chage',
    ]);
  });

  test('a hard link of an upper layer sets mode and owner of the base file it names', () => {
    const link = (mode: number): Files => ({ 'tmp/x': { content: 'dash', mode, hardLinkTo: 'usr/bin/dash' } });
    assert.ok(critical(link(0o4755)).includes('setuid /usr/bin/dash'));
    assert.deepEqual(critical(link(0o777)), ['shell /usr/bin/dash']);
    assert.deepEqual(critical(link(0o755)), []);
  });
});

describe('what packages may claim', () => {
  const evil = (list: string): Files => ({
    'var/lib/dpkg/status': `${DASH}\n${LIBC}\nPackage: evil\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n`,
    'var/lib/dpkg/info/evil.list': list,
  });

  test('no package excuses a preload', () => {
    assert.deepEqual(critical({ ...evil('/etc/ld.so.preload\n'), 'etc/ld.so.preload': '/evil.so' }), [
      'ld-preload /etc/ld.so.preload',
    ]);
  });

  test('no package excuses a program in /usr/local that hides one of the base', () => {
    const changes = { ...evil('/usr/local/bin/ls\n'), 'usr/local/bin/ls': { content: 'x', mode: 0o755 } };
    assert.deepEqual(critical(changes), ['shadowed-executable /usr/local/bin/ls']);
  });

  test('a new package does not excuse a changed file of the base', () => {
    const changes = { ...evil('/bin/dash\n'), 'usr/bin/dash': { content: 'evil', mode: 0o755 } };
    assert.deepEqual(critical(changes), ['shell /usr/bin/dash']);
  });

  test('a package that is not installed excuses nothing', () => {
    const status = `${DASH}\n${LIBC}\nPackage: sudo\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n`;
    const changes: Files = {
      'var/lib/dpkg/status': status,
      'var/lib/dpkg/info/sudo.list': '/usr/bin/sudo\n',
      'usr/bin/sudo': { content: 's', mode: 0o4755 },
    };
    assert.deepEqual(critical(changes), ['setuid /usr/bin/sudo']);
  });

  test('an upgrade does not excuse a new setuid bit', () => {
    const status = `${DASH.replace('0.5.12-2', '0.5.12-3')}\n${LIBC}`;
    const changes: Files = { 'var/lib/dpkg/status': status, 'usr/bin/dash': { content: 'dash', mode: 0o4755 } };
    assert.deepEqual(critical(changes), ['setuid /usr/bin/dash']);
  });

  test('a second stanza of a base package is critical, whatever it says and wherever it stands', () => {
    const newer = LIBC.replace('2.36-9', '2.36-10');
    for (const status of [`${DASH}\n${LIBC}\n${newer}`, `${newer}\n${DASH}\n${LIBC}`]) {
      const changes: Files = {
        'var/lib/dpkg/status': status,
        'usr/lib/x86_64-linux-gnu/libc.so.6': 'evil',
      };
      const found = critical(changes);
      assert.ok(found.includes('package-database /var/lib/dpkg/status'), found.join());
      assert.ok(found.includes('libc /usr/lib/x86_64-linux-gnu/libc.so.6'), found.join());
    }
  });

  test('a second database that upgrades a base package excuses nothing', () => {
    const musl = 'P:musl\nV:1.2.5-r0\nA:x86_64\nF:lib\nR:ld-musl-x86_64.so.1\n';
    const base: Files = { 'usr/lib/ld-musl-x86_64.so.1': 'musl', 'usr/lib/apk/db/installed': musl };
    const without = Object.keys(BASE).filter((path) => path === 'var/lib/dpkg/status');
    const found = critical(
      {
        'usr/lib/ld-musl-x86_64.so.1': 'evil',
        'var/lib/dpkg/status': `${DASH}\n${LIBC}`,
        'opt/lib/apk/db/installed': musl.replace('1.2.5', '1.2.6'),
      },
      { base, without },
    );
    assert.deepEqual(found, ['dynamic-loader /usr/lib/ld-musl-x86_64.so.1']);
  });
});

describe('accounts', () => {
  for (const [what, passwd] of [
    ['an empty password for root', PASSWD.replace('root:x:', 'root::')],
    ['a password for root in passwd itself', PASSWD.replace('root:x:', 'root:$6$abc:')],
    ['uid 00', `${PASSWD}toor:x:00:0::/:/bin/sh\n`],
    ['uid +0', `${PASSWD}toor:x:+0:0::/:/bin/sh\n`],
    ['uid with a space', `${PASSWD}toor:x: 0:0::/:/bin/sh\n`],
    ['uid -0', `${PASSWD}toor:x:-0:0::/:/bin/sh\n`],
    ['uid 0x0', `${PASSWD}toor:x:0x0:0::/:/bin/sh\n`],
    ['uid 2^32', `${PASSWD}toor:x:4294967296:0::/:/bin/sh\n`],
    ['a line of another root in front', `root:x:0:0::/evil:/bin/sh\ntoor:x:0:0::/:/bin/sh\n${PASSWD}`],
    ['a network service line', `${PASSWD}+::0:0:::\n`],
    ['no newline at the end', `${PASSWD}toor:x:0:0::/:/bin/sh`],
    ['a leading blank', `${PASSWD} toor:x:0:0::/:/bin/sh\n`],
    ['a name that looks like a comment', `${PASSWD}#toor:x:0:0::/:/bin/sh\n`],
    ['a uid 0 behind very many lines', `${PASSWD}${'a:!:9:9:::\n'.repeat(120_000)}toor:x:0:0::/:/bin/sh\n`],
  ] as const) {
    test(`critical: ${what}`, () => assert.deepEqual(critical({ 'etc/passwd': passwd }), ['account /etc/passwd']));
  }

  test('a comment is no account', () => {
    assert.deepEqual(critical({ 'etc/passwd': `${PASSWD}# users: see the wiki\n` }), []);
  });

  for (const path of ['etc/passwd', 'etc/shadow']) {
    test(`${path} that cannot be read is critical`, () => {
      const found = critical({ [path]: { link: '/opt/accounts' }, 'opt/accounts': 'toor::0:0::/:/bin/sh\n' });
      assert.ok(found.includes(`account /${path}`), found.join());
    });
  }
});

describe('certificates', () => {
  for (const label of ['TRUSTED CERTIFICATE', 'X509 CERTIFICATE']) {
    test(`a store with a ${label} is not explained`, () => {
      assert.deepEqual(critical({ 'etc/ssl/certs/ca-certificates.crt': PEM('AAAA') + PEM('EVIL', label) }), [
        'ca-bundle /etc/ssl/certs/ca-certificates.crt',
      ]);
    });
  }

  test('a Java key store of the base that was replaced is critical', () => {
    const base: Files = { 'etc/ssl/certs/java/cacerts': 'jks' };
    assert.deepEqual(critical({ 'etc/ssl/certs/java/cacerts': 'evil' }, { base }), [
      'ca-bundle /etc/ssl/certs/java/cacerts',
    ]);
  });
});

describe('PATH', () => {
  const file = { content: 'x', mode: 0o755 };

  test('every PATH line counts: which one holds is the runtime’s affair', () => {
    for (const env of [
      ['PATH=/usr/bin', 'PATH=/opt/evil:/usr/bin'],
      ['PATH=/opt/evil:/usr/bin', 'PATH=/usr/bin'],
    ]) {
      assert.deepEqual(critical({ 'opt/evil/ls': file }, { env }), ['shadowed-executable /opt/evil/ls']);
    }
  });

  for (const path of ['', '.', './', 'bin/..']) {
    test(`an entry ${JSON.stringify(path)} is the working directory`, () => {
      const attack = { env: [`PATH=${path}:/usr/bin`], workingDirectory: '/app' };
      const found = critical({ 'app/ls': file, 'app/bin/x': 'x' }, attack);
      assert.deepEqual(found, ['shadowed-executable /app/ls']);
    });
  }

  test('a C library in /usr/local/lib is found before the base’s', () => {
    assert.deepEqual(critical({ 'usr/local/lib/libc.so.6': 'evil' }), ['libc /usr/local/lib/libc.so.6']);
  });
});
