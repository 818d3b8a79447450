import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detectDistribution } from '../../../src/catalog/index.ts';
import { DISTRIBUTION_CAPTURES } from '../../../src/catalog/os/distribution.ts';
import { distroQualifier } from '../../../src/packages/index.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

const detect = (files: Readonly<Record<string, MemoryEntry>>, root?: string) =>
  detectDistribution(memoryView(files, { captures: DISTRIBUTION_CAPTURES }), root);

const DEBIAN =
  'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\nHOME_URL="https://www.debian.org/"\n';

describe('detectDistribution', () => {
  it('reads os-release through the usual link, with the point release of debian_version', () => {
    const { distribution, diagnostics } = detect({
      'etc/os-release': { link: '../usr/lib/os-release' },
      'usr/lib/os-release': DEBIAN,
      'etc/debian_version': '12.11\n',
    });
    assert.deepEqual(distribution, {
      id: 'debian',
      versionId: '12',
      pointRelease: '12.11',
      idLike: [],
      name: 'Debian GNU/Linux',
      prettyName: 'Debian GNU/Linux 12 (bookworm)',
      codename: 'bookworm',
      homepage: 'https://www.debian.org/',
      path: '/etc/os-release',
    });
    assert.deepEqual(diagnostics, []);
  });

  it('prefers /etc over /usr/lib, and falls back when /etc says nothing', () => {
    const both = detect({ 'etc/os-release': 'ID=a\n', 'usr/lib/os-release': 'ID=b\n' });
    assert.equal(both.distribution?.id, 'a');
    const fallback = detect({ 'etc/os-release': 'NAME=x\n', 'usr/lib/os-release': 'ID=b\n' });
    assert.equal(fallback.distribution?.id, 'b');
    assert.deepEqual(
      fallback.diagnostics.map(({ code }) => code),
      ['os-release-without-id'],
    );
  });

  it('has no version for rolling releases, but a build id', () => {
    const { distribution } = detect({ 'etc/os-release': 'ID=arch\nBUILD_ID=rolling\nID_LIKE="a b"\n' });
    assert.equal(distribution?.versionId, undefined);
    assert.equal(distroQualifier(distribution!), 'arch-rolling');
    assert.deepEqual(distribution?.idLike, ['a', 'b']);
    assert.equal(distroQualifier(detect({ 'etc/os-release': 'ID=wolfi\n' }).distribution!), 'wolfi');
  });

  it('believes neither an ID nor a version that cannot be one', () => {
    const id = detect({ 'etc/os-release': 'ID="deb\u001b[31m/../x"\nVERSION_ID=1\n' });
    assert.equal(id.distribution, undefined);
    // long enough to take seconds where a pattern goes back
    const long = `https://${'a'.repeat(60_000)}`;
    assert.equal(detect({ 'etc/os-release': `ID=debian\nHOME_URL="${long}<"\n` }).distribution?.homepage, undefined);
    assert.equal(detect({ 'etc/os-release': `ID=debian\nHOME_URL="${long}"\n` }).distribution?.homepage, long);
    const version = detect({ 'etc/os-release': 'ID=debian\nVERSION_ID="12 && rm"\nHOME_URL="javascript:x"\n' });
    assert.deepEqual(version.distribution, { id: 'debian', idLike: [], name: 'debian', path: '/etc/os-release' });
    assert.equal(version.diagnostics[0]?.code, 'malformed-os-release');
  });

  const fallbacks: readonly (readonly [string, string, string])[] = [
    ['etc/system-release-cpe', 'cpe:/o:redhat:enterprise_linux:8::baseos\n', 'rhel-8'],
    ['etc/system-release-cpe', 'cpe:2.3:o:amazon:amazon_linux:2:*:*:*:*:*:*:*\n', 'amzn-2'],
    // as Amazon Linux has it, which ends early
    ['etc/system-release-cpe', 'cpe:2.3:o:amazon:amazon_linux:2023\n', 'amzn-2023'],
    ['etc/redhat-release', 'CentOS Linux release 7.9.2009 (Core)\n', 'centos-7.9.2009'],
    ['etc/redhat-release', 'Red Hat Enterprise Linux Server release 6.10 (Santiago)\n', 'rhel-6.10'],
    ['etc/apk/repositories', '#x\nhttps://dl-cdn.alpinelinux.org/alpine/v3.19/main\n', 'alpine-3.19'],
    ['etc/apk/repositories', 'https://dl-cdn.alpinelinux.org/alpine/edge/main\n', 'alpine'],
    ['etc/apk/repositories', 'https://dl-cdn.alpinelinux.org/alpine/latest-stable/main\n', 'alpine'],
    [
      'etc/apk/repositories',
      '@edge http://m/alpine/edge/main\r\n#http://m/alpine/v3.9/main\nhttp://m/alpine/v3.18/main\n',
      'alpine-3.18',
    ],
    ['etc/debian_version', '11.6\n', 'debian-11'],
    ['etc/debian_version', 'trixie/sid\n', 'debian'],
  ];
  for (const [path, text, qualifier] of fallbacks) {
    it(`falls back to ${path}: ${text.trim()}`, () => {
      const { distribution } = detect({ [path]: text });
      assert.equal(distroQualifier(distribution!), qualifier);
      assert.equal(distribution?.path, `/${path}`);
    });
  }

  it('knows nothing of an empty image, and reports what it cannot use', () => {
    assert.deepEqual(detect({}), { distribution: undefined, diagnostics: [] });
    const odd = detect({
      'etc/redhat-release': 'Plan 9\n',
      'etc/system-release-cpe': 'x\n',
      'etc/os-release': '\0\u00ff=',
    });
    assert.equal(odd.distribution, undefined);
    assert.deepEqual(odd.diagnostics.map(({ code }) => code).toSorted(), [
      'malformed-os-release',
      'malformed-system-release',
      'os-release-without-id',
      'unknown-release',
    ]);
  });

  it('reports an os-release that was not captured', () => {
    const { distribution, diagnostics } = detect({ 'etc/os-release': 'ID=a\n#'.padEnd(70_000, 'x') });
    assert.equal(distribution, undefined);
    assert.equal(diagnostics[0]?.code, 'unreadable-os-release');
  });

  it('looks below a root', () => {
    const view = { 'etc/os-release': 'ID=a\n', 'opt/root/etc/os-release': 'ID=b\nVERSION_ID=1\n' };
    assert.equal(distroQualifier(detect(view, 'opt/root').distribution!), 'b-1');
    assert.equal(detect(view, 'opt').distribution, undefined);
  });

  it('takes BusyBox’s own banner where nothing else tells', () => {
    const busybox = '\u007fELF........\0BusyBox v1.36.1 (2023-05-18 22:34:17 UTC)\0';
    const { distribution, diagnostics } = detect({ 'bin/sh': { link: 'busybox' }, 'bin/busybox': busybox });
    assert.deepEqual(distribution, {
      id: 'busybox',
      versionId: '1.36.1',
      idLike: [],
      name: 'BusyBox',
      path: '/bin/busybox',
    });
    assert.deepEqual(diagnostics, []);
    assert.equal(detect({ 'bin/busybox': busybox, 'etc/os-release': 'ID=alpine\n' }).distribution?.id, 'alpine');
    assert.equal(detect({ 'bin/busybox': '\u007fELF' }).distribution, undefined);
    assert.equal(detect({ 'guest/bin/busybox': busybox }, 'guest').distribution, undefined);
  });
});
