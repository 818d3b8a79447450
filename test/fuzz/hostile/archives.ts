import { zipArchive, type ZipInput } from '../../support/zip-writer.ts';
import { file, repeated, small, type HostileCase } from './case.ts';

const MANIFEST = 'Manifest-Version: 1.0\r\n\r\n';
const GiB = 1024 ** 3;
const BILLION_LAUGHS = `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a0 "lol">${Array.from(
  { length: 40 },
  (_, index) => `<!ENTITY a${index + 1} "${`&a${index};`.repeat(10)}">`,
).join('')}]><project><groupId>org.example</groupId><artifactId>&a40;</artifactId><version>1</version></project>`;

function record(name: string): Record<string, ZipInput> {
  return {
    'META-INF/MANIFEST.MF': MANIFEST,
    [`META-INF/maven/org.example/${name}/pom.properties`]: `groupId=org.example\nartifactId=${name}\nversion=1\n`,
  };
}

function nest(depth: number, copies: number): Buffer {
  let inner = zipArchive(record('innermost'));
  for (let level = 0; level < depth; level += 1) {
    const entries: Record<string, ZipInput> = record(`level${level}`);
    for (let copy = 0; copy < copies; copy += 1) entries[`lib/${copy}.jar`] = { content: inner, stored: copies === 1 };
    inner = zipArchive(entries);
  }
  return inner;
}

/** Archives whose entries are zeros, as they really are: 256 MiB from 260 KiB, ten times. */
function realBomb(): Buffer {
  const zeros = Buffer.alloc(256 * 1024 * 1024);
  const entries: Record<string, ZipInput> = record('bomb');
  for (let index = 0; index < 10; index += 1) entries[`lib/${index}.jar`] = zeros;
  return zipArchive(entries);
}

export const ARCHIVE_CASES: readonly HostileCase[] = [
  {
    id: 'jars 100 deep',
    layer: () => [small('opt/deep.jar', nest(100, 1))],
    tells: /^too-deep$|too-large|archive/,
    alsoFinds: 'pkg:maven/org.example/level99@1',
  },
  {
    id: 'jars 12 deep, each with ten of the next',
    layer: () => [small('opt/fan.jar', nest(12, 10))],
    tells: /archive|too-/,
    alsoFinds: 'pkg:maven/org.example/level11@1',
  },
  {
    id: 'jar that claims 10 GB',
    layer: () => [
      small(
        'opt/claims.jar',
        zipArchive({
          ...record('claims'),
          'lib/x.jar': { content: 'x', claims: { sizeBytes: 0xffff_fffe } },
          'lib/y-1.jar': { content: Buffer.alloc(10_000_000), claims: { sizeBytes: 4 * GiB - 2 } },
        }),
      ),
    ],
    tells: /archive/,
    alsoFinds: 'pkg:maven/org.example/claims@1',
  },
  {
    id: 'jar that is 2.5 GB of zeros',
    layer: () => [small('opt/bomb.jar', realBomb())],
    tells: /archive/,
    alsoFinds: 'pkg:maven/org.example/bomb@1',
  },
  {
    id: 'jar of a million entries',
    layer: () => {
      const entries: (readonly [string, ZipInput])[] = Object.entries(record('many'));
      for (let index = 0; index < 1_000_000; index += 1)
        entries.push([`a/C${index}.class`, { content: '', stored: true }]);
      return [small('opt/many.jar', zipArchive(entries))];
    },
    alsoFinds: 'pkg:maven/org.example/many@1',
  },
  {
    id: 'ten thousand jars with a thousand entities each',
    layer: function* () {
      const pom = zipArchive({
        'META-INF/MANIFEST.MF': MANIFEST,
        'META-INF/maven/org.example/laughs/pom.xml': BILLION_LAUGHS,
      });
      for (let index = 0; index < 10_000; index += 1) yield small(`opt/laughs-${index}.jar`, pom);
    },
  },
  {
    id: 'nine gigabytes of zeros',
    layer: () => [file('opt/zeros', () => repeated(Buffer.alloc(1), 9 * 1024 ** 3))],
    exit: 6,
    tells: /LAYER_EXPANSION/,
  },
  {
    id: 'four gigabytes of zeros, which are allowed',
    layer: () => [file('opt/zeros', () => repeated(Buffer.alloc(1), 4 * 1024 ** 3))],
  },
  {
    id: 'twenty thousand jars of four kilobytes, four megabytes of zeros in each',
    layer: function* () {
      const bomb = zipArchive({ ...record('tiny'), 'lib/a.jar': Buffer.alloc(4 * 1024 * 1024) });
      for (let index = 0; index < 20_000; index += 1) yield small(`opt/a${index}.jar`, bomb);
    },
    tells: /archive-too-large/,
    alsoFinds: 'pkg:maven/org.example/tiny@1',
  },
  {
    id: 'ninety thousand jars, half a megabyte of zeros in each',
    layer: function* () {
      const bomb = zipArchive({ ...record('tiny'), 'lib/a.jar': Buffer.alloc(500_000) });
      for (let index = 0; index < 90_000; index += 1) yield small(`opt/a${index}.jar`, bomb);
    },
    tells: /archives-too-large/,
    alsoFinds: 'pkg:maven/org.example/tiny@1',
    maxMiB: 2048,
  },
];
