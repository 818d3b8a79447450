import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LayerEntry } from '../../src/image/index.ts';
import { complaints, openGateBench, TAMPER_POLICY, type GateBench } from '../support/gate-bench.ts';
import type { MadeImage } from '../support/images.ts';

const STATUS = `Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9
Maintainer: Example <libc@example.com>
Description: C library
`;
const BASE: readonly LayerEntry[] = [
  { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="13"\n' },
  { path: 'var/lib/dpkg/status', content: STATUS },
  { path: 'usr/bin/dash', content: 'dash', mode: 0o755 },
  { path: 'usr/bin/sh', linkTarget: 'dash' },
  { path: 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2', content: 'loader', mode: 0o755 },
  { path: 'bin', linkTarget: 'usr/bin' },
  { path: 'lib', linkTarget: 'usr/lib' },
  { path: 'lib64', linkTarget: 'usr/lib/x86_64-linux-gnu' },
  { path: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\n' },
  {
    path: 'etc/ssl/certs/ca-certificates.crt',
    content: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  },
];

describe('real layers on a locked base', () => {
  let bench: GateBench;
  let base: MadeImage;
  let count = 0;
  before(async () => {
    bench = await openGateBench(TAMPER_POLICY);
    base = await bench.image('base', [BASE]);
    await bench.lock();
  });
  after(() => bench[Symbol.asyncDispose]());

  /** Paths of critical findings for an image with these layers on the base. */
  async function tampered(...layers: (readonly LayerEntry[])[]): Promise<readonly string[]> {
    const tag = `t${(count += 1)}`;
    await bench.image(tag, layers, base);
    const decision = await bench.check(tag);
    const found = decision.images.flatMap((image) =>
      image.platforms.flatMap((platform) => platform.rules.flatMap((rule) => rule.checks)),
    );
    const critical = found.find((result) => result.code === 'BASE_TAMPERED');
    assert.equal(
      decision.verdict,
      critical === undefined ? (complaints(decision).length > 0 ? 'warn' : 'allow') : 'deny',
    );
    return critical?.basis.paths ?? [];
  }

  test('an application alone is allowed', async () => {
    assert.deepEqual(await tampered([{ path: 'app/main', content: 'x', mode: 0o755 }]), []);
  });

  for (const [what, layers, paths] of [
    [
      'a folder in the place of a link of the base',
      [[{ path: 'bin/dash', content: 'evil', mode: 0o755 }]],
      ['/bin', '/bin/dash'],
    ],
    [
      'a folder replaced by a link, the evil file at its target',
      [
        [
          { path: 'usr/bin', linkTarget: '/opt/bin' },
          { path: 'opt/bin/dash', content: 'evil', mode: 0o755 },
        ],
      ],
      ['/usr/bin'],
    ],
    [
      'a link to a folder that leads elsewhere',
      [
        [
          { path: 'lib64', linkTarget: '/opt/lib' },
          { path: 'opt/lib/ld-linux-x86-64.so.2', content: 'evil' },
        ],
      ],
      ['/lib64'],
    ],
    [
      'a file deleted and made again with other content',
      [[{ path: 'usr/bin/.wh.dash', content: '' }], [{ path: 'usr/bin/dash', content: 'evil', mode: 0o755 }]],
      ['/usr/bin/dash'],
    ],
    [
      'a folder emptied and filled again',
      [
        [
          { path: 'usr/bin/.wh..wh..opq', content: '' },
          { path: 'usr/bin/dash', content: 'evil', mode: 0o755 },
        ],
      ],
      ['/usr/bin/dash'],
    ],
    [
      'a shell by another name linked over it',
      [
        [
          { path: 'opt/evil', content: 'evil', mode: 0o755 },
          { path: 'usr/bin/dash', hardLinkTo: 'opt/evil', mode: 0o755 },
        ],
      ],
      ['/usr/bin/dash'],
    ],
    ['setuid by mode alone', [[{ path: 'usr/bin/dash', content: 'dash', mode: 0o4755 }]], ['/usr/bin/dash']],
    ['setuid in a place that changes', [[{ path: 'var/cache/x', content: 'x', mode: 0o4755 }]], ['/var/cache/x']],
    [
      'capabilities',
      [
        [
          {
            path: 'opt/x',
            content: 'x',
            mode: 0o755,
            xattrs: { 'security.capability': Buffer.from('01000002', 'hex') },
          },
        ],
      ],
      ['/opt/x'],
    ],
    [
      'an account file that is a link',
      [
        [
          { path: 'etc/passwd', linkTarget: '/opt/p' },
          { path: 'opt/p', content: 'toor::0:0::/:/bin/sh\n' },
        ],
      ],
      ['/etc/passwd'],
    ],
    [
      'a package database that is a link',
      [
        [
          { path: 'var/lib/dpkg/status', linkTarget: '/opt/s' },
          { path: 'opt/s', content: STATUS },
        ],
      ],
      ['/var/lib/dpkg/status'],
    ],
  ] as readonly (readonly [string, readonly (readonly LayerEntry[])[], readonly string[]])[]) {
    test(`is critical: ${what}`, async () => {
      const found = await tampered(...layers);
      for (const path of paths) assert.ok(found.includes(path), `${path} is not among ${found.join()}`);
    });
  }

  test('a file deleted and made again as it was is no change', async () => {
    const again = BASE.filter((entry) => entry.path === 'usr/bin/dash');
    assert.deepEqual(await tampered([{ path: 'usr/bin/.wh.dash', content: '' }], again), []);
  });

  test('an extended attribute of an odd name does not end the check', async () => {
    const xattrs = { ['__proto__']: Buffer.from('x'), 'user.\u0000\ud800': Buffer.from('y') };
    const found = await tampered([{ path: 'opt/x', content: 'x', mode: 0o4755, xattrs }]);
    assert.deepEqual(found, ['/opt/x']);
  });

  test('paths of odd characters are told as they are, and harm nothing', async () => {
    const name = 'etc/ld.so.conf.d/\u001b[31m\u202e::error::\n"\\.conf';
    assert.deepEqual(await tampered([{ path: name, content: '/opt' }]), [`/${name}`]);
  });

  test('each finding says which layer did it and by which command: replaced, deleted with a folder, accounts', async () => {
    await bench.image(
      'told',
      [
        [{ path: 'app/x', content: 'x' }],
        [
          { path: 'usr/bin/dash', content: 'evil', mode: 0o755 },
          { path: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\nevil:x:0:0::/:/bin/sh\n' },
        ],
        [{ path: 'usr/lib/.wh.x86_64-linux-gnu', content: '' }],
      ],
      base,
    );
    const decision = await bench.check('told');
    const results = decision.images.flatMap((image) =>
      image.platforms.flatMap((platform) => platform.rules.flatMap((rule) => rule.checks)),
    );
    const notes = results.flatMap(({ basis }) => basis.notes ?? []);
    const layers = results.find(({ code }) => code === 'BASE_TAMPERED')?.basis.layers;
    assert.deepEqual(layers, [2]);
    assert.ok(
      notes.some((note) => /^\/usr\/bin\/dash \[shell\]: content replaced, in layer 2\b/.test(note)),
      notes.join('\n'),
    );
    assert.ok(
      notes.some((note) => /^\/etc\/passwd \[account\]: .*, in layer 2\b/.test(note)),
      notes.join('\n'),
    );
    assert.ok(
      notes.some((note) => /ld-linux-x86-64\.so\.2 \[deleted\]: deleted from the base, in layer 3\b/.test(note)),
      notes.join('\n'),
    );
  });
});
