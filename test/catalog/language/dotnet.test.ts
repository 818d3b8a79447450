import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dotnetCataloger } from '../../../src/catalog/language/dotnet.ts';
import { parseDepsJson } from '../../../src/catalog/language/dotnet-deps.ts';
import { rollForward } from '../../../src/catalog/language/dotnet-runtime-config.ts';
import { packagePurl, type Package } from '../../../src/packages/index.ts';
import { dotnetBundle } from '../../support/dotnet-bundle.ts';
import { elfFile } from '../../support/elf-file.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';
import { peFile } from '../../support/pe-file.ts';

interface LibraryInput {
  readonly type?: string;
  readonly needs?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, unknown>>;
  readonly more?: Readonly<Record<string, unknown>>;
  readonly sha512?: string;
}

function deps(libraries: Readonly<Record<string, LibraryInput>>): string {
  const target = Object.entries(libraries).map(([key, { needs, files, more }]) => [
    key,
    { dependencies: needs, runtime: files, ...more },
  ]);
  const records = Object.entries(libraries).map(([key, { type = 'package', sha512 }]) => [
    key,
    { type, sha512: sha512 ?? 'sha512-x', path: 'x' },
  ]);
  return JSON.stringify({
    runtimeTarget: { name: 'net' },
    targets: { net: Object.fromEntries(target) as unknown },
    libraries: Object.fromEntries(records) as unknown,
  });
}

function catalog(files: Readonly<Record<string, MemoryEntry>>) {
  return dotnetCataloger.catalog({
    view: memoryView(files, { captures: dotnetCataloger.captures }),
    distribution: undefined,
  });
}

const label = ({ name, version }: Package): string => `${name}@${version ?? ''}`;
const labels = (packages: readonly Package[]): readonly string[] => packages.map(label).toSorted();

/** By label, what each package needs. */
function graph(packages: readonly Package[]): Readonly<Record<string, readonly string[]>> {
  const names = new Map(packages.map((pkg) => [pkg.id, label(pkg)]));
  return Object.fromEntries(packages.map((pkg) => [label(pkg), pkg.dependsOn.map((id) => names.get(id)!).toSorted()]));
}

const settings = (name: string, version: string): string =>
  JSON.stringify({ runtimeOptions: { framework: { name, version } } });

describe('dotnetCataloger: lists of libraries', () => {
  it('keeps what brought a file or needs what did, leads edges through projects, and drops the rest', () => {
    const { packages } = catalog({
      'app/shop.deps.json': deps({
        'shop/1.0.0': {
          type: 'project',
          needs: { Inner: '1.0.0', Meta: '1.0.0', Empty: '1.0.0' },
          files: { 'shop.dll': {} },
        },
        'Inner/1.0.0': { type: 'project', needs: { Leaf: '0.9.0', shop: '1.0.0' }, files: { 'Inner.dll': {} } },
        'Meta/1.0.0': { needs: { Leaf: '1.0.0' } },
        'Leaf/1.0.0': { files: { 'lib/net8.0/Leaf.dll': {} } },
        'Empty/1.0.0': { files: { 'lib/net8.0/_._': {} } },
        'System.Ref/8.0.0': { type: 'referenceassembly', files: { 'x.dll': {} } },
        'Ref/8.0.0': { type: 'reference', files: { 'y.dll': {} } },
        'Native/1.0.0': { more: { runtimeTargets: { 'runtimes/linux-x64/native/libn.so': { rid: 'linux-x64' } } } },
      }).replace(
        '"type":"referenceassembly","sha512":"sha512-x","path":"x"',
        '"type":"referenceassembly","sha512":"","path":""',
      ),
    });
    assert.deepEqual(graph(packages), {
      'shop@1.0.0': ['Leaf@1.0.0', 'Meta@1.0.0'],
      'Meta@1.0.0': ['Leaf@1.0.0'],
      'Leaf@1.0.0': [],
      'Native@1.0.0': [],
    });
  });

  it('keeps everything where libraries are merged into one file', () => {
    const { packages } = catalog({ 'a/a.deps.json': deps({ 'Costura.Fody/5.0.0': {}, 'Empty/1.0.0': {} }) });
    assert.deepEqual(labels(packages), ['Costura.Fody@5.0.0', 'Empty@1.0.0']);
  });

  it('gives files that are there to their packages, and the digest of the archive they came in', () => {
    const sha512 = `sha512-${Buffer.alloc(64, 1).toString('base64')}`;
    const { packages } = catalog({
      'app/shop.deps.json': deps({
        'shop/1.0.0': { type: 'project', files: { 'shop.dll': {} } },
        'A/1.0.0': {
          sha512,
          files: { 'lib/A.dll': {}, 'lib/Gone.dll': {} },
          more: {
            resources: { 'lib/de/A.resources.dll': { locale: 'de' } },
            runtimeTargets: { 'runtimes/unix/lib/A.dll': {} },
          },
        },
      }),
      'app/A.dll': peFile({ managed: true, version: { ProductName: 'Other', ProductVersion: '9.0' } }),
      'app/de/A.resources.dll': '',
      'app/runtimes/unix/lib/A.dll': '',
      'app/shop.dll': '',
      'app/shop': '',
    });
    assert.deepEqual(labels(packages), ['A@1.0.0', 'shop@1.0.0']);
    const [root, library] = packages;
    assert.deepEqual(library?.files, ['/app/A.dll', '/app/de/A.resources.dll', '/app/runtimes/unix/lib/A.dll']);
    assert.deepEqual(library.distributionHashes, [{ algorithm: 'SHA-512', hex: '01'.repeat(64) }]);
    assert.deepEqual(root?.files, ['/app/shop', '/app/shop.deps.json', '/app/shop.dll']);
    assert.equal(root.firstParty, true);
    assert.equal(library.evidence[0]?.confidence, 1);
    assert.equal(packagePurl(root), undefined);
  });

  it('gives the libraries of other projects of a program to the program, and makes no package of them', () => {
    const list = deps({
      'shop/1.0.0': { type: 'project', needs: { Inner: '1.0.0' }, files: { 'shop.dll': {} } },
      'Inner/1.0.0': {
        type: 'project',
        files: { 'Inner.dll': {} },
        more: { resources: { 'de/Inner.resources.dll': { locale: 'de' } } },
      },
    });
    const inner = peFile({ managed: true, version: { ProductName: 'Inner', ProductVersion: '1.0.0' } });
    const { packages } = catalog({
      'app/shop.deps.json': list,
      'app/shop.dll': '',
      'app/Inner.dll': inner,
      'app/Inner.pdb': '',
      'app/de/Inner.resources.dll': '',
      'app/Other.pdb': '',
    });
    assert.deepEqual(labels(packages), ['shop@1.0.0']);
    assert.deepEqual(packages[0]?.files, [
      '/app/Inner.dll',
      '/app/Inner.pdb',
      '/app/de/Inner.resources.dll',
      '/app/shop.deps.json',
      '/app/shop.dll',
    ]);
    // without the program nobody is there to take them
    const loose = catalog({ 'app/other.deps.json': list, 'app/Inner.dll': inner });
    assert.deepEqual(
      loose.packages.map(({ name, purlKnown }) => [name, purlKnown]),
      [['Inner', false]],
    );
  });

  it('believes a list less when nothing it names is there', () => {
    const { packages } = catalog({ 'a/x.deps.json': deps({ 'A/1.0.0': { files: { 'lib/A.dll': {} } } }) });
    assert.equal(packages[0]?.evidence[0]?.confidence, 0.6);
  });

  it('takes time in proportion to the list, whatever its edges', () => {
    const chain = Array.from({ length: 20_000 }, (_, index): [string, LibraryInput] => [
      `P${index}/1.0.0`,
      {
        type: index % 2 === 0 ? 'package' : 'project',
        needs: { [`P${index + 1}`]: '1.0.0' },
        files: { [`${index}.dll`]: {} },
      },
    ]);
    const { packages } = catalog({ 'a/P.deps.json': deps(Object.fromEntries(chain)) });
    assert.equal(packages.length, 10_000);
    assert.equal(packages[0]?.dependsOn.length, 1);
  });

  it('passes no more than two million edges through projects, and goes on', () => {
    const projects = Array.from({ length: 3000 }, (_, index): [string, LibraryInput] => [
      `J${index}/1.0.0`,
      { type: 'project', needs: { [`J${(index + 1) % 3000}`]: '1' } },
    ]);
    const users = Array.from({ length: 3000 }, (_, index): [string, LibraryInput] => [
      `P${index}/1.0.0`,
      { needs: { J0: '1' }, files: { 'x.dll': {} } },
    ]);
    const { packages } = catalog({ 'a/x.deps.json': deps(Object.fromEntries([...projects, ...users])) });
    assert.equal(packages.length, 3000);
  });
});

describe('parseDepsJson', () => {
  it('says why something is no list', () => {
    for (const text of [
      '',
      '[]',
      '{}',
      '{"targets":{},"libraries":{}}',
      '{"runtimeTarget":"__proto__","targets":{},"libraries":{}}',
    ])
      assert.equal(typeof parseDepsJson(text), 'string');
  });

  it('reads at most 20,000 libraries, and says so', () => {
    const many = Array.from({ length: 20_001 }, (_, index): [string, LibraryInput] => [`P${index}/1.0.0`, {}]);
    const list = parseDepsJson(deps(Object.fromEntries(many)));
    assert.ok(typeof list !== 'string');
    assert.deepEqual([list.libraries.size, list.truncated], [20_000, true]);
  });

  it('reads so many dependencies of all lists of an image, and says which list has more', () => {
    const users = (count: number): string =>
      deps({
        'A/1.0.0': {
          files: { 'A.dll': {} },
          needs: Object.fromEntries(Array.from({ length: count }, (_, index) => [`P${index}`, '1'])),
        },
      });
    const image = { items: 500 };
    const truncated = [300, 100, 200, 1].map((count) => {
      const list = parseDepsJson(users(count), image);
      assert.ok(typeof list !== 'string');
      assert.deepEqual([...list.libraries.keys()], ['A/1.0.0']);
      return list.truncated;
    });
    assert.deepEqual(truncated, [false, false, true, true]);
    assert.equal(image.items, 0);
  });
});

describe('dotnetCataloger: runtimes', () => {
  const dll = (name: string): Uint8Array =>
    peFile({
      managed: true,
      version: { CompanyName: 'Microsoft Corporation', FileDescription: name, ProductVersion: '8.0.4+x' },
    });

  it('makes one framework of a folder, with edges from programs and from frameworks built on it', () => {
    const shared = 'usr/share/dotnet/shared';
    const { packages } = catalog({
      [`${shared}/Microsoft.NETCore.App/8.0.4/System.Private.CoreLib.dll`]: dll('System.Private.CoreLib'),
      [`${shared}/Microsoft.NETCore.App/8.0.4/de/x.dll`]: dll('x'),
      [`${shared}/Microsoft.NETCore.App/9.0.0/System.dll`]: dll('System'),
      [`${shared}/Microsoft.NETCore.App/3.1.23/Microsoft.NETCore.App.deps.json`]: deps({
        'Microsoft.NETCore.App/3.1.23-servicing.22122.4': { files: { 'y.dll': {} } },
      }),
      [`${shared}/Microsoft.AspNetCore.App/8.0.4/Microsoft.AspNetCore.App.runtimeconfig.json`]: settings(
        'Microsoft.NETCore.App',
        '8.0.0',
      ),
      [`${shared}/Microsoft.AspNetCore.App/8.0.4/Microsoft.AspNetCore.App.deps.json`]: deps({
        'Microsoft.AspNetCore.App.Runtime.linux-x64/8.0.4': { files: { 'x.dll': {} } },
      }),
      'app/web.deps.json': deps({ 'web/1.0.0': { type: 'project' } }),
      'app/web.runtimeconfig.json': settings('Microsoft.AspNetCore.App', '8.0.1'),
    });
    assert.deepEqual(graph(packages), {
      'web@1.0.0': ['Microsoft.AspNetCore.App.Runtime.linux-x64@8.0.4'],
      'Microsoft.AspNetCore.App.Runtime.linux-x64@8.0.4': ['Microsoft.NETCore.App@8.0.4'],
      'Microsoft.NETCore.App@8.0.4': [],
      'Microsoft.NETCore.App@9.0.0': [],
      'Microsoft.NETCore.App@3.1.23': [],
    });
    const core = packages.find((pkg) => label(pkg) === 'Microsoft.NETCore.App@8.0.4');
    assert.deepEqual(core?.directories, [`/${shared}/Microsoft.NETCore.App/8.0.4`]);
    assert.deepEqual(core.cpes, ['cpe:2.3:a:microsoft:.net:8.0.4:*:*:*:*:*:*:*']);
    assert.equal(packagePurl(core), undefined);
  });

  it('rolls forward as the host does', () => {
    const installed = ['6.0.1', '8.0.1', '8.0.11', '8.1.0', '9.0.0', '8.0.0-rc.1'];
    assert.equal(rollForward('8.0.1', installed), '8.0.1');
    assert.equal(rollForward('8.0.2', installed), '8.0.11');
    assert.equal(rollForward('6.0.0', installed), '6.0.1');
    assert.equal(rollForward('7.0.0', installed), undefined);
    assert.equal(rollForward('8.0.12', installed), '8.1.0');
    assert.equal(rollForward('x', installed), undefined);
  });
});

describe('dotnetCataloger: single files', () => {
  it('finds the libraries inside, and names a program without a list', () => {
    const host = (content: Buffer): Buffer => elfFile([{ name: '.data', content }]);
    const list = deps({
      'shop/1.0.0': { type: 'project', needs: { Dapper: '2.1.0' } },
      'Dapper/2.1.0': { files: { 'Dapper.dll': {} } },
    });
    const found = catalog({
      'opt/shop': dotnetBundle(host, [{ path: 'shop.deps.json', content: `\ufeff${list}` }]),
      'opt/bare': dotnetBundle(host, [{ path: 'bare.dll', content: '' }]),
    });
    assert.deepEqual(graph(found.packages), { 'shop@1.0.0': ['Dapper@2.1.0'], 'Dapper@2.1.0': [] });
    assert.deepEqual(found.packages[1]?.locations, [{ path: '/opt/shop', inside: 'shop.deps.json', layer: 0 }]);
    assert.deepEqual(found.packages[0]?.files, ['/opt/shop']);
    assert.deepEqual(
      found.notes?.map(({ code, path }) => `${code} ${path}`),
      ['dotnet-bundle-without-list /opt/bare'],
    );
  });
});

describe('dotnetCataloger: version resources', () => {
  const only = (version: Readonly<Record<string, string>>, managed = true): string | undefined => {
    const { packages } = catalog({ 'opt/x.dll': peFile({ managed, version }) });
    assert.ok(packages.every((pkg) => packagePurl(pkg) === undefined));
    return packages[0] && `${packages[0].type} ${label(packages[0])}`;
  };

  it('names Microsoft’s files by description and others by product, with the greater version', () => {
    const both = { ProductName: 'P', FileDescription: 'D' };
    assert.equal(only({ ...both, CompanyName: 'Microsoft Corporation', FileVersion: '1.2.3.4' }), 'nuget D@1.2.3.4');
    assert.equal(only({ ...both, ProductVersion: '1.2.3-rc.1+abc', FileVersion: '1.2.3.4' }), 'nuget P@1.2.3-rc.1');
    assert.equal(only({ ...both, ProductVersion: '1.2', FileVersion: '1.10.0.0' }, false), 'generic P@1.10.0.0');
    assert.equal(only({ FileVersion: '4, 5, 0, 1' }), 'nuget x@4.5.0.1');
    assert.equal(only({ ProductName: 'evil\u001b[31m', FileVersion: 'none' }), 'nuget x@');
    assert.equal(only({ ...both, OriginalFilename: 'D.resources.dll' }), undefined);
  });

  it('is the package of a .nuspec that has the name and version', () => {
    const json = peFile({
      managed: true,
      version: {
        ProductName: 'Json.NET',
        OriginalFilename: 'Newtonsoft.Json.dll',
        ProductVersion: '13.0.3+0a2e291c0d',
      },
    });
    const nuspec = (version: string): string =>
      `\ufeff<?xml version="1.0"?>\r\n<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata>` +
      `<id>Newtonsoft.Json</id><version>${version}</version></metadata></package>`;
    const purls = (text: string): readonly (string | undefined)[] => {
      const dll = 'root/.nuget/packages/newtonsoft.json/13.0.3/lib/net6.0/Newtonsoft.Json.dll';
      const files = { [dll]: json, 'root/.nuget/packages/newtonsoft.json/13.0.3/newtonsoft.json.nuspec': text };
      return catalog(files).packages.map(packagePurl);
    };
    assert.deepEqual(purls(nuspec('13.0.3')), ['pkg:nuget/Newtonsoft.Json@13.0.3']);
    for (const text of [nuspec('13.0.2'), nuspec('$version$'), '<package/>', '', '<metadata><id>Newtonsoft.Json</id>'])
      assert.deepEqual(purls(text), [undefined], text);
  });

  it('is one package for files that say the same, and a listed package where a list agrees', () => {
    const json = peFile({
      managed: true,
      version: {
        ProductName: 'Json.NET',
        OriginalFilename: 'Newtonsoft.Json.dll',
        ProductVersion: '13.0.3+0a2e',
        FileVersion: '13.0.3.27908',
      },
    });
    const tool = peFile({ version: { ProductName: 'Tool', ProductVersion: '1.0' } });
    const files = { 'p/json.dll': json, 'a/t.exe': tool, 'b/t.dll': tool };
    const alone = catalog(files).packages;
    assert.deepEqual(labels(alone), ['Json.NET@13.0.3', 'Tool@1.0']);
    assert.deepEqual(alone.find(({ name }) => name === 'Tool')?.files, ['/a/t.exe', '/b/t.dll']);
    const agreed = catalog({
      ...files,
      'x/x.deps.json': deps({ 'Newtonsoft.Json/13.0.3': { files: { 'Newtonsoft.Json.dll': {} } } }),
    });
    const purls = agreed.packages.map((pkg) => packagePurl(pkg));
    assert.deepEqual(purls.filter(Boolean), ['pkg:nuget/Newtonsoft.Json@13.0.3', 'pkg:nuget/Newtonsoft.Json@13.0.3']);
  });
});
