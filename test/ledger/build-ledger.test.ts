import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { squash } from '../../src/filesystem/index.ts';
import { buildLedger, LEDGER_CLASSES, ledgerSummary } from '../../src/ledger/index.ts';
import { stackOf } from '../support/layer-fixtures.ts';
import { memoryView } from '../support/memory-view.ts';
import { classesOf, ledgerOf, md5, npm, pkg, sampleLedger, viewOf, withContent, withType } from './sample.ts';

const BY_DPKG = { files: ['/usr/bin/tool'], recordedFiles: new Map([['/usr/bin/tool', md5('tool')]]) };

describe('buildLedger: integrity', () => {
  it('tells verified, modified and unchecked files, and what is missing, with layer and history', () => {
    const ledger = sampleLedger();
    assert.deepEqual(classesOf(ledger), {
      '/app/x.js': 'language-package unchecked',
      '/etc/ld.so.cache': 'generated ld-cache',
      '/opt/unknown': 'unaccounted',
      '/usr/bin/a': 'os-package verified',
      '/usr/bin/b': 'os-package modified',
      '/usr/bin/link': 'os-package unchecked',
      '/usr/bin/odd': 'os-package unchecked',
    });
    const owner = { index: 0, id: 'deb/debian/tool@1.0', purl: 'pkg:deb/debian/tool@1.0' };
    assert.deepEqual(ledger.findings, [
      { kind: 'missing', path: '/usr/bin/gone', owner },
      {
        kind: 'modified',
        path: '/usr/bin/b',
        layer: 1,
        createdBy: 'RUN tamper',
        owner,
        algorithm: 'md5',
        expected: md5('b').hex,
        found: md5('changed').hex,
      },
      { kind: 'not-checked', layer: 0, files: 1, createdBy: 'ADD rootfs' },
    ]);
    assert.deepEqual(ledger.totals.integrity, { verified: 1, modified: 1, configuration: 0, unchecked: 3 });
    assert.deepEqual(ledger.totals.byClass.unaccounted, { files: 1, bytes: 1, executables: 1 });
    assert.equal(ledger.totals.missing, 1);
    assert.equal(ledger.totals.files, 7);
  });

  it('names the layer that removed what is missing; none where no layer ever had it', async () => {
    const trees = [{ 'usr/bin/a': 'a', 'usr/lib/b': 'b' }, { 'usr/bin/.wh.a': '' }, { 'usr/lib/.wh..wh..opq': '' }];
    const stack = await stackOf(trees);
    const files = ['/usr/bin/a', '/usr/lib/b', '/usr/share/never'];
    const recordedFiles = new Map(files.map((path) => [path, md5('x')]));
    const layers = [{}, { createdBy: 'RUN rm /usr/bin/a' }, {}];
    const packages = [pkg('tool', { files, recordedFiles })];
    const { findings } = buildLedger({ view: squash(stack), stack, packages, layers });
    assert.deepEqual(
      findings.map((found) => found.kind === 'missing' && [found.path, found.removedInLayer, found.createdBy]),
      [
        ['/usr/bin/a', 1, 'RUN rm /usr/bin/a'],
        ['/usr/lib/b', 2, undefined],
        ['/usr/share/never', undefined, undefined],
      ],
    );
  });

  it('a folder or a device in place of a recorded file: the file is missing', () => {
    const files = ['/usr/bin/a', '/usr/bin/b', '/usr/bin/c', '/usr/bin/d'];
    const recordedFiles = new Map(files.map((path) => [path, md5('x')]));
    const plain = viewOf({ 'usr/bin/a': 'x', 'usr/bin/b/x': '', 'usr/bin/c': { directory: true }, 'usr/bin/d': 'x' });
    const view = withType(plain, { 'usr/bin/d': 'character-device' });
    const ledger = buildLedger({ view, packages: [pkg('tool', { files, recordedFiles })] });
    assert.deepEqual(
      ledger.findings.map((finding) => [finding.kind, 'path' in finding && finding.path]),
      [
        ['missing', '/usr/bin/b'],
        ['missing', '/usr/bin/c'],
        ['missing', '/usr/bin/d'],
      ],
    );
    assert.deepEqual([ledger.totals.missing, ledger.totals.files], [3, 2]);
  });

  it('lets configuration be changed, and says what it was', () => {
    const shared = {
      files: ['/etc/a', '/etc/b', '/etc/c'],
      configFiles: ['/etc/a', '/etc/b', '/etc/c'],
      recordedFiles: new Map([
        ['/etc/a', md5('a')],
        ['/etc/b', md5('b')],
      ]),
    };
    const ledger = ledgerOf({ 'etc/a': 'a', 'etc/b': 'mine', 'etc/c': 'c' }, [pkg('conf', shared)]);
    assert.deepEqual(classesOf(ledger), {
      '/etc/a': 'os-package verified',
      '/etc/b': 'os-package configuration',
      '/etc/c': 'os-package configuration',
    });
    assert.deepEqual(ledger.findings, []);
    assert.equal([...ledger.entries()][1]?.difference?.expected, md5('b').hex);
  });

  it('takes a link in place of a recorded file for a change, unless the target is what was recorded', () => {
    const recordedFiles = new Map([
      ['/usr/bin/tool', md5('tool')],
      ['/usr/bin/link', md5('tool')],
    ]);
    const owner = pkg('tool', { files: ['/usr/bin/link', '/usr/bin/tool'], recordedFiles });
    const ledger = ledgerOf({ 'usr/bin/tool': { link: '/tmp/evil' }, 'usr/bin/link': { link: 'tool' } }, [owner]);
    assert.deepEqual(classesOf(ledger), {
      '/usr/bin/link': 'os-package verified',
      '/usr/bin/tool': 'os-package modified',
    });
    assert.equal(ledger.findings.length, 1);
  });

  it('knows the empty file without a digest of the pass', () => {
    const view = viewOf({ 'usr/bin/tool': '' });
    const blind = { ...view, contentDigest: () => undefined };
    const recordedFiles = new Map([['/usr/bin/tool', md5('')]]);
    const ledger = buildLedger({ view: blind, packages: [pkg('tool', { files: ['/usr/bin/tool'], recordedFiles })] });
    assert.deepEqual(classesOf(ledger), { '/usr/bin/tool': 'os-package verified' });
  });

  it('counts documentation that was left out apart, and what another package took over not at all', () => {
    const left = ['/usr/share/doc/a/README', '/usr/share/i18n/charmaps/X.gz', '/usr/share/X11/locale/C/Compose'];
    const recordedFiles = new Map([...left, '/usr/bin/taken'].map((path) => [path, md5('x')]));
    const ledger = ledgerOf({ 'usr/bin/taken': 'new' }, [
      pkg('a', { files: [], recordedFiles }),
      pkg('b', { files: ['/usr/bin/taken'] }),
    ]);
    assert.deepEqual([ledger.totals.missing, ledger.totals.excluded], [0, left.length]);
    assert.deepEqual(classesOf(ledger), { '/usr/bin/taken': 'os-package unchecked' });
  });

  it('asks for nothing when digests were not asked for', () => {
    const view = { ...viewOf({ 'usr/bin/tool': 'tool' }), contentDigest: () => undefined };
    const packages = [pkg('tool', BY_DPKG)];
    assert.deepEqual(buildLedger({ view, packages, integrity: false }).findings, []);
    assert.equal(buildLedger({ view, packages }).findings[0]?.kind, 'not-checked');
  });
});

describe('buildLedger: who owns a file', () => {
  it('prefers the operating system, remembers the other, and says whose file it really is', () => {
    const python = npm('py', '/usr/lib', {
      files: ['/usr/bin/tool'],
      recordedFiles: new Map([['/usr/bin/tool', md5('pip')]]),
    });
    const [entry] = ledgerOf({ 'usr/bin/tool': 'pip' }, [python, pkg('tool', BY_DPKG)]).entries();
    assert.equal(entry?.class, 'os-package');
    assert.equal(entry?.integrity, 'modified');
    assert.equal(entry?.owner?.purl, 'pkg:deb/debian/tool@1.0');
    assert.equal(entry?.also?.id, 'npm/py@1.0');
    assert.equal(entry?.difference?.fits?.id, 'npm/py@1.0');
  });

  it('takes the record that fits when packages of two architectures share a file', () => {
    const other = pkg('tool-i386', { ...BY_DPKG, recordedFiles: new Map([['/usr/bin/tool', md5('other')]]) });
    const [entry] = ledgerOf({ 'usr/bin/tool': 'other' }, [pkg('tool', BY_DPKG), other]).entries();
    assert.equal(entry?.integrity, 'verified');
    assert.equal(entry?.owner?.id, 'deb/debian/tool-i386@1.0');
  });

  it('prefers the nearest folder, and a list to any folder', () => {
    const outer = npm('outer', '/app');
    const inner = npm('inner', '/app/node_modules/inner');
    const lister = npm('lister', '/elsewhere', { files: ['/app/node_modules/inner/listed.js'] });
    const owners = Object.fromEntries(
      [
        ...ledgerOf(
          {
            'app/a.js': '',
            'app/node_modules/inner/b.js': '',
            'app/node_modules/inner/lib/c.js': '',
            'app/node_modules/inner/listed.js': '',
            'app/node_modules/innermost/d.js': '',
          },
          [outer, inner, lister],
        ).entries(),
      ].map(({ path, owner }) => [path, owner?.id]),
    );
    assert.deepEqual(owners, {
      '/app/a.js': 'npm/outer@1.0',
      '/app/node_modules/inner/b.js': 'npm/inner@1.0',
      '/app/node_modules/inner/lib/c.js': 'npm/inner@1.0',
      '/app/node_modules/inner/listed.js': 'npm/lister@1.0',
      '/app/node_modules/innermost/d.js': 'npm/outer@1.0',
    });
  });

  it('recognises binaries by what was found in them, and jars as packages; first-party folders come after', () => {
    const go = { ...npm('server', '/x'), type: 'golang' as const, locations: [{ path: '/app/server', layer: 0 }] };
    const listed = {
      ...npm('lister', '/x'),
      type: 'cargo' as const,
      id: 'cargo/x',
      files: ['/bin/x'],
      locations: [{ path: '/bin/x', layer: 0 }],
    };
    const jar = { ...npm('jar', '/x'), type: 'maven' as const, locations: [{ path: '/app/lib/a.jar', layer: 0 }] };
    const ledger = ledgerOf({ 'app/server': 'x', 'app/lib/a.jar': 'x', 'app/main.py': 'x', 'bin/x': 'x' }, [
      go,
      jar,
      listed,
      npm('own', '/app', { firstParty: true }),
    ]);
    assert.deepEqual(classesOf(ledger), {
      '/app/lib/a.jar': 'language-package unchecked',
      '/app/main.py': 'language-package unchecked',
      '/app/server': 'binary',
      '/bin/x': 'binary',
    });
  });

  it('recognises a program by the note of a package of the operating system in it', () => {
    const view = withContent(viewOf({ 'opt/tool': 'x' }), { 'opt/tool': 'elf' });
    const noted = pkg('tool', { foundBy: 'elf-note', locations: [{ path: '/opt/tool', layer: 0 }] });
    assert.deepEqual(classesOf(buildLedger({ view, packages: [noted] })), { '/opt/tool': 'binary' });
  });

  it('tells the base’s own files from what was added', () => {
    const files = {
      'opt/old': { content: 'x', layer: 0 },
      'opt/new': { content: 'x', layer: 2 },
      'opt/l': { link: 'old', layer: 2 },
    };
    const baseView = memoryView({ 'opt/l': { link: 'old' }, 'opt/new': 'y' });
    assert.deepEqual(classesOf(ledgerOf(files, [], { baseLayers: 1, baseView })), {
      '/opt/l': 'base',
      '/opt/new': 'unaccounted',
      '/opt/old': 'base',
    });
  });
});

describe('buildLedger: rules', () => {
  it('knows the data of package managers and what triggers make', () => {
    assert.deepEqual(
      classesOf(
        ledgerOf(
          {
            'var/lib/dpkg/status': '',
            'var/lib/dpkg/info/a.postinst': { content: '#!/bin/sh', mode: 0o755 },
            'var/lib/dpkg/run.sh': { content: '#!/bin/sh', mode: 0o755 },
            'srv/root/db': '',
            'etc/ssl/certs/1234.0': { link: '/usr/share/ca-certificates/x.crt' },
            'etc/ssl/certs/added.pem': 'a certificate',
            'bin/ls': { link: '/bin/busybox' },
            'bin/evil': { link: '/tmp/busybox' },
            'app/node_modules/.package-lock.json': '{}',
            'usr/lib/python3/dist-packages/x-1.dist-info/RECORD': '',
            'var/cache/tool': { content: '#!/bin/sh', mode: 0o755 },
            'app/vendor/composer/LICENSE': 'Copyright (c) Nils Adermann, Jordi Boggiano',
            'srv/3rdparty/composer/autoload_real.php': '<?php',
            'usr/local/lib/perl/5.36.0/perllocal.pod': '=head2',
            'usr/bin/perllocal.pod': { content: '#!/bin/sh', mode: 0o755 },
          },
          [pkg('elsewhere', { locations: [{ path: '/srv/root/db', layer: 0 }] })],
        ),
      ),
      {
        '/app/node_modules/.package-lock.json': 'package-state node-state',
        '/app/vendor/composer/LICENSE': 'generated composer-autoload',
        '/bin/evil': 'unaccounted',
        '/bin/ls': 'generated busybox-applets',
        '/etc/ssl/certs/1234.0': 'generated ca-certificate-links',
        '/etc/ssl/certs/added.pem': 'unaccounted',
        '/srv/3rdparty/composer/autoload_real.php': 'generated composer-autoload',
        '/srv/root/db': 'package-state',
        '/usr/bin/perllocal.pod': 'unaccounted',
        '/usr/lib/python3/dist-packages/x-1.dist-info/RECORD': 'package-state python-state',
        '/usr/local/lib/perl/5.36.0/perllocal.pod': 'package-state perl-state',
        '/var/cache/tool': 'unaccounted',
        '/var/lib/dpkg/info/a.postinst': 'package-state dpkg-scripts',
        '/var/lib/dpkg/run.sh': 'unaccounted',
        '/var/lib/dpkg/status': 'package-state dpkg-state',
      },
    );
  });

  it('knows what yarn keeps, and the links that workspaces are used by', () => {
    const found = ledgerOf(
      {
        'app/.yarn/cache/a-npm-1.0.0-0123456789.zip': 'zip',
        'app/.yarn/cache/run.sh': { content: '#!/bin/sh', mode: 0o755 },
        'app/.yarn/install-state.gz': '',
        'app/.pnp.loader.mjs': '',
        'app/node_modules/.package-map.json': '{}',
        'app/node_modules/ws': { link: '../packages/ws' },
        'app/node_modules/other': { link: '../packages/other' },
        'app/packages/ws/package.json': '{}',
        'app/packages/other/package.json': '{}',
      },
      [pkg('ws', { type: 'npm', firstParty: true, locations: [{ path: '/app/packages/ws/package.json', layer: 0 }] })],
    );
    const classes = classesOf(found);
    assert.deepEqual(
      Object.entries(classes).filter(([path]) => !path.includes('/packages/')),
      [
        ['/app/.pnp.loader.mjs', 'package-state node-state'],
        ['/app/.yarn/cache/a-npm-1.0.0-0123456789.zip', 'generated node-caches'],
        ['/app/.yarn/cache/run.sh', 'unaccounted'],
        ['/app/.yarn/install-state.gz', 'package-state node-state'],
        ['/app/node_modules/.package-map.json', 'package-state node-state'],
        ['/app/node_modules/other', 'unaccounted'],
        ['/app/node_modules/ws', 'generated node-programs'],
      ],
    );
  });

  it('never takes machine code for data, wherever it lies', () => {
    const view = withContent(viewOf({ 'var/lib/dpkg/x': '', 'var/cache/y': '', 'etc/ld.so.cache': '' }), {
      'var/lib/dpkg/x': 'elf',
      'var/cache/y': 'pe',
      'etc/ld.so.cache': 'mach-o',
    });
    const ledger = buildLedger({ view, packages: [] });
    assert.equal(ledger.totals.byClass.unaccounted.executables, 3);
  });

  it('takes bytecode for generated only when a package owns its module', () => {
    const files = ['/usr/lib/python3/m.py', '/usr/lib/python3/n.py'];
    const ledger = ledgerOf(
      {
        'usr/lib/python3/m.py': '',
        'usr/lib/python3/n.py': '',
        'usr/lib/python3/n.pyc': '',
        'usr/lib/python3/__pycache__/m.cpython-311.pyc': '',
        'usr/lib/python3/__pycache__/m.cpython-311.opt-1.pyc': '',
        'usr/lib/python3/__pycache__/evil.cpython-311.pyc': '',
      },
      [pkg('python3', { files })],
    );
    const all = classesOf(ledger);
    assert.equal(all['/usr/lib/python3/__pycache__/m.cpython-311.pyc'], 'generated python-bytecode');
    assert.equal(all['/usr/lib/python3/__pycache__/m.cpython-311.opt-1.pyc'], 'generated python-bytecode');
    assert.equal(all['/usr/lib/python3/n.pyc'], 'generated python-bytecode');
    assert.equal(all['/usr/lib/python3/__pycache__/evil.cpython-311.pyc'], 'unaccounted');
    const made = [...ledger.entries()].find(({ path }) => path.endsWith('m.cpython-311.pyc'));
    assert.equal(made?.owner?.id, 'deb/debian/python3@1.0');
  });

  it('believes links of update-alternatives only as far as its database does', () => {
    const admin =
      'auto\n/bin/awk\nawk.1.gz\n/usr/share/man/man1/awk.1.gz\n\n/usr/bin/mawk\n5\n/usr/share/man/man1/mawk.1.gz\n\n';
    assert.deepEqual(
      classesOf(
        ledgerOf(
          {
            bin: { link: 'usr/bin' },
            'var/lib/dpkg/alternatives/awk': admin,
            'usr/bin/awk': { link: '/etc/alternatives/awk' },
            'etc/alternatives/awk': { link: '/usr/bin/mawk' },
            'etc/alternatives/awk.1.gz': { link: '/tmp/evil.gz' },
            'usr/share/man/man1/awk.1.gz': { link: '/etc/alternatives/awk.1.gz' },
            'usr/bin/pager': { link: '/etc/alternatives/pager' },
          },
          [],
        ),
      ),
      {
        '/bin': 'generated merged-usr',
        '/etc/alternatives/awk': 'generated alternatives',
        '/etc/alternatives/awk.1.gz': 'unaccounted',
        '/usr/bin/awk': 'generated alternatives',
        '/usr/bin/pager': 'unaccounted',
        '/usr/share/man/man1/awk.1.gz': 'generated alternatives',
        '/var/lib/dpkg/alternatives/awk': 'package-state dpkg-state',
      },
    );
  });
});

describe('ledgerSummary', () => {
  const of = (files: Parameters<typeof ledgerOf>[0], diagnostics = 0, notes: Parameters<typeof ledgerOf>[2] = {}) =>
    ledgerSummary(ledgerOf(files, [pkg('tool', BY_DPKG)], notes), { diagnostics }).completeness;

  it('is complete when every file is accounted for', () => assert.equal(of({ 'usr/bin/tool': 'tool' }), 'complete'));
  it('is unknown while files are left, or nothing was found', () => {
    assert.equal(of({ 'usr/bin/tool': 'tool', 'srv/data': 'x' }), 'unknown');
    assert.equal(ledgerSummary(ledgerOf({}, [])).completeness, 'unknown');
  });
  it('is incomplete when the inventory was stripped and something is left that it may have listed', () => {
    const strip = (ledger: ReturnType<typeof ledgerOf>) =>
      ledgerSummary({ ...ledger, findings: [{ kind: 'orphaned-list', path: '/x.list', layer: 0 }] });
    const tool = [pkg('tool', BY_DPKG)];
    assert.deepEqual(
      [ledgerOf({}, []), ledgerOf({ 'usr/bin/tool': 'tool', 'srv/data': 'x' }, tool)].map((ledger) => {
        const { completeness, reason } = strip(ledger);
        return [completeness, reason];
      }),
      Array.from({ length: 2 }, () => ['incomplete', 'the inventory was stripped: 1 trace of it']),
    );
    assert.equal(strip(ledgerOf({ 'usr/bin/tool': 'tool' }, tool)).completeness, 'complete');
  });
  it('is incomplete with executables left, things unread, or software that is not known', () => {
    assert.equal(of({ 'srv/run': { content: 'x', mode: 0o755 } }), 'incomplete');
    assert.equal(of({ 'usr/bin/tool': 'tool' }, 1), 'incomplete');
    const note = {
      kind: 'known-unknown',
      code: 'packed-executable',
      message: '',
      path: '/usr/bin/tool',
      source: 'x',
    } as const;
    assert.equal(of({ 'usr/bin/tool': 'tool' }, 0, { notes: [note] }), 'incomplete');
  });
});

describe('buildLedger: any image', () => {
  it('gives each file and link exactly one class, and totals that add up', () => {
    const segment = fc.constantFrom(
      'usr',
      'bin',
      'node_modules',
      'a',
      'var',
      'lib',
      'dpkg',
      '__pycache__',
      'x.pyc',
      '..x',
    );
    const path = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => `${parts.join('/')}/f`);
    const arbitrary = fc.array(fc.record({ path, owned: fc.boolean(), link: fc.boolean() }), { maxLength: 20 });
    fc.assert(
      fc.property(arbitrary, (items) => {
        const files = Object.fromEntries(items.map((item) => [item.path, item.link ? { link: 'x' } : 'content']));
        const owned = items.filter((item) => item.owned).map((item) => `/${item.path}`);
        const ledger = ledgerOf(files, [pkg('p', { files: owned, directories: ['/usr/a'] })]);
        const entries = [...ledger.entries()];
        assert.equal(entries.length, Object.keys(files).length);
        assert.equal(ledger.totals.files, entries.length);
        for (const name of LEDGER_CLASSES) {
          const count = entries.filter((entry) => entry.class === name).length;
          assert.equal(ledger.totals.byClass[name].files, count);
        }
      }),
      { numRuns: 200 },
    );
  });
});
