import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classesOf, ledgerOf, pkg } from './sample.ts';

describe('buildLedger: virtual environments of Python', () => {
  it('takes their settings, scripts that activate them and links to an interpreter that a package owns for generated', () => {
    const files = {
      'usr/bin/python3.11': 'python',
      'opt/venv/pyvenv.cfg': 'home = /usr/bin',
      'opt/venv/lib64': { link: 'lib' },
      'opt/venv/lib/x': '',
      'opt/venv/bin/activate': '# to be sourced',
      'opt/venv/bin/Activate.ps1': '',
      'opt/venv/bin/python3.11': { link: '/usr/bin/python3.11' },
      'opt/venv/bin/python3': { link: 'python3.11' },
      'opt/venv/bin/python': { link: 'python3' },
      'srv/bin/python': { link: '/tmp/evil' },
      'srv/bin/activate': { content: '#!/bin/sh', mode: 0o755 },
      'srv/lib64': { link: '/tmp' },
    };
    const ledger = ledgerOf(files, [pkg('python3', { files: ['/usr/bin/python3.11'] })]);
    assert.deepEqual(classesOf(ledger), {
      '/opt/venv/bin/Activate.ps1': 'generated python-venv',
      '/opt/venv/bin/activate': 'generated python-venv',
      '/opt/venv/bin/python': 'generated python-venv-interpreter',
      '/opt/venv/bin/python3': 'generated python-venv-interpreter',
      '/opt/venv/bin/python3.11': 'generated python-venv-interpreter',
      '/opt/venv/lib/x': 'unaccounted',
      '/opt/venv/lib64': 'generated python-venv-lib64',
      '/opt/venv/pyvenv.cfg': 'generated python-venv',
      '/srv/bin/activate': 'unaccounted',
      '/srv/bin/python': 'unaccounted',
      '/srv/lib64': 'unaccounted',
      '/usr/bin/python3.11': 'os-package unchecked',
    });
  });

  it('a link to a program that was recognised is that program under another name', () => {
    const files = {
      'usr/local/bin/python3.12': 'python',
      'usr/local/bin/python3': { link: 'python3.12' },
      'opt/venv/bin/python': { link: '/usr/local/bin/python3' },
      'usr/local/bin/odd': { link: '/tmp/x' },
      'tmp/x': '',
    };
    const locations = [{ path: '/usr/local/bin/python3.12', layer: 0 }];
    const python = pkg('python', { type: 'generic', foundBy: 'binary', locations, id: 'generic/python@3.12' });
    const ledger = ledgerOf(files, [python]);
    assert.deepEqual(classesOf(ledger), {
      '/opt/venv/bin/python': 'binary',
      '/tmp/x': 'unaccounted',
      '/usr/local/bin/odd': 'unaccounted',
      '/usr/local/bin/python3': 'binary',
      '/usr/local/bin/python3.12': 'binary',
    });
    assert.equal([...ledger.entries()][0]?.owner?.id, 'generic/python@3.12');
  });
});
