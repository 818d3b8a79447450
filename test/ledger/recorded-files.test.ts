import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { capturePlan, CATALOGERS, runCatalogers, type Cataloger } from '../../src/catalog/index.ts';
import { pythonCataloger } from '../../src/catalog/language/python.ts';
import { apkCataloger } from '../../src/catalog/os/apk.ts';
import { dpkgCataloger } from '../../src/catalog/os/dpkg.ts';
import { rpmCataloger } from '../../src/catalog/os/rpm.ts';
import { buildLedger, LEDGER_PLAN, type Ledger } from '../../src/ledger/index.ts';
import { memoryView } from '../support/memory-view.ts';
import { ndbDatabase, rpmPackage, type RpmValues } from '../support/rpm-database.ts';
import { classesOf, type Files } from './sample.ts';

const DEBIAN = 'ID=debian\nVERSION_ID="12"\n';

const hash = (algorithm: string, text: string, encoding: 'hex' | 'base64' | 'base64url' = 'hex'): string =>
  createHash(algorithm).update(text).digest(encoding);

function ledgerOf(cataloger: Cataloger, files: Files): Ledger {
  const { captures } = capturePlan([cataloger], { digests: true });
  const view = memoryView(files, { captures: [...captures, ...LEDGER_PLAN.captures] });
  const { packages } = runCatalogers({ view, catalogers: [cataloger], recordedFiles: true, rethrow: true });
  return buildLedger({ view, packages });
}

const missing = (ledger: Ledger): readonly string[] =>
  ledger.findings.filter((finding) => finding.kind === 'missing').map(({ path }) => path);

describe('recordedFiles of dpkg', () => {
  it('are found after usrmerge and where a diversion put them; conffiles may be changed', () => {
    const sum = (text: string): string => hash('md5', text);
    const ledger = ledgerOf(dpkgCataloger, {
      'etc/os-release': DEBIAN,
      bin: { link: 'usr/bin' },
      lib: { link: 'usr/lib' },
      'var/lib/dpkg/status': `Package: tool\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\nConffiles:\n /etc/tool.conf ${sum('shipped')}\n /etc/same.conf ${sum('same')}\n`,
      'var/lib/dpkg/info/tool:amd64.list':
        '/bin/tool\n/bin/bad\n/usr/bin/ls\n/etc/tool.conf\n/etc/same.conf\n/lib/gone.so\n',
      'var/lib/dpkg/info/tool:amd64.md5sums': `${sum('tool')}  bin/tool\n${sum('good')}  bin/bad\n${sum('ls')}  usr/bin/ls\n${sum('x')}  lib/gone.so\nno line\n`,
      'var/lib/dpkg/diversions': '/usr/bin/ls\n/usr/bin/ls.real\nother\n',
      'usr/bin/tool': 'tool',
      'usr/bin/bad': 'tampered',
      'usr/bin/ls.real': 'ls',
      'usr/lib/x': '',
      'etc/tool.conf': 'changed',
      'etc/same.conf': 'same',
    });
    const classes = classesOf(ledger);
    assert.equal(classes['/usr/bin/tool'], 'os-package verified');
    assert.equal(classes['/usr/bin/bad'], 'os-package modified');
    assert.equal(classes['/usr/bin/ls.real'], 'os-package verified');
    assert.equal(classes['/etc/tool.conf'], 'os-package configuration');
    assert.equal(classes['/etc/same.conf'], 'os-package verified');
    assert.deepEqual(missing(ledger), ['/usr/lib/gone.so']);
  });

  it('are those of obsolete conffiles too, as long as the package lists them', () => {
    const line = (path: string, text: string): string => ` ${path} ${hash('md5', text)} obsolete\n`;
    const ledger = ledgerOf(dpkgCataloger, {
      'etc/os-release': DEBIAN,
      'var/lib/dpkg/status': `Package: tool\nStatus: install ok installed\nVersion: 2\nArchitecture: all\nConffiles:\n${line('/etc/old.conf', 'old')}${line('/etc/same.conf', 'same')}${line('/etc/moved.conf', 'moved')}${line('/etc/gone.conf', 'gone')}`,
      'var/lib/dpkg/info/tool.list': '/.\n/etc\n/etc/old.conf\n/etc/same.conf\n/etc/gone.conf\n',
      'etc/old.conf': 'changed',
      'etc/same.conf': 'same',
    });
    const classes = classesOf(ledger);
    assert.equal(classes['/etc/old.conf'], 'os-package configuration');
    assert.equal(classes['/etc/same.conf'], 'os-package verified');
    assert.deepEqual(missing(ledger), ['/etc/gone.conf']);
  });

  it('are read beside the files of status.d', () => {
    const ledger = ledgerOf(dpkgCataloger, {
      'etc/os-release': DEBIAN,
      'var/lib/dpkg/status.d/base': 'Package: base\nVersion: 1\n',
      'var/lib/dpkg/status.d/base.md5sums': `${hash('md5', 'x')}  etc/x\n${hash('md5', 'y')}  etc/y\n`,
      'etc/x': 'x',
      'etc/y': 'z',
    });
    assert.equal(classesOf(ledger)['/etc/x'], 'os-package verified');
    assert.equal(classesOf(ledger)['/etc/y'], 'os-package modified');
  });
});

describe('recordedFiles of apk', () => {
  it('are SHA-1 in base64, of a link the digest of its target; what lies in /etc may be changed', () => {
    const z = (text: string): string => `Z:Q1${hash('sha1', text, 'base64')}`;
    const installed = [
      'P:tool\nV:1-r0\nF:bin',
      `R:good\n${z('good')}\nR:bad\n${z('right')}\nR:link\n${z('good')}\nR:gone\n${z('gone')}\nR:odd\nZ:Q1nonsense`,
      `F:etc\nR:conf\n${z('shipped')}\nF:etc/apk\nR:arch\n${z('x86_64')}\nF:usr/lib\nR:new\nZ:Q2${hash('sha256', 'new', 'base64')}\n`,
    ].join('\n');
    const ledger = ledgerOf(apkCataloger, {
      'etc/os-release': 'ID=alpine\nVERSION_ID=3.19.1\n',
      'lib/apk/db/installed': installed,
      'bin/good': 'good',
      'bin/bad': 'wrong',
      'bin/link': { link: 'good' },
      'bin/odd': 'odd',
      'etc/conf': 'mine',
      'etc/apk/arch': 'arm',
      'usr/lib/new': 'new',
    });
    const classes = classesOf(ledger);
    assert.equal(classes['/bin/good'], 'os-package verified');
    assert.equal(classes['/bin/bad'], 'os-package modified');
    assert.equal(classes['/bin/link'], 'os-package verified');
    assert.equal(classes['/bin/odd'], 'os-package unchecked');
    assert.equal(classes['/etc/conf'], 'os-package configuration');
    assert.equal(classes['/etc/apk/arch'], 'os-package modified');
    assert.equal(classes['/usr/lib/new'], 'os-package verified');
    assert.deepEqual(missing(ledger), ['/bin/gone']);
  });
});

describe('recordedFiles of apk 3', () => {
  it('are the first 160 bits of SHA-256, in what looks like a SHA-1, where the package has the flag S', () => {
    const z = (text: string): string =>
      `Z:Q1${createHash('sha256').update(text).digest().subarray(0, 20).toString('base64')}`;
    const installed = [
      `P:new\nV:1-r0\nf:S\nF:bin\nR:good\n${z('good')}\nR:bad\n${z('right')}\nR:link\n${z('good')}\nR:empty\n${z('')}`,
      `P:broken\nV:1-r0\nF:usr\nF:usr/bin\nR:late\n${z('late')}\nf:fsxS`,
      `P:old\nV:1-r0\nf:s\nF:lib\nR:x\nZ:Q1${hash('sha1', 'x', 'base64')}\n`,
    ].join('\n\n');
    const ledger = ledgerOf(apkCataloger, {
      'etc/os-release': 'ID=openwrt\nVERSION_ID=25.12.0\n',
      'lib/apk/db/installed': installed,
      'bin/good': 'good',
      'bin/bad': 'wrong',
      'bin/link': { link: 'good' },
      'bin/empty': '',
      'usr/bin/late': 'late',
      'lib/x': 'x',
    });
    const classes = classesOf(ledger);
    assert.equal(classes['/bin/good'], 'os-package verified');
    assert.equal(classes['/bin/bad'], 'os-package modified');
    assert.equal(classes['/bin/link'], 'os-package verified');
    assert.equal(classes['/bin/empty'], 'os-package verified');
    assert.equal(classes['/usr/bin/late'], 'os-package verified');
    assert.equal(classes['/lib/x'], 'os-package verified');
  });
});

describe('recordedFiles of rpm', () => {
  const values = (algorithm: string, numbers: RpmValues): RpmValues => ({
    baseNames: ['good', 'bad', 'conf', 'ghost', 'gone'],
    directoryNames: ['/usr/bin/', '/etc/'],
    directoryIndexes: [0, 0, 1, 1, 0],
    fileFlags: [0, 0, 1, 64, 0],
    fileDigests: ['good', 'right', 'shipped', '', 'gone'].map((text) => (text === '' ? '' : hash(algorithm, text))),
    ...numbers,
  });

  for (const [algorithm, numbers] of [
    ['md5', {}],
    ['sha256', { fileDigestAlgorithm: [8] }],
    ['sha384', { fileDigestAlgorithm: [9] }],
    ['sha512', { fileDigestAlgorithm: [10] }],
  ] as const) {
    it(`are ${algorithm} as the header says; ghosts are nothing on disk`, () => {
      const ledger = ledgerOf(rpmCataloger, {
        'etc/os-release': 'ID=fedora\nVERSION_ID=40\n',
        'var/lib/rpm/Packages.db': ndbDatabase([rpmPackage('tool', values(algorithm, numbers))]),
        'usr/bin/good': 'good',
        'usr/bin/bad': 'wrong',
        'etc/conf': 'mine',
      });
      const classes = classesOf(ledger);
      assert.equal(classes['/usr/bin/good'], 'os-package verified');
      assert.equal(classes['/usr/bin/bad'], 'os-package modified');
      assert.equal(classes['/etc/conf'], 'os-package configuration');
      assert.deepEqual(missing(ledger), ['/usr/bin/gone']);
    });
  }

  it('are targets of links too, whatever took the place of one', () => {
    const names = ['same', 'moved', 'file', 'gone', 'odd', 'spaced', 'other'];
    const links: RpmValues = {
      baseNames: names,
      directoryNames: ['/usr/bin/'],
      directoryIndexes: names.map(() => 0),
      fileFlags: names.map(() => 0),
      fileDigests: names.map(() => ''),
      fileDigestAlgorithm: [8],
      fileLinkTargets: ['../lib/tool', 'tool', 'tool', 'tool', 't\u00f6\u00f6l', 'a tool', 'a tool'],
    };
    const ledger = ledgerOf(rpmCataloger, {
      'etc/os-release': 'ID=fedora\nVERSION_ID=40\n',
      'var/lib/rpm/Packages.db': ndbDatabase([rpmPackage('tool', links)]),
      'usr/bin/same': { link: '../lib/tool' },
      'usr/bin/moved': { link: '/tmp/evil' },
      'usr/bin/file': 'no link',
      'usr/bin/spaced': { link: 'a tool' },
      'usr/bin/other': { link: 'a tool ' },
      // in which bytes a target is recorded is not known
      'usr/bin/odd': { link: 'elsewhere' },
    });
    const classes = classesOf(ledger);
    assert.equal(classes['/usr/bin/same'], 'os-package verified');
    assert.equal(classes['/usr/bin/moved'], 'os-package modified');
    assert.equal(classes['/usr/bin/file'], 'os-package modified');
    assert.equal(classes['/usr/bin/odd'], 'os-package unchecked');
    assert.equal(classes['/usr/bin/spaced'], 'os-package verified');
    assert.equal(classes['/usr/bin/other'], 'os-package modified');
    assert.deepEqual(missing(ledger), ['/usr/bin/gone']);
  });

  it('are none of what rpm is told not to verify, and what may be missing is not missed', () => {
    const names = ['cache', 'checked', 'link', 'other', 'optional', 'needed', 'changed'];
    const [digest, target, optional] = [1, 16, 8];
    const all = 0xffffffff;
    const values: RpmValues = {
      baseNames: names,
      directoryNames: ['/usr/lib/'],
      directoryIndexes: names.map(() => 0),
      fileFlags: [0, 0, 0, 0, optional, 0, optional],
      fileVerifyFlags: [all - digest, all, all - target, all, all, all, all],
      fileDigests: names.map((name) => (name === 'link' || name === 'other' ? '' : hash('sha256', 'shipped'))),
      fileDigestAlgorithm: [8],
      fileLinkTargets: names.map((name) => (name === 'link' || name === 'other' ? 'cache' : '')),
    };
    const ledger = ledgerOf(rpmCataloger, {
      'etc/os-release': 'ID=fedora\nVERSION_ID=40\n',
      'var/lib/rpm/Packages.db': ndbDatabase([rpmPackage('tool', values)]),
      'usr/lib/cache': 'made anew',
      'usr/lib/checked': 'made anew',
      'usr/lib/link': { link: 'elsewhere' },
      'usr/lib/other': { link: 'elsewhere' },
      'usr/lib/changed': 'made anew',
    });
    const classes = classesOf(ledger);
    assert.equal(classes['/usr/lib/cache'], 'os-package unchecked');
    assert.equal(classes['/usr/lib/checked'], 'os-package modified');
    assert.equal(classes['/usr/lib/link'], 'os-package unchecked');
    assert.equal(classes['/usr/lib/other'], 'os-package modified');
    assert.equal(classes['/usr/lib/changed'], 'os-package modified');
    assert.deepEqual(missing(ledger), ['/usr/lib/needed']);
  });

  it('in an algorithm that is not known say that there is a file, and cannot be compared', () => {
    const ledger = ledgerOf(rpmCataloger, {
      'etc/os-release': 'ID=fedora\nVERSION_ID=40\n',
      'var/lib/rpm/Packages.db': ndbDatabase([rpmPackage('tool', values('md5', { fileDigestAlgorithm: [99] }))]),
      'usr/bin/bad': 'wrong',
      'usr/bin/good': { link: 'bad' },
      'etc/conf': '',
    });
    const classes = classesOf(ledger);
    assert.equal(classes['/usr/bin/bad'], 'os-package unchecked');
    assert.equal(classes['/usr/bin/good'], 'os-package modified');
    assert.equal(classes['/etc/conf'], 'os-package configuration');
    assert.deepEqual(missing(ledger), ['/usr/bin/gone']);
    assert.deepEqual(
      ledger.findings.flatMap((finding) => (finding.kind === 'not-checked' ? [finding.files] : [])),
      [2],
    );
  });
});

describe('recordedFiles of Python distributions', () => {
  it('are the digests of RECORD, quoted names and other folders included', () => {
    const site = 'usr/lib/python3.11/site-packages';
    const row = (path: string, text: string): string => `${path},sha256=${hash('sha256', text, 'base64url')},1\n`;
    const ledger = ledgerOf(pythonCataloger, {
      [`${site}/x-1.0.dist-info/METADATA`]: 'Name: x\nVersion: 1.0\n',
      [`${site}/x-1.0.dist-info/RECORD`]: `${row('x.py', 'x')}${row('y.py', 'y')}${row('"a,b.py"', 'ab')}${row('../../../bin/x', 'run')}z.py,sha256=short,1\nx.pyc,,\n${row('gone.py', '')}`,
      [`${site}/x.py`]: 'x',
      [`${site}/y.py`]: 'changed',
      [`${site}/z.py`]: 'z',
      [`${site}/a,b.py`]: 'ab',
      'usr/bin/x': 'run',
    });
    const classes = classesOf(ledger);
    assert.equal(classes[`/${site}/x.py`], 'language-package verified');
    assert.equal(classes[`/${site}/y.py`], 'language-package modified');
    assert.equal(classes[`/${site}/z.py`], 'language-package unchecked');
    assert.equal(classes[`/${site}/a,b.py`], 'language-package verified');
    assert.equal(classes['/usr/bin/x'], 'language-package verified');
    assert.deepEqual(missing(ledger), [`/${site}/gone.py`]);
  });
});

describe('recordedFiles', () => {
  it('are there only when asked for, and every cataloger that has them says so', () => {
    const view = memoryView({ 'etc/os-release': DEBIAN }, { captures: capturePlan().captures });
    for (const { id, statement, digests = [] } of CATALOGERS) {
      assert.ok(digests.length === 0 || statement.fileDigests === true, id);
    }
    assert.equal(
      capturePlan().captures.some(({ id }) => id === 'dpkg/md5sums'),
      false,
    );
    assert.deepEqual(runCatalogers({ view }).packages, []);
  });
});
