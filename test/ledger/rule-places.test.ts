import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OS_DATABASE_FOLDERS } from '../../src/packages/index.ts';
import { classesOf, ledgerOf, pkg } from './sample.ts';

describe('rules of the ledger', () => {
  it('know every place where package managers keep their records', () => {
    const folders = Object.values(OS_DATABASE_FOLDERS).flat();
    const ledger = ledgerOf(Object.fromEntries(folders.map((folder) => [`${folder}/x`, 'x'])), []);
    for (const [path, found] of Object.entries(classesOf(ledger))) assert.match(found, /^package-state/, path);
    assert.equal(ledger.totals.byClass['package-state'].files, folders.length);
  });

  it('take empty files alone for places that administrators fill', () => {
    const found = classesOf(
      ledgerOf({ 'etc/apparmor.d/local/usr.sbin.cupsd': '', 'etc/apparmor.d/local/filled': '/** rw,' }, []),
    );
    assert.deepEqual(found, {
      '/etc/apparmor.d/local/filled': 'unaccounted',
      '/etc/apparmor.d/local/usr.sbin.cupsd': 'generated empty-places',
    });
  });

  it('take what depmod writes for a kernel’s where its modules are a package’s', () => {
    const files = {
      'usr/lib/modules/6.1/modules.builtin': '',
      'usr/lib/modules/6.1/modules.dep': 'x',
      'opt/modules.dep': 'x',
    };
    const kernel = pkg('linux-image', { files: ['/usr/lib/modules/6.1/modules.builtin', '/boot/vmlinuz-6.1'] });
    const links = {
      'boot/vmlinuz-6.1': 'x',
      vmlinuz: { link: 'boot/vmlinuz-6.1' },
      'vmlinuz.old': { link: 'opt/modules.dep' },
    };
    assert.deepEqual(classesOf(ledgerOf({ ...files, ...links }, [kernel])), {
      '/boot/vmlinuz-6.1': 'os-package unchecked',
      '/opt/modules.dep': 'unaccounted',
      '/usr/lib/modules/6.1/modules.builtin': 'os-package unchecked',
      '/usr/lib/modules/6.1/modules.dep': 'generated kernel-indexes',
      '/vmlinuz': 'generated kernel-links',
      '/vmlinuz.old': 'unaccounted',
    });
  });

  it('take what Emacs compiled of a package’s Lisp file', () => {
    const site = 'usr/share/emacs/site-lisp/x';
    const files = {
      'usr/share/x/a.el': 'a',
      [`${site}/a.el`]: { link: '/usr/share/x/a.el' },
      [`${site}/a.elc`]: 'compiled',
      [`${site}/b.elc`]: 'of nothing',
      [`${site}/c.el`]: 'c',
      [`${site}/c.elc`]: 'compiled',
      [`${site}/done`]: '',
    };
    assert.deepEqual(classesOf(ledgerOf(files, [pkg('x', { files: ['/usr/share/x/a.el'] })])), {
      '/usr/share/x/a.el': 'os-package unchecked',
      [`/${site}/a.el`]: 'generated emacs-sources',
      [`/${site}/a.elc`]: 'generated emacs-bytecode',
      [`/${site}/b.elc`]: 'unaccounted',
      [`/${site}/c.el`]: 'unaccounted',
      [`/${site}/c.elc`]: 'unaccounted',
      [`/${site}/done`]: 'generated empty-places',
    });
  });
});
