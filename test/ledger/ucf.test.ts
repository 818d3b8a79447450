import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildLedger } from '../../src/ledger/index.ts';
import { classesOf, pkg, viewOf, withContent } from './sample.ts';

describe('buildLedger: ucf', () => {
  it('takes what ucf registered for configuration of its package, below /etc and no machine code only', () => {
    const registry = [
      'php-common \t /etc/php/mods-available/ftp.ini',
      'php-common:amd64\t/etc/php/php.ini',
      'php-common /etc/php/run',
      'php-common /usr/bin/evil',
      'php-common /etc/../usr/bin/worse',
      'nobody /etc/nobodys',
      'php-common /etc/gone',
      'php-common',
      '',
    ].join('\n');
    const files = {
      'var/lib/ucf/registry': registry,
      'etc/php/mods-available/ftp.ini': 'extension=ftp',
      'etc/php/php.ini': '',
      'etc/php/run': 'machine code',
      'etc/nobodys': '',
      'usr/bin/evil': { content: '#!/bin/sh', mode: 0o755 },
      'usr/bin/worse': { content: '#!/bin/sh', mode: 0o755 },
      'etc/php/conf.d/20-ftp.ini': { link: '/etc/php/mods-available/ftp.ini' },
      'etc/php/conf.d/30-evil.ini': { link: '/usr/bin/evil' },
    };
    const view = withContent(viewOf(files), { 'etc/php/run': 'elf' });
    const ledger = buildLedger({ view, packages: [pkg('php-common')] });
    assert.deepEqual(classesOf(ledger), {
      '/etc/nobodys': 'unaccounted',
      '/etc/php/conf.d/20-ftp.ini': 'generated configuration-links',
      '/etc/php/conf.d/30-evil.ini': 'unaccounted',
      '/etc/php/mods-available/ftp.ini': 'os-package configuration',
      '/etc/php/php.ini': 'os-package configuration',
      '/etc/php/run': 'unaccounted',
      '/usr/bin/evil': 'unaccounted',
      '/usr/bin/worse': 'unaccounted',
      '/var/lib/ucf/registry': 'generated maintainer-state',
    });
    assert.deepEqual([ledger.totals.missing, ledger.findings], [0, []]);
  });
});
