import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, normalize, posix } from 'node:path';
import { describe, test } from 'node:test';

const SOURCE = join(import.meta.dirname, '..', 'src');

/** Which rooms a room may import beside itself and core: the table of the design. CONTRIBUTING.md shows it to people. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  net: [],
  formats: [],
  packages: [],
  filesystem: [],
  keys: [],
  image: ['formats', 'filesystem'],
  registry: ['net', 'image'],
  deployments: ['image'],
  catalog: ['formats', 'packages', 'filesystem'],
  ledger: ['packages', 'filesystem'],
  sbom: ['packages', 'ledger'],
  attestation: ['image'],
  signing: ['net', 'keys', 'attestation'],
  verification: ['net', 'keys', 'attestation'],
  provenance: ['image', 'filesystem', 'packages', 'attestation'],
  evidence: ['image', 'filesystem', 'packages', 'ledger', 'sbom', 'attestation', 'verification', 'provenance'],
  policy: ['formats', 'packages', 'keys', 'attestation', 'verification', 'provenance', 'evidence'],
  render: ['*'],
  app: ['*'],
  cli: ['render', 'app'],
  commands: ['cli', 'render', 'app'],
  // the library's entry: like cli it connects use cases to a process
  'index.ts': ['app'],
};

/** Rooms above the domain: `*` means every room but these. Renderers see the use cases' result types, and only those. */
const UPPER_ROOMS: ReadonlySet<string> = new Set(['render', 'app', 'cli', 'commands']);

/** How commands enter `app`: by the topic of their use case, as loading all of them would make each command start later. */
const TOPIC = /^app\/[a-z]+\/index\.ts$/;

/** Packages that only one room may use. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  'node-fetch': ['net'],
  '@oclif/core': ['cli', 'commands'],
  '@cyclonedx/cyclonedx-library': ['sbom'],
  '@sigstore/sign': ['signing'],
  '@sigstore/verify': ['verification'],
  '@sigstore/tuf': ['verification'],
  '@tufjs/models': ['verification'],
  '@open-policy-agent/opa-wasm': ['policy'],
};

interface ImportLine {
  readonly file: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s(?:(type)\s)?[^'"`;]*?from\s*'([^']+)'|(?:^|\n)\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/g;

const files = globSync('**/*.ts', { cwd: SOURCE }).map((file) => file.replaceAll('\\', '/'));
const imports: readonly ImportLine[] = files.flatMap((file) =>
  [...readFileSync(join(SOURCE, file), 'utf8').matchAll(IMPORT)].map((match) => ({
    file,
    specifier: match[2] ?? match[3] ?? match[4] ?? '',
    typeOnly: match[1] === 'type',
    dynamic: match[4] !== undefined,
  })),
);

function roomOf(file: string): string {
  return file.split('/')[0]!;
}

function targetOf(line: ImportLine): string {
  return posix.normalize(posix.join(posix.dirname(line.file), line.specifier));
}

function crossings(): {
  readonly line: ImportLine;
  readonly from: string;
  readonly to: string;
  readonly target: string;
}[] {
  return imports
    .filter((line) => line.specifier.startsWith('.'))
    .map((line) => ({ line, from: roomOf(line.file), to: roomOf(targetOf(line)), target: targetOf(line) }))
    .filter(({ from, to }) => from !== to);
}

function mayImport(from: string, to: string): boolean {
  const allowed = ARROWS[from] ?? [];
  return to === 'core' || allowed.includes(to) || (allowed.includes('*') && !UPPER_ROOMS.has(to));
}

describe('architecture', () => {
  test('the scan sees the sources', () => {
    assert.ok(files.length > 40, `only ${files.length} files`);
    assert.ok(crossings().length > 40, `only ${crossings().length} imports across rooms`);
  });

  test('every room is in the table', () => {
    const rooms = new Set(files.filter((file) => file.includes('/')).map(roomOf));
    assert.deepEqual(
      [...rooms].filter((room) => !(room in ARROWS)),
      [],
    );
  });

  test('CONTRIBUTING.md shows the same table', () => {
    const text = readFileSync(join(SOURCE, '..', 'CONTRIBUTING.md'), 'utf8');
    const rows = [...text.matchAll(/^\| (\w+) +\|[^|]*\| ([^|]*?) +\|$/gm)].map((row) => [row[1]!, row[2]!] as const);
    const shown = Object.fromEntries(rows.filter(([room]) => room !== 'room'));
    const words = (room: string, arrows: readonly string[]): string => {
      if (arrows.includes('*')) return room === 'render' ? 'any domain room; result types of app' : 'any domain room';
      if (room === 'commands') return 'cli, render and app by `import()`';
      return arrows.length > 0 ? arrows.join(', ') : room === 'core' ? 'nothing' : '-';
    };
    const rooms = Object.entries(ARROWS).filter(([room]) => !room.endsWith('.ts'));
    assert.deepEqual(shown, Object.fromEntries(rooms.map(([room, arrows]) => [room, words(room, arrows)])));
  });

  test('rooms import only along the arrows of the design', () => {
    const wrong = crossings()
      .filter(
        ({ line, from, to }) =>
          from in ARROWS && !mayImport(from, to) && !(line.typeOnly && from === 'render' && to === 'app'),
      )
      .map(({ line, to }) => `${line.file} imports ${to} (${line.specifier})`);
    assert.deepEqual(wrong, []);
  });

  test('rooms are entered through their index.ts', () => {
    const wrong = crossings()
      .filter(
        ({ line, from, to, target }) =>
          from in ARROWS &&
          to in ARROWS &&
          (from === 'commands' && to === 'app' && line.dynamic ? !TOPIC.test(target) : target !== `${to}/index.ts`),
      )
      .map(({ line, target }) => `${line.file} reaches into ${target}`);
    assert.deepEqual(wrong, []);
  });

  test('commands load use cases by import() only', () => {
    const wrong = crossings()
      .filter(
        ({ line, from, to }) =>
          from === 'commands' && (to === 'app' || to === 'render') && !line.dynamic && !line.typeOnly,
      )
      .map(({ line }) => `${line.file}: ${line.specifier}`);
    assert.deepEqual(wrong, []);
  });

  test('libraries stay in their room, and heavy ones are loaded by import()', () => {
    const wrong = imports.flatMap((line) => {
      const library = Object.keys(LIBRARIES).find(
        (name) => line.specifier === name || line.specifier.startsWith(`${name}/`),
      );
      if (library === undefined) return [];
      if (!LIBRARIES[library]!.includes(roomOf(line.file))) return [`${line.file} uses ${library}`];
      const heavy = library !== '@oclif/core';
      return heavy && !line.dynamic && !line.typeOnly ? [`${line.file} imports ${library} at load time`] : [];
    });
    assert.deepEqual(wrong, []);
  });

  test('rooms have no import cycles', () => {
    const graph = new Map<string, Set<string>>();
    for (const { line, from, to } of crossings())
      if (!(line.typeOnly && from === 'render')) graph.set(from, (graph.get(from) ?? new Set()).add(to));
    const done = new Set<string>();
    const visit = (room: string, path: readonly string[]): void => {
      assert.ok(!path.includes(room), `cycle: ${[...path, room].join(' -> ')}`);
      if (done.has(room)) return;
      for (const next of graph.get(room) ?? []) visit(next, [...path, room]);
      done.add(room);
    };
    for (const room of graph.keys()) visit(room, []);
  });

  test('nothing below cli reads the process, the clock or randomness by itself', () => {
    const exempt = (file: string): boolean =>
      ['cli', 'commands', 'index.ts'].includes(roomOf(file)) || file === 'core/files.ts';
    const wrong = files.flatMap((file) => {
      if (exempt(file)) return [];
      const text = readFileSync(join(SOURCE, normalize(file)), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
      return [
        ...text.matchAll(/\bprocess\.(?:env|argv|exit|cwd)\b|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/g),
      ].map((match) => `${file}: ${match[0]}`);
    });
    assert.deepEqual(wrong, []);
  });
});
