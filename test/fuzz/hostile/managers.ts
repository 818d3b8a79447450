import type { TarInput } from '../../../src/formats/index.ts';
import { file, numbered, small, type HostileCase } from './case.ts';

const marker = (path: string): TarInput => ({ header: { path, type: 'file', mode: 0o644 } });
const folder = (path: string): TarInput => ({ header: { path, type: 'directory', mode: 0o755 } });

function* nested(): Generator<TarInput> {
  const needs = Array.from({ length: 5000 }, (_, index) => `"q${index}":"*"`).join(',');
  for (let index = 0; index < 2000; index += 1) {
    yield small(
      `app/${'node_modules/b/'.repeat(20)}node_modules/p${index}/package.json`,
      `{"name":"p${index}","version":"1.0.0","dependencies":{${needs}}}`,
    );
  }
}

function* receipts(): Generator<TarInput> {
  const needs = Array.from({ length: 50 }, (_, index) => `{"full_name":"f${index}","version":"1"}`).join(',');
  for (let index = 0; index < 50_000; index += 1) {
    yield small(
      `home/linuxbrew/.linuxbrew/Cellar/f${index}/1/INSTALL_RECEIPT.json`,
      `{"source":{"versions":{"stable":"1"}},"runtime_dependencies":[${needs}]}`,
    );
  }
}

/** Many records of package managers, and many markers. */
export const MANAGER_CASES: readonly HostileCase[] = [
  { id: '2,000 manifests, twenty folders deep, that need 5,000 others that are nowhere', layer: nested },
  {
    id: 'hidden lockfile of 300,000 packages',
    layer: () => [
      file('app/node_modules/.package-lock.json', () =>
        numbered(
          300_000,
          (index) => `"node_modules/p${index}":{"version":"1.0.0","dependencies":{"p${(index * 7) % 300_000}":"*"}},`,
          ['{"lockfileVersion":3,"packages":{', '"":{}}}'],
        ),
      ),
    ],
  },
  {
    id: 'fifty lists of 300,000 files of CPAN',
    layer: function* () {
      for (let index = 0; index < 50; index += 1) {
        yield file(`usr/lib/perl5/auto/M${index}/.packlist`, () =>
          numbered(300_000, (line) => `/usr/lib/perl5/M${index}/${line}.pm type=file\n`),
        );
      }
    },
    maxMiB: 1536,
  },
  {
    id: '60,000 packages of pacman that provide and need a hundred others',
    layer: function* () {
      for (let index = 0; index < 60_000; index += 1) {
        const needs = `%DEPENDS%\n${`p${index + 1}\n`.repeat(100)}\n%PROVIDES%\n${`v${index}=1\n`.repeat(100)}\n`;
        yield small(`var/lib/pacman/local/p${index}-1-1/desc`, `%NAME%\np${index}\n\n%VERSION%\n1-1\n\n${needs}`);
      }
    },
    tells: /database-too-large/,
    maxMiB: 2048,
  },
  { id: '50,000 receipts of Homebrew', layer: receipts, tells: /database-too-large/ },
  {
    id: '200,000 store paths of Nix',
    layer: function* () {
      for (let index = 0; index < 200_000; index += 1)
        yield marker(`nix/store/${String(index).padStart(32, 'a')}-p-1.${index}/x`);
    },
    tells: /too-many-packages/,
    maxMiB: 1536,
  },
  {
    id: '60,000 POMs that have each other as parents',
    layer: function* () {
      const parent = (index: number): string =>
        `<parent><groupId>g</groupId><artifactId>a${(index + 1) % 60_000}</artifactId><version>1</version></parent>`;
      for (let index = 0; index < 60_000; index += 1) {
        yield small(
          `root/.m2/repository/g/a${index}/1/a${index}-1.pom`,
          `<project>${parent(index)}<artifactId>a${index}</artifactId></project>`,
        );
      }
    },
  },
  {
    id: 'a million whiteouts and 200,000 opaque folders of nothing',
    layer: function* () {
      for (let index = 0; index < 1_000_000; index += 1) yield marker(`d${index % 1000}/.wh.x${index}`);
      for (let index = 0; index < 200_000; index += 1) yield marker(`o${index}/.wh..wh..opq`);
    },
  },
  {
    id: '200,000 whiteouts of a folder that the layer makes again: runtimes with overlay keep what is in it',
    layer: function* () {
      for (let index = 0; index < 200_000; index += 1) yield marker('.wh.var');
      yield folder('var');
    },
    tells: /folder-remade/,
  },
  {
    id: '500,000 hard links, each to the one before',
    layer: function* () {
      yield small('a', 'x');
      for (let index = 0; index < 500_000; index += 1) {
        const linkTarget = index === 0 ? 'a' : `h/${(index - 1) % 100}/${index - 1}`;
        yield { header: { path: `h/${index % 100}/${index}`, type: 'hardlink', mode: 0o644, linkTarget } };
      }
    },
  },
];
