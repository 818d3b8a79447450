import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { capturePlan, runCatalogers } from '../../../src/catalog/index.ts';
import { dpkgCataloger } from '../../../src/catalog/os/dpkg.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

const DATABASE = '/var/lib/dpkg';
const SAMPLE = ['base-files', 'bash', 'dash', 'libc6', 'coreutils', 'perl-base', 'util-linux', 'login'];

/** Where this runs on Debian or Ubuntu, dpkg itself says what is right. */
const skip = existsSync(`${DATABASE}/status`) && existsSync('/usr/bin/dpkg-query') ? false : 'no dpkg on this machine';

const query = (...args: readonly string[]): string => execFileSync('dpkg-query', args, { encoding: 'utf8' });

/** Adds a path of this machine as it is, links as links. */
function add(files: Record<string, MemoryEntry>, path: string): void {
  let stat;
  try {
    stat = lstatSync(path);
  } catch {
    return;
  }
  if (stat.isSymbolicLink()) files[path] = { link: readlinkSync(path) };
  else if (stat.isDirectory()) files[path] = { directory: true };
  else files[path] = path.startsWith(`${DATABASE}/`) || path.endsWith('os-release') ? readFileSync(path) : '';
}

/** A listed path with the links of its parents resolved, as on disk; undefined for folders and what is not there. */
function onDisk(path: string): string | undefined {
  try {
    const real = join(realpathSync(dirname(path)), path.slice(path.lastIndexOf('/') + 1));
    return lstatSync(real).isDirectory() ? undefined : real;
  } catch {
    return undefined;
  }
}

describe('dpkg against dpkg-query on this machine', { skip }, () => {
  it('lists the same names, versions and architectures', () => {
    const files: Record<string, MemoryEntry> = {};
    for (const path of ['/etc/os-release', '/usr/lib/os-release', `${DATABASE}/status`]) add(files, path);
    const view = memoryView(files, { captures: capturePlan([dpkgCataloger]).captures });
    const result = runCatalogers({ view, catalogers: [dpkgCataloger], rethrow: true });
    assert.deepEqual(result.diagnostics, []);
    const ours = result.packages.map(({ name, version, qualifiers }) => `${name} ${version} ${qualifiers?.['arch']}`);
    const theirs = query('-W', '-f', '${db:Status-Status} ${Package} ${Version} ${Architecture}\n')
      .split('\n')
      .filter((line) => line.startsWith('installed '))
      .map((line) => line.slice('installed '.length));
    assert.deepEqual(ours.toSorted(), theirs.toSorted());
  });

  it('owns the same files', () => {
    const installed = new Set(query('-W', '-f', '${Package}\n').split('\n'));
    const names = SAMPLE.filter((name) => installed.has(name));
    const expected = new Map<string, readonly string[]>();
    const files: Record<string, MemoryEntry> = {};
    for (const path of ['/bin', '/sbin', '/lib', '/lib64', '/etc/os-release', '/usr/lib/os-release']) add(files, path);
    for (const path of [`${DATABASE}/status`, `${DATABASE}/diversions`]) add(files, path);
    for (const name of names) {
      const list = query('--control-path', name, 'md5sums')
        .trim()
        .replace(/md5sums$/, 'list');
      add(files, existsSync(list) ? list : `${DATABASE}/info/${name}.list`);
      // "diverted by x to: /path" follows a diverted path
      const listed = query('-L', name)
        .split('\n')
        .filter((line) => line !== '');
      const paths = listed.flatMap((line, index) => {
        if (!line.startsWith('/')) return [];
        const diverted = /^(?:diverted by|locally diverted|package diverts others).* to: (.*)$/.exec(
          listed[index + 1] ?? '',
        );
        const own = diverted !== null && listed[index + 1]!.startsWith('package diverts others');
        return [diverted === null || own ? line : diverted[1]!];
      });
      // a folder of the package that is a link on disk stays a folder
      const parents = new Set(paths.map((path) => dirname(path)));
      const leaves = paths.filter((path) => !parents.has(path));
      const found = new Set(leaves.map(onDisk).filter((path) => path !== undefined));
      for (const path of found) add(files, path);
      expected.set(name, [...found].toSorted());
    }
    const view = memoryView(files, { captures: capturePlan([dpkgCataloger]).captures });
    const { packages } = runCatalogers({ view, catalogers: [dpkgCataloger], rethrow: true });
    for (const [name, paths] of expected) {
      assert.ok(paths.length > 0);
      assert.deepEqual(packages.find((pkg) => pkg.name === name)?.files, paths, name);
    }
  });
});
