import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { prepareDebianImages, type DebianImages } from './debian-images.ts';
import { allPlacesOf, fullName, placesOf, readSbom, type Sbom } from './read-sbom.ts';
import { mustPass, outputOf, waybillIn } from './run-command.ts';

const prepared = await prepareDebianImages(['base', 'app']);
const skip = 'skip' in prepared ? prepared.skip : false;
const images = prepared as DebianImages;

describe('the SBOM of a Debian application image', { skip }, () => {
  let folder: string;
  let sbom: Sbom;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waybill-catalog-'));
    const file = join(folder, 'app.cdx.json');
    await mustPass(waybillIn(folder)(['sbom', 'create', images.reference('app'), '-o', `cyclonedx-json=${file}`]));
    sbom = await readSbom(file);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  test('has the packages of dpkg-query, by name, version and architecture', async (t) => {
    const format = '${Package} ${Version} ${Architecture} ${db:Status-Status}\n';
    const listed = await outputOf('dpkg-query', [`--admindir=${images.root}/var/lib/dpkg`, '-W', '-f', format]);
    const expected = lines(listed)
      .filter((line) => !line.endsWith(' not-installed'))
      .map((line) => line.replace(/ [a-z-]+$/, ''));
    const found = placesOf(sbom, 'deb').map(({ component }) => {
      const architecture = new URLSearchParams(component.purl?.split('?')[1]).get('arch');
      return `${component.name} ${component.version} ${architecture}`;
    });
    assert.ok(expected.length > 140, `only ${expected.length} packages`);
    t.diagnostic(`${expected.length} packages`);
    assert.deepEqual(found.toSorted(), expected.toSorted());
  });

  test('has the distributions of pip inspect, by name, version and folder', async (t) => {
    const expected: string[] = [];
    // one at a time: of several folders pip lists a name once
    for (const path of ['usr/lib/python3/dist-packages', 'usr/local/lib/python3.11/dist-packages']) {
      const listed = await outputOf('pip3', ['inspect', '--path', join(images.root, path)]);
      for (const { metadata, metadata_location: place } of (JSON.parse(listed) as PipReport).installed) {
        expected.push(`${plain(metadata.name)} ${metadata.version} ${inImage(images.root, place)}`);
      }
    }
    const found = allPlacesOf(sbom, 'pypi').map(
      ({ component, location }) => `${plain(component.name)} ${component.version} ${metadataPlace(location)}`,
    );
    assert.ok(expected.length > 30, `only ${expected.length} distributions`);
    t.diagnostic(`${expected.length} distributions`);
    assert.deepEqual(found.toSorted(), expected.toSorted());
  });

  test('has the packages of npm ls, nested and bundled ones too, by name, version and path', async (t) => {
    const application = await npmList(['--prefix', join(images.root, 'app')]);
    const global = await npmList(['--global', '--prefix', join(images.root, 'usr/local')]);
    const expected = [...application, ...global].map(({ name, version, path }) => {
      return `${name} ${version} ${inImage(images.root, join(path, 'package.json'))}`;
    });
    const found = allPlacesOf(sbom, 'npm')
      .filter(({ location }) => !location.startsWith('/usr/share/nodejs/'))
      .map(({ component, location }) => `${fullName(component)} ${component.version} ${location}`);
    assert.ok(expected.length > 400, `only ${expected.length} packages`);
    assert.ok(
      expected.some((row) => row.includes('/node_modules/npm/node_modules/')),
      'no bundled packages',
    );
    t.diagnostic(
      `${expected.length} places, ${new Set(expected.map((row) => row.replace(/ [^ ]*$/, ''))).size} packages`,
    );
    assert.deepEqual(found.toSorted(), expected.toSorted());
  });

  test('has Debian’s own Node modules, each where dpkg put it', async () => {
    const info = join(images.root, 'var/lib/dpkg/info');
    const lists = (await readdir(info)).filter((name) => name.endsWith('.list'));
    const texts = await Promise.all(lists.map((name) => readFile(join(info, name), 'utf8')));
    const expected = texts
      .flatMap(lines)
      .filter((path) => /^\/usr\/share\/nodejs\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path));
    const found = allPlacesOf(sbom, 'npm').map(({ location }) => location);
    assert.ok(expected.length > 5, `only ${expected.length} modules`);
    assert.deepEqual(found.filter((path) => path.startsWith('/usr/share/nodejs/')).toSorted(), expected.toSorted());
  });

  test('has the modules of go version -m, replaced ones by what replaced them', async () => {
    const binary = '/usr/local/bin/shop-worker';
    const expected = goModules(await outputOf('go', ['version', '-m', join(images.root, binary)]));
    const found = placesOf(sbom, 'golang')
      .filter(({ component }) => component.name !== 'stdlib')
      .map(({ component, location }) => `${component.name} ${component.version ?? ''} ${location}`);
    assert.equal(expected.length, 7);
    assert.deepEqual(found.toSorted(), expected.map((row) => `${row} ${binary}`).toSorted());
  });

  test('has the Go release that go version names', async () => {
    const said = await outputOf('go', ['version', join(images.root, 'usr/local/bin/shop-worker')]);
    const stdlib = sbom.components.find(({ purl }) => purl?.startsWith('pkg:golang/stdlib@'));
    assert.equal(`go${stdlib?.version}`, said.trim().split(' ').at(-1));
  });
});

interface PipReport {
  readonly installed: readonly {
    readonly metadata: { readonly name: string; readonly version: string };
    readonly metadata_location: string;
  }[];
}

interface NpmNode {
  readonly name?: string;
  readonly version?: string;
  readonly path?: string;
  readonly dependencies?: Readonly<Record<string, NpmNode>>;
}

interface NpmPlace {
  readonly name: string;
  readonly version: string;
  readonly path: string;
}

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

function inImage(root: string, path: string): string {
  return `/${relative(root, path)}`;
}

/** @see https://packaging.python.org/en/latest/specifications/name-normalization/ */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

/** pip names a folder (dist-info, egg-info) or a file (egg-info of distutils). */
function metadataPlace(location: string): string {
  return /\/(METADATA|PKG-INFO)$/.test(location) ? dirname(location) : location;
}

async function npmList(args: readonly string[]): Promise<readonly NpmPlace[]> {
  const root = JSON.parse(await outputOf('npm', ['ls', '--all', '--json', '--long', ...args])) as NpmNode;
  const places = new Map<string, NpmPlace>();
  const visit = (node: NpmNode): void => {
    const { name, version, path } = node;
    if (name !== undefined && version !== undefined && path !== undefined) places.set(path, { name, version, path });
    for (const child of Object.values(node.dependencies ?? {})) visit(child);
  };
  visit(root);
  return [...places.values()];
}

/** `path version` of the main module and every dependency; a replacement stands for what it replaces. */
function goModules(text: string): readonly string[] {
  const modules: string[] = [];
  for (const line of lines(text)) {
    const [kind, path, version = ''] = line.trim().split('\t');
    if (kind === '=>') modules.pop();
    if (kind === 'mod' || kind === 'dep' || kind === '=>')
      modules.push(`${path} ${version === '(devel)' ? '' : version}`);
  }
  return modules;
}
