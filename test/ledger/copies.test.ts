import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildLedger, type LedgerEntry } from '../../src/ledger/index.ts';
import type { MemoryEntry } from '../support/memory-view.ts';
import { classesOf, ledgerOf, md5, pkg, viewOf } from './sample.ts';

const BACKEND = 'a printer backend, which is longer than what is alike by chance: 64 characters';
const SCRIPT = `#!/bin/sh\n${'# configuration\n'.repeat(8)}`;
const cups = pkg('cups-daemon', {
  files: ['/usr/lib/cups/backend-available/lpd', '/usr/share/cups/cupsd.conf.default'],
  recordedFiles: new Map([
    ['/usr/lib/cups/backend-available/lpd', md5(BACKEND)],
    ['/usr/share/cups/cupsd.conf.default', md5(SCRIPT)],
    ['/usr/share/short', md5('short')],
  ]),
});

function classOf(path: string, entry: MemoryEntry): Pick<LedgerEntry, 'class' | 'rule'> & { readonly owner?: string } {
  const files = {
    'usr/lib/cups/backend-available/lpd': { content: BACKEND, mode: 0o755 },
    'usr/share/cups/cupsd.conf.default': SCRIPT,
    [path]: entry,
  };
  const ledger = ledgerOf(files, [pkg('other'), cups]);
  const { byClass } = ledger.totals;
  const found = [...ledger.entries()].find((each) => each.path === `/${path}`)!;
  assert.equal(byClass.generated.files + byClass.unaccounted.files, 1);
  assert.equal(byClass[found.class].bytes, found.sizeBytes);
  assert.equal(byClass[found.class].executables, found.isExecutable ? 1 : 0);
  return {
    class: found.class,
    ...(found.rule === undefined ? {} : { rule: found.rule }),
    ...(found.owner === undefined ? {} : { owner: found.owner.id }),
  };
}

describe('copies of files of packages', () => {
  const copy = { class: 'generated', rule: 'package-copies', owner: cups.id };

  it('are told by their content, programs and scripts too', () => {
    assert.deepEqual(classOf('usr/lib/cups/backend/lpd', { content: BACKEND, mode: 0o744 }), copy);
    assert.deepEqual(classOf('etc/cups/cupsd.conf', SCRIPT), copy);
  });

  it('are told in people’s folders too, of which no pass takes digests', () => {
    const bash = pkg('bash', {
      files: ['/etc/skel/.bashrc'],
      recordedFiles: new Map([['/etc/skel/.bashrc', md5(SCRIPT)]]),
    });
    const view = viewOf({
      'etc/skel/.bashrc': SCRIPT,
      'home/alice/.bashrc': SCRIPT,
      'home/bob/.bashrc': `${SCRIPT}curl evil`,
      'home/bob/other': SCRIPT,
    });
    const blind = { ...view, contentDigest: () => undefined };
    assert.deepEqual(classesOf(buildLedger({ view: blind, packages: [bash] })), {
      '/etc/skel/.bashrc': 'os-package unchecked',
      '/home/alice/.bashrc': 'generated package-copies',
      '/home/bob/.bashrc': 'unaccounted',
      '/home/bob/other': 'unaccounted',
    });
  });

  it('are told where maintainer scripts write settings, what was edited is a setting still', () => {
    assert.deepEqual(classOf('etc/profile', SCRIPT), copy);
    assert.deepEqual(classOf('etc/motd', `${SCRIPT}#`), { class: 'generated', rule: 'system-settings' });
  });

  it('are none when anything of the content differs', () => {
    assert.deepEqual(classOf('etc/cups/cupsd.conf', `${SCRIPT}\n`), { class: 'unaccounted' });
  });

  it('are none when they run with more rights than who starts them', () => {
    for (const mode of [0o4755, 0o2755]) {
      assert.deepEqual(classOf('usr/lib/cups/backend/lpd', { content: BACKEND, mode }), { class: 'unaccounted' });
    }
    const xattrs = { 'security.capability': '01000002' };
    assert.deepEqual(classOf('usr/lib/cups/backend/lpd', { content: BACKEND, mode: 0o755, xattrs }), {
      class: 'unaccounted',
    });
  });

  it('are none where so little is alike by chance', () => {
    assert.deepEqual(classOf('etc/short', 'short'), { class: 'unaccounted' });
  });
});
