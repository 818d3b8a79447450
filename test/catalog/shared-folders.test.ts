import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CATALOGERS, runCatalogers } from '../../src/catalog/index.ts';
import { isSharedFolder } from '../../src/catalog/shared-folders.ts';
import { memoryView, type MemoryEntry } from '../support/memory-view.ts';

/** Folders that packages claim when all catalogers look at these files. */
function claimed(files: Readonly<Record<string, MemoryEntry>>): readonly string[] {
  const view = memoryView(files, { captures: CATALOGERS.flatMap(({ captures }) => captures) });
  const { packages } = runCatalogers({ view, catalogers: CATALOGERS, rethrow: true });
  assert.equal(packages.length, 1);
  return packages.flatMap(({ directories }) => directories ?? []);
}

const composer = (path: string): string =>
  JSON.stringify({ packages: [{ name: 'a/b', version: '1.0.0', 'install-path': path }] });
const application = (name: string): string => `{application,${name},[{vsn,"1"}]}.`;
const record = 'groupId=g\nartifactId=a\nversion=1\n';

describe('folders that packages claim', () => {
  it('are never those that everybody puts something into', () => {
    for (const folder of ['', 'usr', 'etc', 'usr/bin', 'usr/local/lib', 'var/lib', 'usr/lib/aarch64-linux-gnu'])
      assert.equal(isSharedFolder(folder), true, folder);
    for (const folder of ['app', 'opt/x', 'usr/share/x', 'usr/lib/x', 'home/app', 'srv/bin', 'usr/lib/linux-x-y/z'])
      assert.equal(isSharedFolder(folder), false, folder);
  });

  const files = { 'usr/bin/rogue': 'x', 'usr/local/lib/rogue': 'x' };
  const vendor = 'srv/php/vendor/composer/installed.json';
  const lies: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'an install-path of Composer': { [vendor]: composer('../../../../usr') },
    'an absolute install-path of Composer': { [vendor]: composer('/usr/bin') },
    'an install-path around the vendor folder': { [vendor]: composer('../..') },
    'an Erlang application': { 'usr/ebin/usr.app': application('usr') },
    'a DESCRIPTION of R': { 'usr/lib/DESCRIPTION': 'Package: lib\nVersion: 1\nBuilt: R 4.3.0\n' },
    'an unpacked Java archive': {
      'usr/META-INF/maven/g/a/pom.properties': record,
      'usr/META-INF/MANIFEST.MF': 'Manifest-Version: 1.0\n',
    },
    'a snap': { 'usr/meta/snap.yaml': 'name: usr\nversion: 1\n' },
  };
  for (const [what, more] of Object.entries(lies)) {
    it(`are not claimed by ${what}`, () => {
      const folders = claimed({ ...files, ...more });
      assert.ok(
        folders.every((folder) => !['/usr', '/usr/bin', '/usr/lib', '/srv/php'].includes(folder)),
        folders.join(' '),
      );
    });
  }

  it('are theirs where nobody else’s are', () => {
    const web = { 'srv/php/web/core/x.php': '', [vendor]: composer('../../web/core') };
    assert.deepEqual(claimed(web), ['/srv/php/web/core']);
    assert.deepEqual(claimed({ 'app/ebin/app.app': application('app') }), ['/app']);
    const jar = { 'app/META-INF/maven/g/a/pom.properties': record, 'app/META-INF/MANIFEST.MF': 'x' };
    assert.deepEqual(claimed(jar), ['/app']);
  });
});
