import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { COMPARISON_CAPTURES, compareWithBase, tamperFindings } from '../../src/provenance/index.ts';
import { memoryView, type MemoryEntry } from '../support/memory-view.ts';

type Files = Readonly<Record<string, MemoryEntry>>;

const stanza = (name: string, version: string, ...files: readonly string[]): string => {
  const lines = files.flatMap((path) => {
    const slash = path.lastIndexOf('/');
    return [`F:${path.slice(0, slash)}`, `R:${path.slice(slash + 1)}`];
  });
  return [`P:${name}`, `V:${version}`, 'A:x86_64', ...lines, ''].join('\n');
};
const installed = (...stanzas: readonly string[]): string => stanzas.join('\n');

const DATABASE = 'lib/apk/db/installed';
const MUSL_FILE = 'lib/ld-musl-x86_64.so.1';
const BUNDLE = 'etc/ssl/certs/ca-certificates.crt';
const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const MUSL = stanza('musl', '1.2.5-r0', MUSL_FILE);
const BUSYBOX = stanza('busybox', '1.36.1-r29', 'bin/busybox');
const CERTS = stanza('ca-certificates-bundle', '20240705-r0', BUNDLE);
const BASE: Files = {
  [DATABASE]: installed(MUSL, BUSYBOX, CERTS),
  [MUSL_FILE]: { content: 'musl', mode: 0o755 },
  'bin/busybox': { content: 'busybox', mode: 0o755 },
  'bin/sh': { link: '/bin/busybox' },
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  'etc/group': 'root:x:0:root\n',
  'etc/shadow': 'root:*::0:::::\n',
  'etc/apk/repositories': 'https://dl-cdn.alpinelinux.org/alpine/v3.20/main\n',
  'etc/apk/keys/alpine-devel.rsa.pub': 'key',
  'etc/apk/world': 'alpine-baselayout\n',
  [BUNDLE]: PEM,
};

function findings(changes: Files, without: readonly string[] = []): readonly string[] {
  const kept = Object.fromEntries(Object.entries(BASE).filter(([path]) => !without.includes(path)));
  const upper = Object.entries(changes).map(([path, entry]) => [
    path,
    typeof entry === 'string' || entry instanceof Uint8Array ? { content: entry, layer: 1 } : { layer: 1, ...entry },
  ]);
  const base = memoryView(BASE, { captures: COMPARISON_CAPTURES });
  const final = memoryView({ ...kept, ...Object.fromEntries(upper) }, { captures: COMPARISON_CAPTURES });
  return tamperFindings(compareWithBase({ base, final, layerCount: 1, env: [] })).map(
    (found) => `${found.critical ? '!' : ' '} ${found.class} ${found.path}`,
  );
}

/** What ordinary Dockerfiles do on Alpine, as apk and BusyBox leave it, and what is said of it. */
const STEPS: readonly (readonly [string, Files, readonly string[]])[] = [
  [
    'apk add curl',
    {
      [DATABASE]: installed(MUSL, BUSYBOX, CERTS, stanza('curl', '8.9.0-r0', 'usr/bin/curl', 'usr/lib/libcurl.so.4')),
      'usr/bin/curl': { content: 'curl', mode: 0o755 },
      'usr/lib/libcurl.so.4': { content: 'libcurl', mode: 0o755 },
      'etc/apk/world': 'alpine-baselayout\ncurl\n',
      'lib/apk/db/scripts.tar': 'tar',
    },
    [],
  ],
  [
    'apk add bash',
    {
      [DATABASE]: installed(MUSL, BUSYBOX, CERTS, stanza('bash', '5.2-r0', 'bin/bash')),
      'bin/bash': { content: 'bash', mode: 0o755 },
    },
    ['  shell /bin/bash'],
  ],
  [
    'apk upgrade',
    {
      [DATABASE]: installed(stanza('musl', '1.2.5-r1', MUSL_FILE), BUSYBOX, CERTS),
      [MUSL_FILE]: { content: 'musl r1', mode: 0o755 },
    },
    ['  upgrade /lib/apk/db/installed', '  upgrade /lib/ld-musl-x86_64.so.1'],
  ],
  [
    'adduser -D app',
    {
      'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n',
      'etc/group': 'root:x:0:root\napp:x:1000:\n',
      'etc/shadow': 'root:*::0:::::\napp:!:20000:0:99999:7:::\n',
    },
    [],
  ],
  ['COPY', { 'app/server.js': 'x', 'usr/local/bin/start': { content: '#!/bin/sh\n', mode: 0o755 } }, []],
];

describe('what ordinary Dockerfiles do on Alpine', () => {
  for (const [step, changes, wanted] of STEPS) {
    test(step, () => assert.deepEqual(findings(changes), wanted));
  }

  test('and their twins: each is critical', () => {
    const twins: readonly (readonly [Files, string])[] = [
      [{ [MUSL_FILE]: { content: 'evil', mode: 0o755 } }, '! dynamic-loader /lib/ld-musl-x86_64.so.1'],
      [{ [DATABASE]: installed(MUSL, CERTS) }, '! package-database /lib/apk/db/installed'],
      [
        { [DATABASE]: installed(MUSL.replace('x86_64', 'noarch'), BUSYBOX, CERTS) },
        '! package-database /lib/apk/db/installed',
      ],
      [{ [BUNDLE]: `${PEM}-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n` }, `! ca-bundle /${BUNDLE}`],
      [{ 'etc/apk/keys/evil.rsa.pub': 'key' }, '! keyring /etc/apk/keys/evil.rsa.pub'],
      [{ 'etc/apk/repositories': 'https://evil.example/main\n' }, '! package-sources /etc/apk/repositories'],
      [{ 'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n' }, '! account /etc/passwd'],
      [{ 'etc/shadow': 'root:::0:::::\n' }, '! account /etc/shadow'],
      [{ 'bin/sh': { link: '/tmp/sh' } }, '! shell /bin/sh'],
      [{ 'bin/bbsuid': { content: 'x', mode: 0o4755 } }, '! setuid /bin/bbsuid'],
      [{ 'usr/local/bin/busybox': { content: 'x', mode: 0o755 } }, '! shadowed-executable /usr/local/bin/busybox'],
    ];
    for (const [changes, wanted] of twins)
      assert.ok(findings(changes).includes(wanted), `${wanted}: ${findings(changes).join('; ')}`);
    assert.ok(findings({}, [DATABASE]).includes(`! package-database /${DATABASE}`));
  });
});
