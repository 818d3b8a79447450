import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { composerCataloger } from '../../../src/catalog/language/composer.ts';
import { cpanCataloger } from '../../../src/catalog/language/cpan.ts';
import { cranCataloger } from '../../../src/catalog/language/cran.ts';
import { luarocksCataloger } from '../../../src/catalog/language/luarocks.ts';
import { opamCataloger } from '../../../src/catalog/language/opam.ts';
import { otpCataloger } from '../../../src/catalog/language/otp.ts';
import type { Cataloger } from '../../../src/catalog/index.ts';
import type { Package } from '../../../src/packages/index.ts';
import { directoryFiles } from '../../support/directory-files.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

const scratch = mkdtempSync(join(tmpdir(), 'waybill-installed-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

interface Run {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a tool prints; undefined when it is missing or fails. */
function output(command: string, args: readonly string[], { cwd = scratch, env = {} }: Run = {}): string | undefined {
  const run = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 120_000, env: { ...process.env, ...env } });
  return run.error === undefined && run.status === 0 ? run.stdout : undefined;
}

function missing(command: string): string | false {
  const paths = (process.env['PATH'] ?? '').split(':');
  return !paths.some((folder) => existsSync(join(folder, command))) && `${command} is not installed`;
}

function write(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(scratch, path)), { recursive: true });
    writeFileSync(join(scratch, path), text);
  }
}

/** What the cataloger finds in folders of this machine. */
function found(cataloger: Cataloger, folders: readonly string[]): readonly Package[] {
  const files: Record<string, MemoryEntry> = {};
  for (const folder of folders.filter((path) => existsSync(path))) {
    for (const [path, entry] of Object.entries(directoryFiles(folder, () => true)))
      files[`${folder.slice(1)}/${path}`] = entry;
  }
  const view = memoryView(files, { captures: cataloger.captures });
  return cataloger.catalog({ view, distribution: undefined }).packages;
}

const labels = (packages: readonly Package[]): readonly string[] =>
  packages.map(({ name, version }) => `${name} ${version}`).toSorted();
const lines = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();

describe('composerCataloger equals composer show', () => {
  it('on packages that lie beside the project', { skip: missing('composer') }, () => {
    const local = (name: string) => ({ type: 'path', url: `../${name}`, options: { symlink: false } });
    write({
      'php/one/composer.json': JSON.stringify({ name: 'acme/one', version: '1.2.0', require: { 'acme/two': '*' } }),
      'php/two/composer.json': JSON.stringify({ name: 'acme/two', version: 'v2.0.0', license: 'MIT' }),
      'php/app/composer.json': JSON.stringify({
        name: 'acme/app',
        repositories: [{ packagist: false }, local('one'), local('two')],
        require: { 'acme/one': '*' },
      }),
    });
    const cwd = join(scratch, 'php/app');
    const env = { COMPOSER_ALLOW_SUPERUSER: '1', COMPOSER_HOME: join(scratch, 'php/home') };
    assert.notEqual(output('composer', ['install', '--quiet', '--no-interaction'], { cwd, env }), undefined);
    const shown = JSON.parse(output('composer', ['show', '--format=json'], { cwd, env }) ?? '{}') as {
      readonly installed: readonly { readonly name: string; readonly version: string }[];
    };
    const packages = found(composerCataloger, [cwd]).filter(({ id }) => id.includes('installed.json'));
    assert.deepEqual(
      packages.map(({ namespace, name, version }) => `${namespace}/${name} ${version}`).toSorted(),
      shown.installed.map(({ name, version }) => `${name} ${version}`).toSorted(),
    );
    assert.equal(packages.find(({ name }) => name === 'one')?.dependsOn.length, 1);
    assert.ok(packages.every(({ directories }) => directories?.length === 1));
  });
});

describe('luarocksCataloger equals luarocks list', () => {
  it('on a rock made here', { skip: missing('luarocks') }, () => {
    write({
      'lua/mine-1.0-1.rockspec':
        'package = "mine"\nversion = "1.0-1"\nsource = { url = "." }\ndescription = { license = "MIT" }\ndependencies = { "lua >= 5.1" }\nbuild = { type = "builtin", modules = { ["mine.sub"] = "mine.lua" } }\n',
      'lua/mine.lua': 'return {}\n',
    });
    const cwd = join(scratch, 'lua');
    const tree = join(cwd, 'tree');
    assert.notEqual(output('luarocks', ['--tree', tree, 'make', 'mine-1.0-1.rockspec'], { cwd }), undefined);
    const listed = lines(output('luarocks', ['--tree', tree, 'list', '--porcelain'], { cwd }));
    const packages = found(luarocksCataloger, [tree]);
    const own = listed.filter((line) => line.endsWith(`${tree}/lib/luarocks/${line.split('/').at(-1)}`));
    assert.deepEqual(
      labels(packages),
      own.map((line) => line.split('\t').slice(0, 2).join(' ')),
    );
    assert.ok(packages[0]?.files?.some((path) => path.endsWith('/mine/sub.lua')));
  });
});

describe('opamCataloger equals opam list', () => {
  it('on a repository made here', { skip: missing('opam') }, () => {
    const opam = (more: string): string => `opam-version: "2.0"\nlicense: "MIT"\n${more}`;
    write({
      'ml/repo/repo': 'opam-version: "2.0"\n',
      'ml/repo/packages/a/a.1.0/opam': opam('depends: ["b" {>= "1"} "c" {with-test}]\n'),
      'ml/repo/packages/b/b.2~beta1/opam': opam(''),
      'ml/repo/packages/c/c.3/opam': opam(''),
    });
    const env = { OPAMROOT: join(scratch, 'ml/root'), OPAMYES: '1', OPAMROOTISOK: '1', OPAMCOLOR: 'never' };
    const run = (...args: readonly string[]): string | undefined => output('opam', args, { env });
    assert.notEqual(run('init', '--bare', '--no-setup', '--disable-sandboxing', join(scratch, 'ml/repo')), undefined);
    assert.notEqual(run('switch', 'create', 'here', '--empty'), undefined);
    assert.notEqual(run('install', 'a'), undefined);
    const listed = lines(run('list', '--installed', '--short', '--columns=name,version'));
    const packages = found(opamCataloger, [join(scratch, 'ml/root/here')]);
    assert.deepEqual(
      labels(packages),
      listed.map((line) => line.trim().split(/\s+/).join(' ')),
    );
    assert.deepEqual(labels(packages), ['a 1.0', 'b 2~beta1']);
    assert.equal(packages.find(({ name }) => name === 'a')?.dependsOn.length, 1);
  });
});

describe('cranCataloger equals installed.packages()', () => {
  const script =
    'p <- installed.packages(); cat(.libPaths(), sep="\\n"); cat("--\\n"); cat(paste(p[,"Package"], p[,"Version"]), sep="\\n")';
  it('on this machine', { skip: missing('Rscript') }, () => {
    const [paths = '', packages = ''] = (output('Rscript', ['-e', script]) ?? '').split('--\n');
    assert.ok(lines(packages).length > 5);
    assert.deepEqual(labels(found(cranCataloger, lines(paths))), lines(packages));
  });
});

describe('otpCataloger equals what Erlang loads', () => {
  const script =
    'L = code:lib_dir(), io:format("~s~n", [L]), [begin A = list_to_atom(filename:basename(F, ".app")), application:load(A), {ok, V} = application:get_key(A, vsn), io:format("~s ~s~n", [A, V]) end || F <- filelib:wildcard(L ++ "/*/ebin/*.app")], halt().';
  it('on this machine', { skip: missing('erl') }, () => {
    const [folder = '', ...loaded] = (output('erl', ['-noshell', '-eval', script]) ?? '').trim().split('\n');
    const packages = found(otpCataloger, [folder]);
    assert.ok(packages.length > 2);
    assert.deepEqual(labels(packages), loaded.toSorted());
    assert.equal(packages.find(({ name }) => name === 'stdlib')?.dependsOn.length, 1);
  });
});

describe('cpanCataloger equals ExtUtils::Installed', () => {
  const skip = missing('perl') || missing('make');
  it('on a module made here', { skip }, () => {
    write({
      'perl/lib/Foo/Bar.pm': "package Foo::Bar;\nour $VERSION = '1.02';\n1;\n",
      'perl/Makefile.PL':
        "use ExtUtils::MakeMaker;\nWriteMakefile(NAME => 'Foo::Bar', VERSION_FROM => 'lib/Foo/Bar.pm');\n",
    });
    const cwd = join(scratch, 'perl');
    const base = join(scratch, 'perl/base');
    assert.notEqual(output('perl', ['Makefile.PL', `INSTALL_BASE=${base}`], { cwd }), undefined);
    assert.notEqual(output('make', ['install'], { cwd }), undefined);
    const script = `use ExtUtils::Installed; my $i = ExtUtils::Installed->new(inc_override => ["${base}/lib/perl5"]); print "$_\\n", map { "$_\\n" } $i->files($_) for grep { $_ ne "Perl" } $i->modules`;
    const [module, ...files] = (output('perl', ['-e', script]) ?? '').trim().split('\n');
    const packages = found(cpanCataloger, [base]);
    assert.deepEqual(labels(packages), [`${module?.replaceAll('::', '-')} 1.02`]);
    const own = packages[0]?.files?.filter((path) => !path.endsWith('/.packlist'));
    assert.deepEqual(own, files.toSorted());
  });
});
