import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { npmCataloger } from '../../../src/catalog/language/npm.ts';
import type { Package } from '../../../src/packages/index.ts';
import { directoryFiles } from '../../support/directory-files.ts';
import { memoryView } from '../../support/memory-view.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

interface NpmNode {
  readonly name?: string;
  readonly version?: string;
  readonly extraneous?: boolean;
  readonly missing?: boolean;
  readonly dependencies?: Readonly<Record<string, NpmNode>>;
}

interface Graph {
  readonly packages: ReadonlySet<string>;
  readonly edges: ReadonlySet<string>;
}

function npmLs(cwd: string): string | undefined {
  const args = ['ls', '--all', '--json', '--long'];
  const run = spawnSync('npm', args, { cwd, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  return run.error === undefined && run.stdout !== '' ? run.stdout : undefined;
}

/** The folder of the npm that is on PATH. */
function npmFolder(): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, 'npm');
    if (existsSync(file)) return dirname(dirname(realpathSync(file)));
  }
  return undefined;
}

/** What `npm ls --all --json --long` says. */
function graphOfNpm(text: string): Graph {
  const packages = new Set<string>();
  const edges = new Set<string>();
  const visit = (node: NpmNode, label: string | undefined): void => {
    for (const [key, child] of Object.entries(node.dependencies ?? {})) {
      if (child.missing === true || child.version === undefined) continue;
      const name = `${child.name ?? key}@${child.version}`;
      packages.add(name);
      if (label !== undefined && child.extraneous !== true) edges.add(`${label} -> ${name}`);
      visit(child, name);
    }
  };
  const root = JSON.parse(text) as NpmNode;
  const label = root.version === undefined ? undefined : `${root.name}@${root.version}`;
  if (label !== undefined) packages.add(label);
  visit(root, label);
  return { packages, edges };
}

function graphOfCatalog(folders: Readonly<Record<string, string>>, hiddenLockfile: boolean): Graph {
  const files: Record<string, ReturnType<typeof directoryFiles>[string]> = {};
  const wanted = (path: string): boolean =>
    path.endsWith('package.json') || (hiddenLockfile && path.endsWith('.package-lock.json'));
  for (const [prefix, folder] of Object.entries(folders)) {
    for (const [path, entry] of Object.entries(directoryFiles(folder, wanted))) {
      if (hiddenLockfile || !path.endsWith('.package-lock.json')) files[`${prefix}/${path}`] = entry;
    }
  }
  if ('app/node_modules' in folders) files['app/package.json'] = readFileSync(join(ROOT, 'package.json'));
  return toGraph(
    npmCataloger.catalog({ view: memoryView(files, { captures: npmCataloger.captures }), distribution: undefined })
      .packages,
  );
}

function toGraph(found: readonly Package[]): Graph {
  const label = (pkg: Package): string =>
    `${pkg.namespace === undefined ? '' : `${pkg.namespace}/`}${pkg.name}@${pkg.version}`;
  const byId = new Map(found.map((pkg) => [pkg.id, pkg]));
  const edges = found.flatMap((pkg) => pkg.dependsOn.map((id) => `${label(pkg)} -> ${label(byId.get(id)!)}`));
  return { packages: new Set(found.map(label)), edges: new Set(edges) };
}

describe('npmCataloger equals npm ls', () => {
  const local = npmLs(ROOT);
  const folder = npmFolder();
  const bundled = folder === undefined ? undefined : npmLs(folder);
  const check = (actual: Graph, text: string): void => {
    const expected = graphOfNpm(text);
    assert.ok(expected.packages.size > 100);
    assert.deepEqual([...actual.packages].toSorted(), [...expected.packages].toSorted());
    assert.deepEqual([...actual.edges].toSorted(), [...expected.edges].toSorted());
  };

  for (const hidden of [true, false]) {
    const title = `on this project, ${hidden ? 'with' : 'without'} the hidden lockfile`;
    it(title, { skip: local === undefined && 'npm is not installed' }, () => {
      check(graphOfCatalog({ 'app/node_modules': join(ROOT, 'node_modules') }, hidden), local ?? '{}');
    });
  }

  // outside of node_modules, as npm ls run in its folder sees it: a project, whose development dependencies count
  it('on npm itself and what it bundles', { skip: bundled === undefined && 'npm is not installed' }, () => {
    check(graphOfCatalog({ 'opt/npm': folder ?? '' }, true), bundled ?? '{}');
  });
});
