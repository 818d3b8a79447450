import { createTar, type TarInput } from '../../../src/formats/index.ts';
import { file, link, numbered, small, type HostileCase } from './case.ts';

const NAMES = ['\u001b[2J', 'a\nb', '\u202egnp', '::set-output name=x::y', '\u200b', 'x'.repeat(200)];

function* many(count: number, make: (index: number) => TarInput): Generator<TarInput> {
  for (let index = 0; index < count; index += 1) yield make(index);
}

/** A header of pax records that says it has so many bytes, with as many bytes behind it. */
async function* hugePax(sizeBytes: number): AsyncGenerator<Uint8Array> {
  const header = Buffer.alloc(512);
  header.write('pax', 0);
  header.write('0000644\0', 100);
  header.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124);
  header.write('x', 156);
  header.write('ustar\u000000', 257);
  header.fill(' ', 148, 156);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  yield header;
  const zeros = Buffer.alloc(1_048_576, 0x41);
  for (let left = sizeBytes; left > 0; left -= zeros.length) yield zeros;
  yield* createTar([small('etc/hidden', 'x')]);
}

const packageJson = (index: number): TarInput =>
  small(
    `app/${index % 500}/node_modules/p${index}/package.json`,
    `{"name":"p${index}","version":"1.0.0","license":"MIT","dependencies":{"p${index + 500}":"*"}}`,
  );

/** As many packages as one cataloger may find, for ten of them. */
function* everyKind(): Generator<TarInput> {
  const count = 100_000;
  yield file('opt/root/var/lib/dpkg/status', () =>
    numbered(count, (index) => `Package: d${index}\nStatus: install ok installed\nVersion: 1\n\n`),
  );
  yield file('lib/apk/db/installed', () => numbered(count, (index) => `P:a${index}\nV:1-r0\n\n`));
  yield file('usr/lib/opkg/status', () =>
    numbered(count, (index) => `Package: o${index}\nStatus: install ok installed\nVersion: 1\n\n`),
  );
  yield* many(count, packageJson);
  yield* many(count, (index) =>
    small(`usr/lib/ruby/gems/3.0.0/specifications/g${index}-1.0.gemspec`, `# stub: g${index} 1.0 ruby lib\n`),
  );
  yield* many(count, (index) =>
    small(`usr/lib/python3/site-packages/p${index}-1.dist-info/METADATA`, `Name: p${index}\nVersion: 1\n`),
  );
  yield* many(count, (index) => small(`opt/conda/conda-meta/c${index}-1-0.json`, `{"name":"c${index}","version":"1"}`));
  yield* many(count, (index) =>
    small(`usr/lib/R/library/r${index}/DESCRIPTION`, `Package: r${index}\nVersion: 1\nBuilt: R 4.0.0; ; x; unix\n`),
  );
  yield* many(count, (index) => small(`var/db/pkg/a/e${index}-1/CONTENTS`, ''));
  yield* many(count, (index) =>
    small(`usr/lib/erlang/lib/l${index}-1/ebin/l${index}.app`, `{application,l${index},[{vsn,"1"}]}.`),
  );
}

/** Lists of files that are not there, each as long as its rule allows, of every package manager that keeps some. */
function* longLists(): Generator<TarInput> {
  const site = 'usr/lib/python3/site-packages';
  for (let index = 0; index < 5; index += 1) {
    yield small(`${site}/r${index}-1.dist-info/METADATA`, `Name: r${index}\nVersion: 1\n`);
    yield file(`${site}/r${index}-1.dist-info/RECORD`, () => numbered(4_000_000, (line) => `${line},,1\n`));
    yield file(`var/db/pkg/a/e${index}-1/CONTENTS`, () => numbered(3_000_000, (line) => `dir /${line}\n`));
    yield small(`var/lib/pacman/local/p${index}-1-1/desc`, `%NAME%\np${index}\n\n%VERSION%\n1-1\n\n`);
    yield file(`var/lib/pacman/local/p${index}-1-1/files`, () =>
      numbered(2_500_000, (line) => `${line}\n`, ['%FILES%\n', '\n']),
    );
    yield small(`var/lib/dpkg/status.d/d${index}`, `Package: d${index}\nVersion: 1\n`);
    yield file(`var/lib/dpkg/info/d${index}.list`, () => numbered(1_500_000, (line) => `/${line}\n`));
    yield file(`srv/${index}/lib/apk/db/installed`, () =>
      numbered(5_000_000, (line) => `R:${line}\n`, ['P:a\nV:1-r0\nF:usr\n', '\n']),
    );
  }
}

export const TREE_CASES: readonly HostileCase[] = [
  { id: 'pax header of two gigabytes', layer: () => hugePax(2 * 1024 ** 3), exit: 6, tells: /TAR_LIMIT|LAYER_/ },
  { id: '250,000 package.json', layer: () => many(250_000, packageJson), tells: /too-/, maxMiB: 2048 },
  {
    id: '300,000 gemspecs',
    layer: () =>
      many(300_000, (index) =>
        small(
          `usr/lib/ruby/gems/3.0.0/specifications/g${index}-1.0.gemspec`,
          `# stub: g${index} 1.0 ruby lib\nGem::Specification.new do |s|\n s.name = "g${index}"\n s.version = "1.0"\n s.add_runtime_dependency(%q<g${index + 1}>, [">= 0"])\nend\n`,
        ),
      ),
    tells: /too-/,
    maxMiB: 2048,
  },
  {
    id: '100,000 records of conda',
    layer: () =>
      many(100_000, (index) =>
        small(
          `opt/conda/conda-meta/p${index}-1-0.json`,
          JSON.stringify({
            name: `p${index}`,
            version: '1',
            build: '0',
            depends: [`p${index + 1} >=1`],
            files: [`lib/${index}.so`],
          }),
        ),
      ),
    maxMiB: 2048,
  },
  {
    id: '100,000 wheels of one folder',
    layer: () =>
      many(100_000, (index) =>
        small(
          `usr/lib/python3/site-packages/p${index}-1.dist-info/METADATA`,
          `Name: p${index}\nVersion: 1\nRequires-Dist: p${index + 1}\n\n`,
        ),
      ),
    maxMiB: 2048,
  },
  {
    id: '100,000 jars',
    layer: () =>
      many(100_000, (index) =>
        small(`opt/a${index}-1.0.jar`, Buffer.from('504b0506000000000000000000000000000000000000', 'hex')),
      ),
    maxMiB: 2048,
  },
  {
    id: 'a hundred thousand packages of each of ten kinds',
    layer: everyKind,
    tells: /too-many-packages/,
    maxMiB: 2048,
  },
  { id: 'lists of files at their caps', layer: longLists, maxMiB: 2048 },
  {
    id: '3,000 wheels that all need each other',
    layer: function* () {
      const needs = Array.from({ length: 3000 }, (_, index) => `Requires-Dist: p${index}\n`).join('');
      for (let index = 0; index < 3000; index += 1)
        yield small(
          `usr/lib/python3/site-packages/p${index}-1.dist-info/METADATA`,
          `Name: p${index}\nVersion: 1\n${needs}`,
        );
    },
    tells: /dependencies-incomplete/,
    alsoFinds: 'pkg:pypi/p7@1',
    maxMiB: 1536,
  },
  {
    id: 'a million links in circles',
    layer: () =>
      many(1_000_000, (index) =>
        link(`usr/lib/l${index}`, index % 3 === 0 ? `l${index}` : `../lib/l${(index + 1) % 1_000_000}`),
      ),
    maxMiB: 2048,
  },
  {
    id: 'a chain of folders that are links, for each package',
    layer: function* () {
      for (let index = 0; index < 60; index += 1) yield link(`d${index}`, `d${index + 1}/../d${index + 1}`);
      yield { header: { path: 'd60', type: 'directory', mode: 0o755 } };
      yield file('opt/root/var/lib/dpkg/status', () =>
        numbered(1000, (index) => `Package: p${index}\nStatus: install ok installed\nVersion: 1\n\n`),
      );
      for (let index = 0; index < 1000; index += 1) {
        yield file(`opt/root/var/lib/dpkg/info/p${index}.list`, () =>
          numbered(300, (line) => `/../../d0/usr/${index}/${line}\n`),
        );
      }
    },
  },
  {
    id: 'a million files of one package',
    layer: function* () {
      yield small('var/lib/dpkg/status.d/big', 'Package: big\nVersion: 1\nArchitecture: all\n');
      yield file('var/lib/dpkg/info/big.list', () =>
        numbered(600_000, (index) => `/usr/share/big/${index % 1000}/${index}\n`),
      );
      yield* many(1_000_000, (index) => ({
        header: { path: `usr/share/big/${index % 1000}/${index}`, type: 'file', mode: 0o644 },
      }));
    },
    maxMiB: 2048,
  },
  {
    id: 'alternatives that lead in circles',
    layer: () =>
      many(100_000, (index) =>
        small(
          `var/lib/dpkg/alternatives/a${index}`,
          `auto\n/usr/bin/a${index}\na${index}.1\n/usr/share/a${index}\n\n${`/usr/bin/a${index}\n10\n`.repeat(20)}\n`,
        ),
      ),
  },
  {
    id: 'paths of 1,000 segments',
    layer: () =>
      many(3000, (index) =>
        small(`${'d/'.repeat(1000)}node_modules/p${index}/package.json`, `{"name":"p${index}","version":"1"}`),
      ),
  },
  {
    id: 'names that act on terminals, everywhere',
    layer: () =>
      NAMES.flatMap((name, index) => [
        small(
          `app/node_modules/${name}/package.json`,
          JSON.stringify({ name, version: name, license: name, description: name, homepage: `https://x/${name}` }),
        ),
        small(`usr/lib/python3/site-packages/${name}-1.dist-info/METADATA`, `Name: ${name}\nVersion: ${name}\n`),
        small(
          `var/lib/dpkg/status.d/x${index}`,
          `Package: x${index}\nVersion: ${name.replaceAll('\n', '')}\nMaintainer: ${name.replaceAll('\n', '')} <x@y>\n`,
        ),
        small(`usr/lib/ruby/gems/3.0.0/specifications/${name}-1.gemspec`, `# stub: ${name} 1 ruby lib\n`),
        link(`usr/bin/${name}`, `../${name}`),
      ]),
    alsoFinds: 'pkg:npm/x',
  },
];
