import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { capturePlan, runCatalogers, type CatalogRun } from '../../../src/catalog/index.ts';
import { rpmCataloger } from '../../../src/catalog/os/rpm.ts';
import { RecordBudget, rpmRecord } from '../../../src/catalog/os/rpm-record.ts';
import { tryParseRpmHeader } from '../../../src/formats/index.ts';
import { packagePurl, type Package } from '../../../src/packages/index.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';
import {
  berkeleyDatabase,
  ndbDatabase,
  RPM_SCHEMA,
  rpmHeader,
  rpmPackage,
  sqliteDatabase,
  withSqlite,
  type RpmValues,
} from '../../support/rpm-database.ts';

const FEDORA = 'ID=fedora\nVERSION_ID=40\n';
const DATABASE = 'var/lib/rpm/Packages.db';

function run(files: Readonly<Record<string, MemoryEntry>>): CatalogRun {
  const view = memoryView(files, { captures: capturePlan([rpmCataloger]).captures });
  return runCatalogers({ view, catalogers: [rpmCataloger], rethrow: true });
}

/** What a Fedora with one package says of it. */
function onePackage(values: RpmValues, files: Readonly<Record<string, MemoryEntry>> = {}): Package {
  const database = ndbDatabase([rpmPackage('pkg', values)]);
  const { packages, diagnostics } = run({ 'etc/os-release': FEDORA, [DATABASE]: database, ...files });
  assert.deepEqual(diagnostics, []);
  assert.equal(packages.length, 1);
  return packages[0]!;
}

const purls = (result: CatalogRun): readonly (string | undefined)[] => result.packages.map(packagePurl);
const codes = (result: CatalogRun): readonly string[] => result.diagnostics.map(({ code }) => code);

describe('rpm identity', () => {
  it('tells no epoch from epoch 0', () => {
    assert.equal(packagePurl(onePackage({})), 'pkg:rpm/fedora/pkg@1.0-1.el9?arch=x86_64&distro=fedora-40');
    assert.equal(
      packagePurl(onePackage({ epoch: [0] })),
      'pkg:rpm/fedora/pkg@1.0-1.el9?arch=x86_64&distro=fedora-40&epoch=0',
    );
    assert.equal(onePackage({ epoch: [4294967295] }).qualifiers?.['epoch'], '4294967295');
  });

  it('names the vendor of the distribution as advisories do', () => {
    const namespace = (release: string): string | undefined => {
      const [pkg] = run({ 'etc/os-release': release, [DATABASE]: ndbDatabase([rpmPackage('a')]) }).packages;
      return pkg?.purlKnown === false ? undefined : pkg?.namespace;
    };
    assert.equal(namespace('ID="rhel"\nVERSION_ID="9.4"\n'), 'redhat');
    assert.equal(namespace('ID="opensuse-tumbleweed"\n'), 'opensuse');
    assert.equal(namespace('ID=sles\nVERSION_ID=15.5\n'), 'sles');
    assert.equal(namespace('ID=amzn\nVERSION_ID=2023\n'), 'amzn');
    assert.equal(namespace('ID=azurelinux\nVERSION_ID=3.0\n'), 'azurelinux');
    for (const foreign of ['ID=debian\n', 'ID=mint\nID_LIKE="ubuntu debian"\n', 'ID=alpine\n', '']) {
      assert.equal(namespace(foreign), undefined);
    }
  });

  it('keeps the module, the source package, and both versions of one name', () => {
    const pkg = onePackage({ modularityLabel: 'perl:5.26:80:1a', sourceRpm: 'perl-5.26-1.src.rpm' });
    assert.deepEqual(pkg.properties, { 'rpm:modularitylabel': 'perl:5.26:80:1a' });
    assert.equal(
      packagePurl(pkg),
      'pkg:rpm/fedora/pkg@1.0-1.el9?arch=x86_64&distro=fedora-40&rpmmod=perl:5.26:80:1a&upstream=perl-5.26-1.src.rpm',
    );
    const kernels = ndbDatabase([rpmPackage('kernel'), rpmPackage('kernel', { version: '2.0' })]);
    assert.equal(run({ [DATABASE]: kernels }).packages.length, 2);
  });

  it('does not take "(none)" or what cannot be one for a value', () => {
    const pkg = onePackage({
      vendor: '(none)',
      sourceRpm: '(none)',
      license: '(none)',
      modularityLabel: '(none)',
      architecture: 'x86 64',
      url: 'javascript:alert(1)',
    });
    assert.deepEqual(pkg.qualifiers, { distro: 'fedora-40' });
    assert.deepEqual([pkg.supplier, pkg.licenses, pkg.homepage, pkg.properties], [undefined, [], undefined, undefined]);
  });

  it('takes over vendor, licence, summary and address', () => {
    const pkg = onePackage({
      vendor: 'SUSE LLC <https://www.suse.com/>',
      license: 'GPLv2+ and MIT',
      summary: 'A package',
      url: 'https://example.org/',
    });
    assert.deepEqual(pkg.supplier, { name: 'SUSE LLC', url: 'https://www.suse.com/' });
    assert.deepEqual(pkg.licenses, [{ value: 'GPLv2+ and MIT' }]);
    assert.deepEqual([pkg.description, pkg.homepage], ['A package', 'https://example.org/']);
    // as Yocto writes it
    assert.deepEqual(onePackage({ license: 'MIT & (Zlib | ISC)' }).licenses, [{ value: 'MIT AND (Zlib OR ISC)' }]);
    assert.deepEqual(onePackage({ vendor: 'Red Hat, Inc.' }).supplier, { name: 'Red Hat, Inc.' });
  });

  it('takes signing keys for no packages, but whatever else has their name', () => {
    const key = { name: 'gpg-pubkey', version: '1', release: '2' };
    const real = rpmHeader({ ...key, baseNames: ['sh'], directoryNames: ['/usr/bin/'], directoryIndexes: [0] });
    const { packages, diagnostics } = run({ [DATABASE]: ndbDatabase([rpmHeader(key), real]) });
    assert.deepEqual(
      packages.map(({ files, name }) => [name, files]),
      [['gpg-pubkey', []]],
    );
    assert.deepEqual(diagnostics, []);
  });
});

describe('rpm files', () => {
  const names: RpmValues = {
    baseNames: ['tool', 'tool.conf', 'tool.log', 'tool', 'gone', 'replaced'],
    directoryNames: ['/bin/', '/etc/', '/var/log/', '/usr/share/'],
    directoryIndexes: [0, 1, 2, 3, 3, 0],
    fileFlags: [0, 1, 64, 0, 0, 0],
    fileStates: [0, 0, 0, 0, 0, 1],
  };

  it('are what is on disk: links of parents followed, folders, ghosts and replaced ones left out', () => {
    const pkg = onePackage(names, {
      bin: { link: 'usr/bin' },
      'usr/bin/tool': '',
      'usr/bin/replaced': '',
      'etc/tool.conf': '',
      'var/log/tool.log': '',
      'usr/share/tool': { directory: true },
    });
    assert.deepEqual(pkg.files, ['/etc/tool.conf', '/usr/bin/tool']);
    assert.deepEqual(pkg.configFiles, ['/etc/tool.conf']);
  });

  it('are read from headers that hold whole paths', () => {
    const pkg = onePackage(
      { oldFileNames: ['/usr/bin/old', '/etc/old'], fileFlags: [0, 1] },
      { 'usr/bin/old': '', 'etc/old': '' },
    );
    assert.deepEqual([pkg.files, pkg.configFiles], [['/etc/old', '/usr/bin/old'], ['/etc/old']]);
  });

  it('lie in the root of their database', () => {
    const files = { baseNames: ['x'], directoryNames: ['/usr/'], directoryIndexes: [0] };
    const { packages } = run({
      'opt/root/usr/lib/sysimage/rpm/Packages.db': ndbDatabase([rpmPackage('a', files)]),
      'opt/root/usr/x': '',
      'opt/root/etc/os-release': FEDORA,
      'usr/x': '',
    });
    assert.deepEqual(packages[0]?.files, ['/opt/root/usr/x']);
    assert.equal(packages[0]?.namespace, 'fedora');
  });

  it('are bounded: a long folder before many names, and more than a million names', () => {
    const budget = new RecordBudget();
    const header = (values: RpmValues) => tryParseRpmHeader(rpmPackage('a', values))!;
    const folder = `/${'d'.repeat(4000)}/`;
    const long = header({
      baseNames: Array.from({ length: 70_000 }, () => 'n'),
      directoryNames: [folder],
      directoryIndexes: Array.from({ length: 70_000 }, () => 0),
    });
    assert.ok((rpmRecord(long, budget)?.listed ?? []).length < 68_000);
    assert.ok(budget.isSpent);
    const tooLong = header({ baseNames: ['n'.repeat(200)], directoryNames: [folder], directoryIndexes: [0] });
    assert.deepEqual(rpmRecord(tooLong, new RecordBudget())?.listed, []);
    const many = new RecordBudget();
    const provides = header({ provideName: Array.from({ length: 900_000 }, () => '') });
    const counts = [1, 2, 3, 4, 5, 6].map(() => rpmRecord(provides, many)?.provides.length);
    assert.deepEqual(counts, [900_000, 900_000, 900_000, 900_000, 0, 0]);
    assert.ok(many.isSpent);
    const cut = new RecordBudget();
    const names = header({ requireName: Array.from({ length: 1_000_001 }, () => '') });
    assert.deepEqual([rpmRecord(names, cut)?.requires.length, cut.incomplete], [1_000_000, 1]);
  });

  it('are told where folders or names are missing', () => {
    const broken = (values: RpmValues): CatalogRun =>
      run({ [DATABASE]: ndbDatabase([rpmPackage('a', values)]), x: '' });
    for (const values of [
      { baseNames: ['x'] },
      { baseNames: ['x'], directoryNames: ['/'], directoryIndexes: [7] },
      { baseNames: [1], directoryNames: ['/'], directoryIndexes: [0] },
    ] as const) {
      const result = broken(values);
      assert.deepEqual(result.packages[0]?.files, []);
      assert.deepEqual(codes(result), ['malformed-header']);
      assert.match(result.diagnostics[0]!.message, /record 1: lists of a are damaged/);
    }
  });
});

describe('rpm dependencies', () => {
  const edges = (headers: readonly Buffer[], files: Readonly<Record<string, MemoryEntry>> = {}): readonly string[] => {
    const { packages } = run({ [DATABASE]: ndbDatabase(headers), ...files });
    const names = new Map(packages.map(({ id, name }) => [id, name]));
    return packages.flatMap(({ name, dependsOn }) => dependsOn.map((id) => `${name} > ${names.get(id)}`));
  };

  it('lead to names, provisions and files, never to itself', () => {
    const found = edges([
      rpmPackage('a', {
        requireName: ['b', 'libc.so.6()(64bit)', '/usr/bin/d', 'a', 'cfg', 'nobody'],
        provideName: ['cfg'],
      }),
      rpmPackage('b', { requireName: ['rpmlib(CompressedFileNames)', '(a or c)', ''] }),
      rpmPackage('c', { provideName: ['libc.so.6()(64bit)'], requireName: ['a'] }),
      rpmPackage('d', { baseNames: ['d'], directoryNames: ['/usr/bin/'], directoryIndexes: [0] }),
    ]);
    assert.deepEqual(found, ['a > b', 'a > c', 'a > d', 'c > a']);
  });

  it('find a file by where it is after the merge of /usr', () => {
    const found = edges(
      [
        rpmPackage('a', { requireName: ['/bin/sh'] }),
        rpmPackage('shell', { baseNames: ['sh'], directoryNames: ['/usr/bin/'], directoryIndexes: [0] }),
      ],
      { bin: { link: 'usr/bin' }, 'usr/bin/sh': '' },
    );
    assert.deepEqual(found, ['a > shell']);
  });

  it('take bounded work when everything needs what everything provides', () => {
    const names = Array.from({ length: 2000 }, (_, index) => `cap-${index}`);
    const headers = Array.from({ length: 254 }, (_, index) =>
      rpmPackage(`p${index}`, { provideName: names, requireName: names }),
    );
    const result = run({ [DATABASE]: ndbDatabase(headers) });
    assert.equal(result.packages.length, 254);
    assert.ok(codes(result).includes('database-too-large'));
  });
});

describe('rpm databases', () => {
  const one = (name: string): Buffer => ndbDatabase([rpmPackage(name)]);

  it('behind links of folders are read once, with the root of the image', () => {
    const result = run({
      'etc/os-release': FEDORA,
      'usr/lib/sysimage/rpm/Packages.db': one('a'),
      'var/lib/rpm': { link: '/usr/lib/sysimage/rpm' },
    });
    assert.deepEqual(purls(result), ['pkg:rpm/fedora/a@1.0-1.el9?arch=x86_64&distro=fedora-40']);
    assert.deepEqual(result.packages[0]?.locations, [{ path: '/usr/lib/sysimage/rpm/Packages.db', layer: 0 }]);
  });

  it('in one folder: the first with packages counts, the others are told', () => {
    const result = run({
      'var/lib/rpm/rpmdb.sqlite': sqliteDatabase([]),
      'var/lib/rpm/Packages.db': one('a'),
      'var/lib/rpm/Packages': berkeleyDatabase([rpmPackage('b')]),
    });
    assert.deepEqual(
      result.packages.map(({ name }) => name),
      ['a'],
    );
    assert.deepEqual(codes(result), ['second-database']);
    assert.match(result.diagnostics[0]!.message, /holds 1 packages that do not count/);
  });

  it('in two folders count both; the same package is one with two places', () => {
    const { packages } = run({ 'var/lib/rpm/Packages.db': one('a'), 'usr/share/rpm/Packages.db': one('a') });
    assert.deepEqual(
      packages.map(({ locations }) => locations.map(({ path }) => path)),
      [['/usr/share/rpm/Packages.db', '/var/lib/rpm/Packages.db']],
    );
  });

  it('that were not captured, or are being changed, are told', () => {
    const result = run({ 'var/lib/rpm/Packages': { link: '../elsewhere' }, 'var/lib/elsewhere': one('a') });
    assert.deepEqual(codes(result), ['unreadable-database']);
    const journal = { 'var/lib/rpm/rpmdb.sqlite-journal': 'x' };
    assert.deepEqual(codes(run({ 'var/lib/rpm/rpmdb.sqlite': sqliteDatabase([]), ...journal })), [
      'unfinished-database',
    ]);
    assert.deepEqual(codes(run({ 'var/lib/rpm/Packages': '' })), ['malformed-database']);
  });

  it('with a write-ahead log are read with it', () => {
    const files = withSqlite(
      (database) => {
        database.exec(`PRAGMA journal_mode = WAL; ${RPM_SCHEMA}`);
        database.prepare('INSERT INTO Packages (blob) VALUES (?)').run(rpmPackage('newest'));
      },
      (path) => ({
        'var/lib/rpm/rpmdb.sqlite': readFileSync(path),
        'var/lib/rpm/rpmdb.sqlite-wal': readFileSync(`${path}-wal`),
      }),
    );
    const result = run(files);
    assert.deepEqual(codes(result), []);
    assert.deepEqual(
      result.packages.map(({ name }) => name),
      ['newest'],
    );
  });

  it('never throw, whatever is changed in them', () => {
    const header = rpmPackage('a', {
      baseNames: ['x'],
      directoryNames: ['/'],
      directoryIndexes: [0],
      requireName: ['b'],
    });
    for (const make of [
      ndbDatabase,
      (headers: readonly Uint8Array[]) => berkeleyDatabase(headers, { pageBytes: 512 }),
    ]) {
      const whole = make([header, rpmPackage('b')]);
      fc.assert(
        fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          assert.ok(run({ [DATABASE]: bytes, x: '' }).packages.length <= 2);
        }),
      );
    }
  });
});

describe('rpm manifests', () => {
  const MANIFEST = 'var/lib/rpmmanifest/container-manifest-2';
  const line = (name: string, epoch: string, release = '1.azl3'): string =>
    `${name}\t1.0-${release}\t1700000000\t1700000000\tMicrosoft Corporation\t${epoch}\t100\tx86_64\t0\t${name}-1.0-1.src.rpm\n`;

  it('stand for a database, without files, licences and dependencies', () => {
    const { packages, diagnostics } = run({
      'etc/os-release': 'ID=azurelinux\nVERSION_ID="3.0"\n',
      [MANIFEST]: `${line('glibc', '(none)')}${line('bind', '32')}gpg-pubkey\t1-2\t1\t1\t(none)\t(none)\t0\t(none)\t0\t(none)\n`,
    });
    assert.deepEqual(diagnostics, []);
    assert.deepEqual(packages.map(packagePurl), [
      'pkg:rpm/azurelinux/bind@1.0-1.azl3?arch=x86_64&distro=azurelinux-3.0&epoch=32&upstream=bind-1.0-1.src.rpm',
      'pkg:rpm/azurelinux/glibc@1.0-1.azl3?arch=x86_64&distro=azurelinux-3.0&upstream=glibc-1.0-1.src.rpm',
    ]);
    assert.deepEqual(packages[0]?.supplier, { name: 'Microsoft Corporation' });
    assert.equal(packages[0]?.files, undefined);
  });

  it('lose only the lines that are broken', () => {
    const result = run({ [MANIFEST]: `nonsense\n${line('a', '(none)')}\n${line('b', '-1', '')}` });
    assert.deepEqual(
      result.packages.map(({ name, version }) => [name, version]),
      [
        ['a', '1.0-1.azl3'],
        ['b', undefined],
      ],
    );
    assert.deepEqual(codes(result).toSorted(), ['malformed-manifest', 'version-unknown']);
  });

  it('of more lines than any real image has say that the rest is missing', () => {
    const key = 'gpg-pubkey\t1-1\t0\t0\tV\t(none)\t0\t(none)\t0\t(none)\n';
    const last = 'bash\t5.2-1\t0\t0\tV\t(none)\t0\tx86_64\t0\tbash-5.2-1.src.rpm\n';
    const result = run({ [MANIFEST]: `${key.repeat(250_000)}${last}` });
    assert.deepEqual(result.packages, []);
    assert.deepEqual(codes(result), ['too-many-packages']);
  });
});
