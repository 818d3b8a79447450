import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classesOf, ledgerOf } from './sample.ts';

describe('alternatives', () => {
  it('are believed where Fedora keeps their database', () => {
    const classes = classesOf(
      ledgerOf(
        {
          'var/lib/alternatives': { link: '../../etc/alternatives-admindir' },
          'etc/alternatives-admindir/java':
            'auto\n/usr/bin/java\njre\n/usr/lib/jvm/jre\n\n/usr/lib/jvm/17/bin/java\n@java-17@17000610\n/usr/lib/jvm/17\n',
          'usr/bin/java': { link: '/etc/alternatives/java' },
          'etc/alternatives/java': { link: '/usr/lib/jvm/17/bin/java' },
          'etc/alternatives/jre': { link: '/usr/lib/jvm/17' },
          'etc/alternatives/other': { link: '/usr/lib/jvm/17' },
        },
        [],
      ),
    );
    assert.deepEqual(classes, {
      '/etc/alternatives-admindir/java': 'package-state alternatives-state',
      '/etc/alternatives/java': 'generated alternatives',
      '/etc/alternatives/jre': 'generated alternatives',
      '/etc/alternatives/other': 'unaccounted',
      '/usr/bin/java': 'generated alternatives',
      '/var/lib/alternatives': 'unaccounted',
    });
  });

  it('of opkg lead from the link to the choice, whose priority follows it', () => {
    const classes = classesOf(
      ledgerOf(
        {
          bin: { link: 'usr/bin' },
          'usr/lib/opkg/alternatives/ls': '/bin/ls\n/bin/busybox.nosuid 50\n/usr/bin/ls.coreutils 100\n',
          'usr/lib/opkg/alternatives/vi': '/bin/vi\n/bin/busybox.nosuid 50\n',
          'usr/lib/opkg/alternatives/broken': 'no path\n/bin/busybox.nosuid 50\n',
          'usr/bin/ls': { link: '/usr/bin/ls.coreutils' },
          'usr/bin/vi': { link: '/tmp/evil' },
        },
        [],
      ),
    );
    assert.equal(classes['/usr/bin/ls'], 'generated alternatives');
    assert.equal(classes['/usr/bin/vi'], 'unaccounted');
    assert.equal(classes['/usr/lib/opkg/alternatives/ls'], 'package-state dpkg-state');
  });
});
