import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CATALOGERS, capturePlan, readOsStanzas, STANZA_CATALOGERS } from '../../src/catalog/index.ts';
import {
  COMPARISON_CAPTURES,
  compareWithBase,
  findContainment,
  tamperFindings,
  writeFileList,
} from '../../src/provenance/index.ts';
import { memoryView, type MemoryEntry } from '../support/memory-view.ts';

type Files = Readonly<Record<string, MemoryEntry>>;

const { captures: known } = capturePlan(CATALOGERS.filter(({ id }) => STANZA_CATALOGERS.includes(id)));
const captures = [...known, ...COMPARISON_CAPTURES];
const LIBC = 'usr/lib/libc.so.6';

/** In words: class, whether it is critical, and where. */
function findings(before: Files, after: Files, without: readonly string[] = []): readonly string[] {
  const kept = Object.fromEntries(Object.entries(before).filter(([path]) => !without.includes(path)));
  const upper = Object.entries(after).map(([path, entry]) => [
    path,
    typeof entry === 'string' || entry instanceof Uint8Array ? { content: entry, layer: 1 } : { layer: 1, ...entry },
  ]);
  const base = memoryView(before, { captures });
  const final = memoryView({ ...kept, ...Object.fromEntries(upper) }, { captures });
  const records = { base: readOsStanzas(base), final: readOsStanzas(final) };
  const comparison = compareWithBase({ base, final, layerCount: 1, env: [], records });
  return tamperFindings(comparison).map((found) => `${found.critical ? '!' : ' '} ${found.class} ${found.path}`);
}

/** Name, version, files. */
type Installed = readonly [string, string, ...string[]];

/** One way to keep records of packages. */
interface Manager {
  /** What the database is called in findings. */
  readonly database: string;
  /** Files of a database with these packages. */
  readonly files: (...packages: readonly Installed[]) => Files;
}

const deb = (name: string, version: string): string =>
  `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n`;

function dpkg(folder: string): Manager {
  return {
    database: `/${folder}/status`,
    files: (...packages) => ({
      [`${folder}/status`]: packages.map(([name, version]) => deb(name, version)).join('\n'),
      ...Object.fromEntries(
        packages.map(([name, , ...paths]) => [
          `${folder}/info/${name}.list`,
          paths.map((path) => `/${path}\n`).join(''),
        ]),
      ),
    }),
  };
}

const opkg: Manager = {
  database: '/usr/lib/opkg/status',
  files: (...packages) => ({
    'usr/lib/opkg/status': packages
      .map(
        ([name, version], index) =>
          `Package: ${name}\nVersion: ${version}\nStatus: install ok installed\nArchitecture: x86_64\nInstalled-Time: 17000${index}${packages.length}\n`,
      )
      .join('\n'),
    ...Object.fromEntries(
      packages.map(([name, , ...paths]) => [
        `usr/lib/opkg/info/${name}.list`,
        paths.map((path) => `/${path}\n`).join(''),
      ]),
    ),
  }),
};

const pacman: Manager = {
  database: '/var/lib/pacman/local',
  files: (...packages) =>
    Object.fromEntries(
      packages.flatMap(([name, version, ...paths]) => [
        [
          `var/lib/pacman/local/${name}-${version}/desc`,
          `%NAME%\n${name}\n\n%VERSION%\n${version}\n\n%ARCH%\nx86_64\n\n%INSTALLDATE%\n17000${packages.length}\n\n`,
        ],
        [`var/lib/pacman/local/${name}-${version}/files`, `%FILES%\n${paths.join('\n')}\n`],
      ]),
    ),
};

const MANAGERS: Readonly<Record<string, Manager>> = {
  'dpkg in its usual place': dpkg('var/lib/dpkg'),
  'dpkg where /var is emptied': dpkg('usr/lib/sysimage/dpkg'),
  opkg,
  pacman,
};

for (const [title, { database, files }] of Object.entries(MANAGERS)) {
  const shell = ['shell', '2.0-1', 'usr/bin/dash'] as const;
  const old = files(['libc', '1.0-1', LIBC], shell);
  const base: Files = { ...old, [LIBC]: 'libc 1', 'usr/bin/dash': { content: 'dash', mode: 0o755 } };
  /** A layer that writes the database anew, and the paths of the old one that it takes away. */
  const rewritten = (...packages: readonly Installed[]): readonly [Files, readonly string[]] => {
    const after = files(...packages);
    return [after, Object.keys(old).filter((path) => !Object.hasOwn(after, path))];
  };

  describe(`tamper check: ${title}`, () => {
    test('an upgrade explains the files of its package', () => {
      const [after, gone] = rewritten(['libc', '1.1-1', LIBC], shell);
      assert.deepEqual(
        findings(base, { ...after, [LIBC]: 'libc 1.1' }, gone),
        [`  upgrade /${LIBC}`, `  upgrade ${database}`].toSorted((a, b) => (a.slice(10) < b.slice(10) ? -1 : 1)),
      );
    });

    test('what a package brings is added by it', () => {
      const [after, gone] = rewritten(['libc', '1.0-1', LIBC], shell, ['bash', '5.2-1', 'usr/bin/bash']);
      const added = { ...after, 'usr/bin/bash': { content: 'bash', mode: 0o755 } };
      assert.deepEqual(findings(base, added, gone), ['  shell /usr/bin/bash']);
    });

    test('a file replaced beside an upgrade of another package is critical', () => {
      const [after, gone] = rewritten(['libc', '1.0-1', LIBC], ['shell', '2.1-1', 'usr/bin/dash']);
      assert.ok(findings(base, { ...after, [LIBC]: 'evil' }, gone).includes(`! libc /${LIBC}`));
    });

    test('a record of the base that is gone, or says something else, is critical', () => {
      const [after, gone] = rewritten(shell);
      assert.ok(findings(base, after, gone).includes(`! package-database ${database}`));
      if (title.startsWith('dpkg')) {
        const status = (old[database.slice(1)] as string).replace(
          'amd64\nVersion: 1.0',
          'amd64\nSource: x\nVersion: 1.0',
        );
        assert.deepEqual(findings(base, { [database.slice(1)]: status }), [`! package-database ${database}`]);
      } else {
        const [altered, without] = rewritten(['libc', '1.0-1', LIBC, 'usr/bin/dash'], shell);
        assert.deepEqual(findings(base, altered, without), [`! package-database ${database}`]);
      }
    });

    test('a database that is gone is critical', () => {
      assert.ok(findings(base, {}, Object.keys(old)).some((found) => found.startsWith('! package-database ')));
    });

    test('an older version excuses nothing', () => {
      const [after, gone] = rewritten(['libc', '0.9-1', LIBC], shell);
      const found = findings(base, { ...after, [LIBC]: 'libc 0.9' }, gone);
      assert.ok(found.includes(`! libc /${LIBC}`), found.join());
    });

    test('a list of files of a package that no record knows excuses nothing', () => {
      const lists = files(['libc', '1.0-1', LIBC], shell, ['evil', '1-1', 'usr/bin/bash']);
      const onlyLists = Object.fromEntries(
        Object.entries(lists).filter(([path]) => path.endsWith('.list') || path.endsWith('/files')),
      );
      const found = findings(base, { ...onlyLists, 'usr/bin/bash': { content: 'evil', mode: 0o755 } });
      assert.ok(found.includes('! shell /usr/bin/bash'), found.join());
    });

    test('a locked base is found file by file, and its records are compared', () => {
      const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`usr/share/x/${index}`, `${index}`]));
      const view = memoryView({ ...base, ...many }, { captures });
      const list = writeFileList(view, readOsStanzas(view));
      const found = ([changes, gone]: ReturnType<typeof rewritten>): readonly string[] => {
        const kept = Object.fromEntries(Object.entries({ ...base, ...many }).filter(([path]) => !gone.includes(path)));
        const final = memoryView({ ...kept, ...changes }, { captures });
        const { comparison } = findContainment(list, { final, env: [], records: readOsStanzas(final) });
        return comparison === undefined ? ['not contained'] : tamperFindings(comparison).map((each) => each.message);
      };
      assert.deepEqual(found(rewritten(['libc', '1.0-1', LIBC], shell, ['tool', '1-1', 'usr/bin/tool'])), []);
      assert.match(found(rewritten(shell)).join(), /package libc 1\.0-1 of the base is missing/);
    });
  });
}

describe('what another reader of dpkg’s database would take for it', () => {
  const STATUS = 'var/lib/dpkg/status';
  const base: Files = { [STATUS]: `${deb('libc', '1.0')}\n${deb('shell', '2.0')}`, [LIBC]: 'libc 1' };
  const evil = (text: string): readonly string[] =>
    findings(base, { [STATUS]: `${base[STATUS] as string}\n${text}`, [LIBC]: 'evil' });

  test('a second record in another spelling is critical', () => {
    const written = deb('libc', '9.0').replace('Package:', 'package :').replace('Version:', 'VERSION:');
    assert.deepEqual(evil(written), [`! libc /${LIBC}`, `! package-database /${STATUS}`]);
  });

  test('a second record after a line of white space is critical', () => {
    const written = `${deb('tool', '1')} \t\n${deb('libc', '9.0')}`;
    assert.deepEqual(evil(written), [`! libc /${LIBC}`, `! package-database /${STATUS}`]);
  });

  test('a record in the journal counts instead', () => {
    const journal = { 'var/lib/dpkg/updates/0001': deb('libc', '1.0').replace('\nVer', '\nSource: x\nVer') };
    assert.deepEqual(findings(base, journal), [`! package-database /${STATUS}`]);
    assert.deepEqual(findings(base, { 'var/lib/dpkg/updates/0001': deb('libc', '1.0') }), []);
  });

  test('a second database beside the base’s own excuses nothing', () => {
    const found = findings(base, {
      'usr/lib/sysimage/dpkg/status': deb('libc', '9.0'),
      'usr/lib/sysimage/dpkg/info/libc.list': `/${LIBC}\n`,
      [LIBC]: 'evil',
    });
    assert.deepEqual(found, [`! libc /${LIBC}`, `! package-database /${STATUS}`]);
  });
});
