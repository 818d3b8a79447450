import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pacmanCataloger } from '../../../src/catalog/os/pacman.ts';
import { directoryFiles } from '../../support/directory-files.ts';
import { runCataloger } from '../../support/run-cataloger.ts';

const skip =
  existsSync('/usr/bin/pacman') && existsSync('/usr/bin/bsdtar') ? false : 'no pacman or bsdtar on this machine';

const PKGINFO = `pkgname = demo
pkgbase = demo-base
pkgver = 1:1.0-2
pkgdesc = A demo
url = https://example.org
builddate = 1
packager = A B <a@example.org>
size = 10
arch = x86_64
license = MIT
backup = etc/x.conf
`;

/** Builds a package and lets pacman install it below a folder. */
function install(folder: string): { readonly root: string; readonly run: (...args: readonly string[]) => string } {
  const tree = join(folder, 'tree');
  const root = join(folder, 'root');
  mkdirSync(join(tree, 'usr/lib'), { recursive: true });
  mkdirSync(join(tree, 'etc'));
  mkdirSync(join(root, 'var/lib/pacman'), { recursive: true });
  writeFileSync(join(tree, 'usr/lib/lib x.so.1'), 'lib');
  symlinkSync('lib x.so.1', join(tree, 'usr/lib/libx.so'));
  writeFileSync(join(tree, 'etc/x.conf'), 'conf');
  writeFileSync(join(tree, '.PKGINFO'), PKGINFO);
  const options = '!all,use-set,type,uid,gid,mode,time,size,md5,sha256,link';
  const at = { cwd: tree, stdio: 'pipe' } as const;
  execFileSync('bsdtar', ['-czf', '.MTREE', '--format=mtree', `--options=${options}`, '.PKGINFO', 'etc', 'usr'], at);
  execFileSync('bsdtar', ['-cf', '../demo.pkg.tar', '.MTREE', '.PKGINFO', 'etc', 'usr'], at);
  const config = join(folder, 'pacman.conf');
  writeFileSync(config, '[options]\nSigLevel=Never\nLocalFileSigLevel=Never\nArchitecture=x86_64\n');
  const run = (...args: readonly string[]): string =>
    execFileSync(
      'pacman',
      ['--config', config, '--root', root, '--dbpath', join(root, 'var/lib/pacman'), '--noconfirm', ...args],
      {
        encoding: 'utf8',
        stdio: 'pipe',
      },
    );
  run('-U', join(folder, 'demo.pkg.tar'));
  return { root, run };
}

describe('pacman against pacman itself', { skip }, () => {
  it('reads what pacman installed: name, version, files, digests', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pacman-'));
    try {
      const { root, run } = install(folder);
      const files = directoryFiles(root, () => true);
      const found = runCataloger(pacmanCataloger, { ...files, 'etc/os-release': 'ID=arch\n' }, { recordedFiles: true });
      assert.deepEqual(found.diagnostics, []);
      assert.equal(found.packages.map(({ name, version }) => `${name} ${version}\n`).join(''), run('-Q'));
      const listed = run('-Qlq')
        .split('\n')
        .filter((path) => path !== '' && !path.endsWith('/'));
      const [demo] = found.packages;
      assert.deepEqual(demo?.files, listed.map((path) => path.slice(root.length)).toSorted());
      const digest = createHash('sha256').update('lib').digest('hex');
      assert.equal(demo?.recordedFiles?.get('/usr/lib/lib x.so.1')?.hex, digest);
      // of the link its target
      assert.equal(demo?.recordedFiles?.size, 3);
      assert.deepEqual(demo?.configFiles, ['/etc/x.conf']);
      assert.deepEqual(demo?.qualifiers, { arch: 'x86_64', distro: 'arch', upstream: 'demo-base' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
