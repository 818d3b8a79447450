import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** Small packages with everything that makes a difference to a catalog. */
const SPECS: readonly string[] = [
  `Name: alpha
Version: 1.2.3
Release: 4.el8
Epoch: 2
Summary: First package
License: GPLv2+ and MIT
Vendor: Waybill Works <https://example.org/>
URL: https://example.org/alpha
Requires: beta >= 1, /usr/bin/gamma-tool, libdelta.so.1()(64bit)
Requires: (beta or epsilon)
%description
Alpha.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc %{buildroot}/var/log
echo a > %{buildroot}/usr/bin/alpha
ln -s alpha %{buildroot}/usr/bin/alpha-link
echo c > %{buildroot}/etc/alpha.conf
touch %{buildroot}/var/log/alpha.log
%files
/usr/bin/alpha
/usr/bin/alpha-link
%config(noreplace) /etc/alpha.conf
%ghost /var/log/alpha.log`,
  `Name: beta
Version: 1.0~rc1
Release: 1%{?dist}
Summary: Second
License: MIT AND Apache-2.0
BuildArch: noarch
Epoch: 0
Requires: alpha, config(beta)
Provides: config(beta) = 1, virtual-b
%description
Beta.
%install
mkdir -p "%{buildroot}/usr/share/beta/f\u00fcr alle"
echo b > "%{buildroot}/usr/share/beta/f\u00fcr alle/x"
%files
/usr/share/beta
%package -n epsilon
Summary: Sub
Requires: virtual-b, missing-everywhere
%description -n epsilon
Epsilon.
%files -n epsilon`,
  `Name: gamma
Version: 20240101git^5
Release: 7
Summary: Third
License: LicenseRef-Callaway-BSD
BuildArch: noarch
%description
Gamma.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/usr/share/gamma
echo g > %{buildroot}/usr/bin/gamma-tool
for i in $(seq 400); do echo $i > %{buildroot}/usr/share/gamma/a-file-with-quite-a-long-name-$i; done
%files
/usr/bin/gamma-tool
/usr/share/gamma`,
  `Name: delta
Version: 5
Release: 1.module_el8
Summary: Fourth
License: zlib
Provides: libdelta.so.1()(64bit)
Requires: gamma
%description
Delta.
%files`,
];

const QUERY_FORMAT =
  '%{NAME}\\t%{EPOCH}\\t%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{LICENSE}\\t%{VENDOR}\\t%{SOURCERPM}\\t%{MODULARITYLABEL}\\t%{SUMMARY}\\n';
const FILES_FORMAT =
  '[%{=NAME}\\t%{=NAME}-%{=VERSION}-%{=RELEASE}.%{=ARCH}\\t%{FILENAMES}\\t%{FILEFLAGS}\\t%{FILEMODES:perms}\\t%{FILESTATES}\\n]';

/** The programs of Debian's packages `rpm` and `db5.3-util`, where they are installed. */
export function missingRpm(): string | false {
  for (const program of ['rpm', 'rpmbuild', 'db5.3_load']) {
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' });
    } catch (error) {
      const found = (error as NodeJS.ErrnoException).code !== 'ENOENT';
      if (!found) return `no ${program} on this machine (Debian packages rpm and db5.3-util)`;
    }
  }
  return false;
}

/** Builds the packages and puts them into a new SQLite database; returns its folder. */
export function makeSqliteDatabase(folder: string): string {
  const top = join(folder, 'build');
  const database = join(folder, 'sqlite');
  mkdirSync(join(top, 'SPECS'), { recursive: true });
  for (const [index, spec] of SPECS.entries()) {
    const path = join(top, 'SPECS', `${index}.spec`);
    writeFileSync(path, `${spec}\n`);
    const label = spec.startsWith('Name: delta') ? 'delta:5:8090020240101:1a2b3c4d' : '%{nil}';
    const defines = [`_topdir ${top}`, `dist .fc40`, ...(label === '%{nil}' ? [] : [`modularitylabel ${label}`])];
    execFileSync('rpmbuild', ['-bb', ...defines.flatMap((define) => ['--define', define]), path], { stdio: 'pipe' });
  }
  const built = readdirSync(join(top, 'RPMS'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.rpm'),
  );
  const paths = built.toSorted().map((name) => join(top, 'RPMS', name));
  rpm(database, ['-i', '--justdb', '--nodeps', '--noscripts', '--nosignature', '--ignorearch', ...paths]);
  return database;
}

/** The header blobs of a SQLite database, by its own reader. */
export function headersOf(folder: string): readonly Buffer[] {
  const database = new DatabaseSync(join(folder, 'rpmdb.sqlite'), { readOnly: true });
  try {
    const rows = database.prepare('SELECT blob FROM Packages ORDER BY hnum').all();
    return rows.map((row) => Buffer.from(row['blob'] as Uint8Array));
  } finally {
    database.close();
  }
}

/** Berkeley DB's own tool makes a hash of headers, with the counter that rpm keeps as record 0; returns the folder of `Packages`. */
export function makeBerkeleyDatabase(folder: string, headers: readonly Buffer[], order: 1234 | 4321): string {
  const target = mkdtempSync(join(folder, 'bdb-'));
  const key = (record: number): Buffer => {
    const bytes = Buffer.alloc(4);
    if (order === 1234) bytes.writeUInt32LE(record);
    else bytes.writeUInt32BE(record);
    return bytes;
  };
  const pairs = [[key(0), key(headers.length)], ...headers.map((header, index) => [key(index + 1), header])];
  const lines = pairs.flat().map((bytes) => ` ${bytes.toString('hex')}`);
  const dump = ['VERSION=3', 'format=bytevalue', 'type=hash', 'HEADER=END', ...lines, 'DATA=END', ''].join('\n');
  const args = ['-c', `db_lorder=${order}`, '-c', 'db_pagesize=4096', '-t', 'hash', join(target, 'Packages')];
  execFileSync('db5.3_load', args, { input: dump });
  return target;
}

/** Name, epoch, version and release, architecture, licence, vendor, source, module and summary of every package, as rpm prints them, sorted. */
export function queryPackages(folder: string, backend: string): readonly string[] {
  return linesOf(rpm(folder, ['-qa', '--qf', QUERY_FORMAT], backend));
}

export interface QueriedFile {
  readonly name: string;
  readonly nevra: string;
  readonly path: string;
  readonly flags: number;
  readonly isDirectory: boolean;
  readonly state: number;
}

export function queryFiles(folder: string, backend: string): readonly QueriedFile[] {
  return linesOf(rpm(folder, ['-qa', '--qf', FILES_FORMAT], backend)).map((line) => {
    const [name = '', nevra = '', path = '', flags = '', mode = '', state = ''] = line.split('\t');
    return { name, nevra, path, flags: Number(flags), isDirectory: mode.startsWith('d'), state: Number(state) };
  });
}

/** Names of what a package requires, and of the packages that provide one of them. */
export function queryRequires(folder: string, name: string): readonly string[] {
  return linesOf(rpm(folder, ['-q', '--qf', '[%{REQUIRENAME}\\n]', name]));
}

export function queryProviders(folder: string, capability: string): readonly string[] {
  try {
    return linesOf(rpm(folder, ['-q', '--qf', '%{NAME}\\n', '--whatprovides', capability]));
  } catch {
    return [];
  }
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'waybill-rpm-'));
}

/** The file of a database's folder that waybill reads. */
export function databaseFile(folder: string): { readonly name: string; readonly bytes: Buffer } {
  for (const name of ['rpmdb.sqlite', 'Packages.db', 'Packages']) {
    if (readdirSync(folder).includes(name)) return { name, bytes: readFileSync(join(folder, name)) };
  }
  throw new Error(`no database in ${folder}`);
}

function rpm(folder: string, args: readonly string[], backend = 'sqlite'): string {
  const where = ['--define', `_db_backend ${backend}`, '--define', `_dbpath ${folder}`];
  const options = { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024, stdio: 'pipe' } as const;
  return execFileSync('rpm', [...where, ...args], { ...options, env: { ...process.env, LC_ALL: 'C.UTF-8' } });
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();
}
