import { createHash } from 'node:crypto';
import type { LayerSpec } from '../../support/images.ts';
import type { AdversarialCase } from '../contract.ts';
import { APP, on, TINY } from './base.ts';

const RULE = 'base: { allow: [tiny], tamper: deny }';

function status(...packages: readonly (readonly [name: string, version: string])[]): string {
  return packages
    .map(
      ([name, version]) =>
        `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\nMaintainer: M <m@example.com>\nDescription: x\n`,
    )
    .join('\n');
}

const BASE: LayerSpec = [
  ...Object.entries(TINY).map(([path, content]) => ({ path, content })),
  { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="13"\n' },
  { path: 'etc/passwd', content: 'root:x:0:0:root:/root:/bin/sh\n' },
  { path: 'usr/bin/env', content: '#!env\n', mode: 0o755 },
  { path: 'usr/lib/x86_64-linux-gnu/libc.so.6', content: 'libc\n' },
  { path: 'var/lib/dpkg/status', content: status(['libc6', '2.41-2'], ['bash', '5.2-2']) },
];

/** `cap_setuid+ep` */
const CAP_SETUID = { 'security.capability': Buffer.from(`01000002${'80000000'.padEnd(32, '0')}`, 'hex') };

const md5 = (content: string): string => createHash('md5').update(content).digest('hex');

const HIDDEN_RECORD: LayerSpec = {
  'etc/os-release': 'ID=debian\nVERSION_ID="13"\n',
  'var/lib/dpkg/status': status(['bash', '5.2-2'], ['login', '1:4.16']),
  'var/lib/dpkg/info/bash.list': '/bin/bash\n',
  'var/lib/dpkg/info/bash.md5sums': `${md5('bash\n')}  bin/bash\n`,
  'var/lib/dpkg/info/login.list': '/bin/login\n',
  'bin/bash': 'bash\n',
  'bin/login': 'evil\n',
  ...Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`srv/${at}/release`, ' '.repeat(70_000)])),
  'var/lib/dpkg/info/login.md5sums': `${md5('login\n')}  bin/login\n${'\n'.repeat(17 << 20)}`,
};

function tampered(name: string, layers: readonly LayerSpec[], codes: readonly string[]): AdversarialCase {
  const denied = codes.some((code) => code.startsWith('fail'));
  return {
    name,
    attack: async (stage) => {
      stage.policy({ rule: RULE });
      const base = await stage.image('base', { layers: [BASE] });
      await stage.lock();
      await stage.image('app', { layers, ...on(base) });
      return stage.check('app');
    },
    expect: {
      verdict: denied ? 'deny' : codes.length > 0 ? 'warn' : 'allow',
      exit: denied ? 1 : 0,
      codes,
      passes: ['BASE_CONTENT'],
    },
  };
}

/** Layers that stand on the allowed base and undo it. */
export const TAMPER_CASES: readonly AdversarialCase[] = [
  tampered('nothing but an application', [APP], []),
  tampered('base file overwritten: libc', [{ 'usr/lib/x86_64-linux-gnu/libc.so.6': 'evil\n' }], ['fail BASE_TAMPERED']),
  tampered('base file overwritten: the shell', [{ 'bin/sh': '#!evil\n' }], ['fail BASE_TAMPERED']),
  tampered(
    'base file overwritten, and written back: no change',
    [{ 'bin/sh': '#!evil\n' }, { 'bin/sh': TINY['bin/sh']! }],
    [],
  ),
  tampered(
    'certificates of the base deleted: trust taken away is told, and denies nothing',
    [{ 'etc/ssl/certs/.wh.ca-certificates.crt': '' }],
    ['warn BASE_CHANGED'],
  ),
  tampered(
    'certificates hidden by an opaque folder, and others in their place',
    [{ 'etc/ssl/certs/.wh..wh..opq': '', 'etc/ssl/certs/ca-certificates.crt': 'evil' }],
    ['fail BASE_TAMPERED'],
  ),
  tampered('ld.so.preload', [{ 'etc/ld.so.preload': '/app/x.so\n' }], ['fail BASE_TAMPERED']),
  tampered(
    'a second uid 0',
    [{ 'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nback:x:0:0::/:/bin/sh\n' }],
    ['fail BASE_TAMPERED'],
  ),
  tampered(
    'a program before the base’s own on PATH',
    [[{ path: 'usr/local/bin/env', content: '#!evil\n', mode: 0o755 }]],
    ['fail BASE_TAMPERED'],
  ),
  tampered('a new setuid program', [[{ path: 'app/su', content: '#!su\n', mode: 0o4755 }]], ['fail BASE_TAMPERED']),
  tampered(
    'a folder of the base turned into a link',
    [
      [
        { path: 'etc/ssl', linkTarget: '/app/ssl' },
        { path: 'app/ssl/certs/ca-certificates.crt', content: 'evil\n' },
      ],
    ],
    ['fail BASE_TAMPERED', 'warn BASE_CHANGED'],
  ),
  tampered(
    'who may become root by doas',
    [{ 'etc/doas.d/all.conf': 'permit nopass :all\n', 'etc/doas.conf': 'permit nopass :all\n' }],
    ['fail BASE_TAMPERED'],
  ),
  tampered(
    'what sudo reads, behind a link that is new',
    [
      [
        { path: 'etc/sudoers.d', linkTarget: '../opt/rules' },
        { path: 'opt/rules/all', content: 'ALL ALL=(ALL) NOPASSWD: ALL\n' },
      ],
    ],
    ['fail BASE_TAMPERED'],
  ),
  ...['usr/lib/x86_64-linux-gnu/glibc-hwcaps', 'usr/lib/x86_64-linux-gnu/tls', 'lib/glibc-hwcaps'].map((path) =>
    tampered(
      `libraries that the loader prefers, behind a link that is new: ${path}`,
      [
        [
          { path, linkTarget: '/opt/lib' },
          { path: 'opt/lib/x86-64-v3/libc.so.6', content: 'evil\n' },
        ],
      ],
      ['fail BASE_TAMPERED'],
    ),
  ),
  tampered(
    'a link of OpenSSL’s to the certificates of the base is what its package has',
    [
      [
        { path: 'usr/lib/ssl/certs', linkTarget: '/etc/ssl/certs' },
        { path: 'usr/lib/ssl/cert.pem', linkTarget: '/etc/ssl/certs/ca-certificates.crt' },
      ],
    ],
    [],
  ),
  tampered(
    'certificates where Go looks next, once those of the base are gone',
    [{ 'etc/ssl/certs/.wh.ca-certificates.crt': '', 'etc/pki/tls/cacert.pem': 'evil\n' }],
    ['fail BASE_TAMPERED', 'warn BASE_CHANGED'],
  ),
  tampered(
    'certificates where Go looks next, behind a link to a folder that is the base’s own',
    [
      [
        { path: 'etc/ssl/certs/.wh.ca-certificates.crt', content: '' },
        { path: 'etc/pki/tls', linkTarget: '/etc/ssl' },
        { path: 'etc/ssl/cacert.pem', content: 'evil\n' },
      ],
    ],
    ['fail BASE_TAMPERED', 'warn BASE_CHANGED'],
  ),
  ...['usr/lib/ssl/certs', 'usr/lib/ssl', 'etc/pki/tls', 'usr/local/bin', 'usr/local/sbin'].map((path) =>
    tampered(
      `what programs look for in ${path}, behind a link that is new`,
      [
        [
          { path, linkTarget: '/opt/evil' },
          { path: 'opt/evil/env', content: '#!evil\n', mode: 0o755 },
          { path: 'opt/evil/cert.pem', content: 'evil\n' },
        ],
      ],
      ['fail BASE_TAMPERED'],
    ),
  ),
  tampered(
    'rebased image with a stale dpkg database: the base’s packages have other versions there',
    [{ 'var/lib/dpkg/status': status(['libc6', '2.36-9'], ['bash', '5.1-1'], ['left-pad', '1.3']) }],
    ['fail BASE_TAMPERED'],
  ),
  tampered(
    'a package of the base struck from its database',
    [{ 'var/lib/dpkg/status': status(['libc6', '2.41-2']) }],
    ['fail BASE_TAMPERED'],
  ),
  tampered(
    'a package more in the database is what installing does',
    [{ 'var/lib/dpkg/status': status(['bash', '5.2-2'], ['left-pad', '1.3'], ['libc6', '2.41-2']) }],
    [],
  ),
  ...(
    [
      ['a new program with file capabilities', { path: 'app/cap', content: '#!cap\n' }],
      ['a program of the base that was given file capabilities', { path: 'usr/bin/env', content: '#!env\n' }],
    ] as const
  ).map(([what, file]): AdversarialCase => ({
    name: `${what} is privileged like setuid`,
    attack: async (stage) => {
      stage.policy({ rule: 'files: { setuidBeyondBase: 0 }' });
      const base = await stage.image('base', { layers: [BASE] });
      await stage.lock();
      await stage.image('app', { layers: [[{ ...file, mode: 0o755, xattrs: CAP_SETUID }]], ...on(base) });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 1, codes: ['fail FILES_SETUID'] },
  })),
  {
    name: 'a modified file whose record is padded, behind a thousand other files that are too large to be read',
    attack: async (stage) => {
      stage.policy({ rule: 'files: { modifiedPackageFiles: 0 }' });
      await stage.image('app', { layers: [HIDDEN_RECORD] });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 6, codes: ['error FILES_UNCERTAIN'] },
  },
];
