import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  COMPARISON_CAPTURES,
  compareWithBase,
  tamperFindings,
  type TamperFinding,
} from '../../src/provenance/index.ts';
import { memoryView, type MemoryEntry } from '../support/memory-view.ts';

type Files = Readonly<Record<string, MemoryEntry>>;

const STATUS_DASH = 'Package: dash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 0.5.12-2\n';
const STATUS_LIBC = 'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9\n';
const PEM = (body: string): string => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;

const BASE: Files = {
  bin: { link: 'usr/bin' },
  lib: { link: 'usr/lib' },
  'usr/bin/dash': { content: 'dash', mode: 0o755 },
  'usr/bin/sh': { link: 'dash' },
  'usr/bin/ls': { content: 'ls', mode: 0o755 },
  'usr/bin/passwd': { content: 'passwd', mode: 0o4755 },
  'usr/lib/x86_64-linux-gnu/libc.so.6': 'libc 2.36',
  'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2': 'loader',
  'usr/share/doc/dash/copyright': 'text',
  'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nbin:x:2:2:bin:/bin:/usr/sbin/nologin\n',
  'etc/shadow': 'root:*:19000:0:99999:7:::\nbin:*:19000:0:99999:7:::\n',
  'etc/ssl/certs/ca-certificates.crt': PEM('AAAA'),
  'etc/apt/sources.list.d/debian.sources': 'deb',
  'usr/share/keyrings/debian.gpg': 'key',
  'etc/ld.so.conf': 'include\n',
  'etc/alternatives/awk': { link: '/usr/bin/mawk' },
  'var/lib/dpkg/status': `${STATUS_DASH}\n${STATUS_LIBC}`,
  'var/lib/dpkg/info/dash.list': '/.\n/bin\n/bin/dash\n',
  'var/lib/dpkg/info/libc6:amd64.list': '/lib/x86_64-linux-gnu/libc.so.6\n/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2\n',
};

function upper(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).map(([path, entry]) => [
      path,
      typeof entry === 'string' || entry instanceof Uint8Array ? { content: entry, layer: 1 } : { layer: 1, ...entry },
    ]),
  );
}

function findings(
  changes: Files,
  options: { readonly without?: readonly string[]; readonly env?: readonly string[] } = {},
): readonly TamperFinding[] {
  const kept = Object.fromEntries(Object.entries(BASE).filter(([path]) => !options.without?.includes(path)));
  const base = memoryView(BASE, { captures: COMPARISON_CAPTURES });
  const final = memoryView({ ...kept, ...upper(changes) }, { captures: COMPARISON_CAPTURES });
  return tamperFindings(compareWithBase({ base, final, layerCount: 1, env: options.env ?? [] }));
}

const critical = (changes: Files, options?: Parameters<typeof findings>[1]): string[] =>
  findings(changes, options)
    .filter((finding) => finding.critical)
    .map((finding) => `${finding.class} ${finding.path}`);

describe('tamperFindings', () => {
  test('says nothing about an untouched base and about ordinary additions', () => {
    assert.deepEqual(findings({}), []);
    assert.deepEqual(findings({ 'app/server.js': 'x', 'usr/bin/node': { content: 'elf', mode: 0o755 } }), []);
  });

  test('takes identical recreation for no change', () => {
    assert.deepEqual(findings({ 'usr/bin/dash': { content: 'dash', mode: 0o755 } }), []);
  });

  for (const [path, entry, wanted] of [
    ['usr/bin/dash', { content: 'evil', mode: 0o755 }, 'shell /usr/bin/dash'],
    ['etc/sudoers', 'evil', 'account /etc/sudoers'],
    ['etc/sudoers.d/app', 'app ALL=(ALL) NOPASSWD: ALL', 'account /etc/sudoers.d/app'],
    ['usr/bin/sh', { link: 'ls' }, 'shell /usr/bin/sh'],
    ['usr/lib/x86_64-linux-gnu/libc.so.6', 'evil', 'libc /usr/lib/x86_64-linux-gnu/libc.so.6'],
    [
      'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
      'evil',
      'dynamic-loader /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2',
    ],
    ['etc/ssl/certs/ca-certificates.crt', PEM('EVIL'), 'ca-bundle /etc/ssl/certs/ca-certificates.crt'],
    ['etc/apt/sources.list.d/evil.list', 'deb http://evil', 'package-sources /etc/apt/sources.list.d/evil.list'],
    ['usr/share/keyrings/evil.gpg', 'key', 'keyring /usr/share/keyrings/evil.gpg'],
    ['etc/ld.so.preload', '/evil.so', 'ld-preload /etc/ld.so.preload'],
    ['etc/ld.so.conf.d/evil.conf', '/evil', 'ld-conf /etc/ld.so.conf.d/evil.conf'],
    ['opt/rootme', { content: 'x', mode: 0o4755 }, 'setuid /opt/rootme'],
    ['usr/bin/ls', { content: 'ls', mode: 0o4755 }, 'setuid /usr/bin/ls'],
    ['usr/local/bin/ls', { content: 'evil', mode: 0o755 }, 'shadowed-executable /usr/local/bin/ls'],
    ['usr/local/share/ca-certificates/evil.crt', PEM('EVIL'), 'ca-bundle /usr/local/share/ca-certificates/evil.crt'],
  ] as const) {
    test(`is critical: ${wanted}`, () => assert.deepEqual(critical({ [path]: entry }), [wanted]));
  }

  test('a folder turned into a link is critical, and told once', () => {
    const without = ['usr/share/doc/dash/copyright'];
    assert.deepEqual(critical({ 'usr/share/doc': { link: '/evil' } }, { without }), [
      'directory-to-link /usr/share/doc',
    ]);
  });

  test('PATH of the image decides what hides a base executable', () => {
    assert.deepEqual(critical({ 'opt/bin/ls': { content: 'x', mode: 0o755 } }, { env: ['PATH=/opt/bin:/usr/bin'] }), [
      'shadowed-executable /opt/bin/ls',
    ]);
    assert.deepEqual(
      critical({ 'opt/bin/ls': { content: 'x', mode: 0o755 } }, { env: ['PATH=/usr/bin:/opt/bin'] }),
      [],
    );
  });

  test('accounts: uid 0, passwords and altered shadow lines are critical, locked system users are not', () => {
    const passwd = 'root:x:0:0:root:/root:/bin/bash\nbin:x:2:2:bin:/bin:/usr/sbin/nologin\n';
    const shadow = 'root:*:19000:0:99999:7:::\nbin:*:19000:0:99999:7:::\n';
    assert.deepEqual(
      critical({
        'etc/passwd': `${passwd}app:x:999:999::/app:/bin/sh\n`,
        'etc/shadow': `${shadow}app:!:19999::::::\n`,
      }),
      [],
    );
    assert.deepEqual(critical({ 'etc/passwd': `${passwd}toor:x:0:0::/root:/bin/sh\n` }), ['account /etc/passwd']);
    assert.deepEqual(critical({ 'etc/shadow': shadow.replace('root:*', 'root:$y$hash') }), ['account /etc/shadow']);
    assert.deepEqual(critical({ 'etc/shadow': `${shadow}app::19999::::::\n` }), ['account /etc/shadow']);
    assert.deepEqual(critical({ 'etc/shadow': shadow.replace('19000', '20000') }), []);
  });

  test('installing software by package is no tampering: database, cache, links, new setuid of a new package', () => {
    const changes: Files = {
      'var/lib/dpkg/status': `${STATUS_DASH}\n${STATUS_LIBC}\nPackage: sudo\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\nPackage: zsh\nArchitecture: amd64\nVersion: 5\n`,
      'var/lib/dpkg/info/sudo.list': '/usr/bin/sudo\n',
      'var/lib/dpkg/info/zsh.list': '/bin/zsh\n',
      'usr/bin/sudo': { content: 'sudo', mode: 0o4755 },
      'usr/bin/zsh': { content: 'zsh', mode: 0o755 },
      'etc/ld.so.cache': 'cache',
      'var/cache/apt/pkgcache.bin': 'x',
      'etc/alternatives/awk': { link: '/usr/bin/gawk' },
    };
    const result = findings(changes);
    assert.deepEqual(
      result.filter((finding) => finding.critical),
      [],
    );
    assert.deepEqual(result.map((finding) => finding.class).toSorted(), ['setuid', 'shell']);
  });

  test('a file list without a package in the database owns nothing', () => {
    assert.deepEqual(
      critical({ 'var/lib/dpkg/info/ghost.list': '/usr/bin/sudo\n', 'usr/bin/sudo': { content: 's', mode: 0o4755 } }),
      ['setuid /usr/bin/sudo'],
    );
  });

  test('a rebuilt certificate store is explained by certificate files that packages installed', () => {
    const changes: Files = {
      'var/lib/dpkg/status': `${STATUS_DASH}\n${STATUS_LIBC}\nPackage: ca-certificates\nArchitecture: all\nVersion: 1\n`,
      'var/lib/dpkg/info/ca-certificates.list': '/usr/share/ca-certificates/mozilla/B.crt\n',
      'usr/share/ca-certificates/mozilla/B.crt': PEM('BBBB'),
      'etc/ssl/certs/ca-certificates.crt': PEM('AAAA') + PEM('BBBB'),
      'etc/ssl/certs/B.pem': { link: '/usr/share/ca-certificates/mozilla/B.crt' },
      'etc/ssl/certs/0a1b2c.0': { link: 'B.pem' },
    };
    assert.deepEqual(critical(changes), []);
    assert.deepEqual(
      critical({ ...changes, 'etc/ssl/certs/ca-certificates.crt': PEM('AAAA') + PEM('BBBB') + PEM('EVIL') }),
      ['ca-bundle /etc/ssl/certs/ca-certificates.crt'],
    );
  });

  test('an upgrade of a base package is a class of its own, and covers the files of that package only', () => {
    const status = `${STATUS_DASH}\n${STATUS_LIBC.replace('2.36-9', '2.36-10')}`;
    const result = findings({ 'var/lib/dpkg/status': status, 'usr/lib/x86_64-linux-gnu/libc.so.6': 'libc 2.36-10' });
    assert.deepEqual(
      result.map(({ class: found, critical: isCritical }) => [found, isCritical]),
      [
        ['upgrade', false],
        ['upgrade', false],
      ],
    );
    assert.deepEqual(critical({ 'var/lib/dpkg/status': status, 'usr/bin/dash': { content: 'evil', mode: 0o755 } }), [
      'shell /usr/bin/dash',
    ]);
  });

  test('an older version than the base’s is no upgrade: it excuses nothing, and the database is critical itself', () => {
    const status = `${STATUS_DASH}\n${STATUS_LIBC.replace('2.36-9', '2.36-9~rc1')}`;
    assert.deepEqual(
      critical({ 'var/lib/dpkg/status': status, 'usr/lib/x86_64-linux-gnu/libc.so.6': 'libc 2.36-9~rc1' }).toSorted(),
      ['libc /usr/lib/x86_64-linux-gnu/libc.so.6', 'package-database /var/lib/dpkg/status'],
    );
  });

  test('stanzas of the base that vanish or change without a version are critical; so is a lost database', () => {
    assert.deepEqual(critical({ 'var/lib/dpkg/status': STATUS_DASH }), ['package-database /var/lib/dpkg/status']);
    assert.deepEqual(critical({ 'var/lib/dpkg/status': `${STATUS_DASH}Maintainer: me\n\n${STATUS_LIBC}` }), [
      'package-database /var/lib/dpkg/status',
    ]);
    const lost = critical({}, { without: ['var/lib/dpkg/status'] });
    assert.ok(lost.length > 0 && lost.every((line) => line === 'package-database /var/lib/dpkg/status'), lost.join());
  });

  test('deletions and other changes are told but not critical, keyrings excepted', () => {
    assert.deepEqual(
      findings({}, { without: ['usr/bin/ls'] }).map((finding) => [finding.class, finding.critical]),
      [['deleted', false]],
    );
    assert.deepEqual(critical({}, { without: ['usr/share/keyrings/debian.gpg'] }), [
      'keyring /usr/share/keyrings/debian.gpg',
    ]);
    assert.deepEqual(
      findings({ 'usr/bin/ls': { content: 'other', mode: 0o755 } }).map((finding) => finding.class),
      ['changed'],
    );
  });

  test('a change of owner or mode alone counts', () => {
    assert.deepEqual(critical({ 'usr/bin/dash': { content: 'dash', mode: 0o777 } }), ['shell /usr/bin/dash']);
    assert.deepEqual(critical({ 'usr/bin/dash': { content: 'dash', mode: 0o755, uid: 1000 } }), [
      'shell /usr/bin/dash',
    ]);
  });
});
