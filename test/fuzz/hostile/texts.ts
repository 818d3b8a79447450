import { zstdCompressSync } from 'node:zlib';
import { file, numbered, repeated, small, type HostileCase } from './case.ts';

const MiB = 1024 * 1024;
const SITE = 'usr/lib/python3/site-packages';
const metadata = (name: string): string => `Metadata-Version: 2.1\nName: ${name}\nVersion: 1\n\n`;
const deep = (open: string, depth: number, inside: string, close: string): string =>
  open.repeat(depth) + inside + close.repeat(depth);

const LAUGHS = `name: laughs\nversion: 1\na0: &a0 ["lol"]\n${Array.from(
  { length: 40 },
  (_, index) => `a${index + 1}: &a${index + 1} [${`*a${index},`.repeat(9)}*a${index}]\n`,
).join('')}architectures: *a40\n`;

/** JSON of so many bytes that is nothing but what costs most memory for each byte. */
function* jsonBomb(head: string, sizeBytes: number): Generator<Uint8Array> {
  yield Buffer.from(head);
  yield* repeated(Buffer.from('{},'), Math.floor((sizeBytes - 1000) / 3) * 3);
  yield Buffer.from('{}'.padEnd(2));
  yield Buffer.from(
    head
      .replaceAll(/[^[{]|"[^"]*"/g, '')
      .split('')
      .toReversed()
      .map((open) => (open === '[' ? ']' : '}'))
      .join(''),
  );
}

/** A manifest of Chisel of 200 MB in some kilobytes, whose lines are nothing but what costs most memory. */
function chiselBomb(): Buffer {
  const line = `{"kind":"package","name":"x","a":[${'{},'.repeat(20_000)}{}]}\n`;
  return zstdCompressSync(Buffer.concat([Buffer.from('{"jsonwall":"1.0"}\n'), Buffer.alloc(200 * MiB, line)]));
}

export const TEXT_CASES: readonly HostileCase[] = [
  {
    id: 'fourteen manifests of Chisel, each 200 MB of empty objects',
    layer: () =>
      Array.from({ length: 14 }, (_, index) => small(`r${index}/var/lib/chisel/manifest.wall`, chiselBomb())),
    tells: /malformed/,
  },
  {
    id: 'authors that are rows of spaces, and lists in lists',
    layer: () => [
      ...Array.from({ length: 5000 }, (_, index) =>
        small(
          `a/node_modules/p${index}/package.json`,
          `{"name":"p${index}","version":"1","author":"a${' '.repeat(8000)}b"}`,
        ),
      ),
      small('a/node_modules/x/package.json', `{"name":"x","version":"1","author":${deep('[', 60, '"b"', ']')}}`),
    ],
    alsoFinds: 'pkg:npm/x@1',
  },
  {
    id: 'forty links to a lockfile of 400,000 packages',
    layer: () => [
      file('app/node_modules/.package-lock.json', () =>
        numbered(400_000, (index) => `${index === 0 ? '' : ','}"node_modules/p${index}":{"dependencies":{"p":"*"}}`, [
          '{"packages":{',
          '}}',
        ]),
      ),
      ...Array.from({ length: 40 }, (_, index) => ({
        header: {
          path: `app${index}/node_modules/.package-lock.json`,
          type: 'hardlink' as const,
          mode: 0o644,
          linkTarget: 'app/node_modules/.package-lock.json',
        },
      })),
    ],
    tells: /lockfiles-too-large|too-many-packages/,
  },
  {
    id: 'JSON of twenty million empty objects, for everybody who reads JSON',
    layer: () => [
      file('opt/conda/conda-meta/x-1-0.json', () => jsonBomb('{"name":"x","version":"1","depends":[', 64 * MiB)),
      file('app/node_modules/.package-lock.json', () => jsonBomb('{"packages":[', 64 * MiB)),
      file('app/package-lock.json', () => jsonBomb('{"packages":[', 32 * MiB)),
      file('app/.pnp.data.json', () => jsonBomb('{"packageRegistryData":[', 64 * MiB)),
      file('app/vendor/composer/installed.json', () => jsonBomb('{"packages":[', 32 * MiB)),
      file('app/x.deps.json', () => jsonBomb('{"libraries":[', 32 * MiB)),
      file('opt/bitnami/x/.spdx-x.spdx', () => jsonBomb('{"spdxVersion":"SPDX-2.3","packages":[', 64 * MiB)),
      file('opt/x.cdx.json', () => jsonBomb('{"bomFormat":"CycloneDX","components":[', 64 * MiB)),
      file('usr/share/bottlerocket/application-inventory.json', () => jsonBomb('{"Content":[', 16 * MiB)),
    ],
    maxMiB: 2048,
  },
  {
    id: 'deps.json of a million libraries',
    layer: () => [
      file('app/app.deps.json', () =>
        numbered(1_000_000, (index) => `${index === 0 ? '' : ','}"P${index}/1.0.0":{}`, [
          '{"runtimeTarget":{"name":"x"},"targets":{"x":{}},"libraries":{',
          '}}',
        ]),
      ),
    ],
    maxMiB: 2048,
  },
  {
    id: 'deps.json whose 50,000 libraries need each other',
    layer: () => [
      file('app/app.deps.json', () =>
        numbered(
          50_000,
          (index) =>
            `${index === 0 ? '' : ','}"P${index}/1.0.0":{"runtime":{"P${index}.dll":{}},"dependencies":{${Array.from({ length: 20 }, (_, other) => `"P${(index + other * 997) % 50_000}":"1.0.0"`).join(',')}}}`,
          ['{"runtimeTarget":{"name":"x"},"targets":{"x":{', '}},"libraries":{}}'],
        ),
      ),
    ],
    maxMiB: 2048,
  },
  {
    id: 'JSON nested 100,000 deep, for everybody who reads JSON',
    layer: () =>
      [
        'app/vendor/composer/installed.json',
        'app/node_modules/x/package.json',
        'app/package-lock.json',
        'app/x.deps.json',
        'app/x.runtimeconfig.json',
        'opt/conda/conda-meta/x-1-0.json',
        'opt/bitnami/x/.spdx-x.spdx',
        'usr/share/bottlerocket/application-inventory.json',
        'opt/x.cdx.json',
        `${SITE}/x-1.dist-info/direct_url.json`,
      ].map((path) => small(path, deep('{"packages":[', 100_000, '1', ']}'))),
    tells: /malformed/,
  },
  {
    id: 'YAML whose anchors laugh a billion times',
    layer: () => [
      small('snap/laughs/1/meta/snap.yaml', LAUGHS),
      small('snap/b/1/meta/snap.yaml', deep('[', 50_000, '', '')),
    ],
    alsoFinds: 'pkg:snap/laughs@1',
  },
  {
    id: 'RECORD of a million lines that lead out of the image',
    layer: () => [
      small(`${SITE}/evil-1.dist-info/METADATA`, metadata('evil')),
      file(`${SITE}/evil-1.dist-info/RECORD`, () =>
        numbered(1_000_000, (index) => `${'../'.repeat(12)}etc/${index},,1\n`),
      ),
    ],
    alsoFinds: 'pkg:pypi/evil@1',
  },
  {
    id: 'METADATA of a million requirements',
    layer: () => [
      file(`${SITE}/evil-1.dist-info/METADATA`, () =>
        numbered(400_000, (index) => `Requires-Dist: p${index} ((>=1.0); a<"3"\n`, ['Name: evil\nVersion: 1\n', '\n']),
      ),
    ],
  },
  {
    id: 'gemspecs that are programs',
    layer: () => [
      small(
        'usr/lib/ruby/gems/3.0.0/specifications/evil-1.0.gemspec',
        `# stub: evil 1.0 ruby lib\nGem::Specification.new do |s|\n s.name = \`touch /tmp/x\`\n s.version = File.read("/etc/passwd")\n s.licenses = [${'"a", '.repeat(80_000)}]\n${' s.add_dependency(%q<x>, ['.repeat(20_000)}\nend\n`,
      ),
    ],
    alsoFinds: 'pkg:gem/evil@1.0',
  },
  {
    id: 'embedded SBOM of 200 MB',
    layer: () => [
      file('opt/bitnami/x/.spdx-x.spdx', () =>
        repeated(Buffer.from('{"spdxVersion":"SPDX-2.3","packages":[{"a":1},'), 200 * MiB),
      ),
      file('opt/y.cdx.json', () =>
        repeated(Buffer.from('{"bomFormat":"CycloneDX","components":[{"purl":"pkg:npm/a@1"},'), 200 * MiB),
      ),
    ],
    tells: /file-too-large/,
  },
  {
    id: 'embedded SBOM of 60 MB, a component nested in each',
    layer: () => [
      file('opt/y.cdx.json', () =>
        numbered(
          300_000,
          (index) =>
            `${index === 0 ? '' : ','}{"type":"library","bom-ref":"r${index}","name":"p${index}","version":"1","purl":"pkg:npm/p${index}@1","licenses":[{"license":{"id":"MIT"}}]}`,
          ['{"bomFormat":"CycloneDX","specVersion":"1.5","components":[', ']}'],
        ),
      ),
    ],
    maxMiB: 2048,
  },
  {
    id: 'texts that make readers look back',
    layer: () => [
      small('etc/os-release', 'ID="'.repeat(10_000)),
      small('usr/lib/erlang/lib/x-1/ebin/x.app', `{application,x,[{vsn,${'"a" '.repeat(200_000)}}]}.`),
      small('usr/lib/luarocks/rocks-5.4/x/1-1/x-1-1.rockspec', `package = ${'"a" .. '.repeat(100_000)}`),
      small('root/.opam/5/.opam-switch/packages/x.1/opam', `x: ${'('.repeat(200_000)}`),
      small('usr/share/php/.registry/x.reg', `a:1:{i:0;${'a:1:{i:0;'.repeat(100_000)}`),
      small(
        'usr/lib/R/library/x/DESCRIPTION',
        `Package: x\nBuilt: x\nVersion: 1\nLicense: ${'GPL (>= '.repeat(50_000)}\nImports: ${'x ('.repeat(50_000)}\n`,
      ),
      small(
        `${SITE}/y-1.dist-info/METADATA`,
        `Name: y\nVersion: 1\nLicense: ${'MIT OR ('.repeat(50_000)}\nRequires-Dist: ${'a[b]('.repeat(50_000)}\n`,
      ),
      small(
        'app/node_modules/z/package.json',
        JSON.stringify({
          name: 'z',
          version: '1',
          license: '('.repeat(100_000),
          dependencies: Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`d${index}`, '*'])),
        }),
      ),
      small('usr/share/doc/witness/copyright', `Format: x\n\n${'License: a and (b or '.repeat(50_000)}\n`),
      small('usr/lib/jvm/x/release', `JAVA_VERSION="${'1.'.repeat(100_000)}"\n`),
      small('var/db/pkg/a/b-1/CONTENTS', `sym ${' -> '.repeat(100_000)} 1\n`),
      small('var/db/pkg/a/b-1/RDEPEND', `${'|| ( '.repeat(100_000)}\n`),
      small(
        'var/lib/pacman/local/a-1-1/desc',
        `%NAME%\na\n\n%VERSION%\n1-1\n\n%LICENSE%\n${'custom:('.repeat(50_000)}\n`,
      ),
    ],
    alsoFinds: 'pkg:npm/z@1',
  },
  {
    id: '400 applications of Erlang that need 130,000 others each',
    layer: function* () {
      const needs = Array.from({ length: 130_000 }, (_, index) => `a${index}`).join(',');
      for (let index = 0; index < 400; index += 1)
        yield small(
          `usr/lib/erlang/lib/x${index}-1/ebin/x.app`,
          `{application,x,[{vsn,"1"},{applications,[${needs}]}]}.`,
        );
    },
    tells: /dependencies-incomplete/,
    alsoFinds: 'x@1',
  },
  {
    id: 'arrays of PHP in keys of arrays',
    layer: () => [
      small('usr/share/php/.registry/deep.reg', 'a:1:{'.repeat(100_000)),
      small('usr/share/php/.registry/fine.reg', 'a:2:{s:4:"name";s:4:"fine";s:7:"version";s:1:"1";}'),
    ],
    tells: /malformed-registry/,
    alsoFinds: 'fine@1',
  },
];
