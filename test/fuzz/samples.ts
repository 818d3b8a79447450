import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { createTar, type TarInput } from '../../src/formats/index.ts';
import { dotnetBundle } from '../support/dotnet-bundle.ts';
import { elfFile, elfNote } from '../support/elf-file.ts';
import { goBinary } from '../support/go-binary.ts';
import { graalvmProgram } from '../support/graalvm-program.ts';
import { machOFile } from '../support/mach-o-file.ts';
import { peFile } from '../support/pe-file.ts';
import { berkeleyDatabase, ndbDatabase, rpmPackage, sqliteDatabase } from '../support/rpm-database.ts';
import { zipArchive } from '../support/zip-writer.ts';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';

/** A well-formed file, made anew for each case: what lies inside may be hostile where the outside is not. */
export type Sample = (random: Random) => Promise<Uint8Array> | Uint8Array;

const NOTE = { type: 'deb', name: 'hello', version: '2.10-3', architecture: 'amd64', os: 'debian', osVersion: '12' };
const AUDIT = { packages: [{ name: 'app', version: '0.1.0', source: 'local', root: true, dependencies: [0] }] };
const MOD_INFO =
  'path\texample.com/x\nmod\texample.com/x\tv1.2.3\th1:abc=\ndep\tgithub.com/y/z\tv1.0.0\th1:def=\n=>\t../z\n';
const DEPS = {
  runtimeTarget: { name: '.NETCoreApp,Version=v8.0' },
  targets: {
    '.NETCoreApp,Version=v8.0': { 'A/1.0.0': { dependencies: { B: '2' }, runtime: { 'A.dll': {} } }, 'B/2': {} },
  },
  libraries: { 'A/1.0.0': { type: 'project' }, 'B/2': { type: 'package' } },
};
const POM =
  '<project><groupId>g</groupId><artifactId>a</artifactId><version>1</version><dependencies><dependency><groupId>h</groupId><artifactId>b</artifactId></dependency></dependencies></project>';
const GRAALVM = {
  bomFormat: 'CycloneDX',
  components: [{ group: 'io.x', name: 'y', version: '1', purl: 'pkg:maven/io.x/y@1' }],
};

/** Text that is mutated in every other case. */
function inner(text: string, random: Random): Buffer {
  const bytes = Buffer.from(text);
  return random.oneIn(2) ? bytes : Buffer.from(mutate(bytes, random));
}

function json(value: unknown, random: Random): Buffer {
  return inner(JSON.stringify(value), random);
}

function word(usual: string, random: Random): string {
  return random.oneIn(3) ? random.pick(HOSTILE_TEXTS) : usual;
}

export const elfSample: Sample = (random) =>
  elfFile(
    [
      {
        name: '.note.package',
        type: 7,
        content: elfNote({ name: 'FDO', type: 0xcafe1a7e, content: json(NOTE, random) }),
      },
      { name: '.dep-v0', content: deflateSync(json(AUDIT, random)) },
      { name: '.comment', content: inner('GCC: (Debian)\0rustc version 1.95.0 (f2d3ce0bd 2026-03-21)\0', random) },
      { name: word('.data', random).slice(0, 60), content: Buffer.alloc(64) },
    ],
    { wide: !random.oneIn(3), littleEndian: !random.oneIn(3), sectionTable: !random.oneIn(4) },
  );

export const goSample: Sample = (random) =>
  goBinary({
    goVersion: word('go1.22.1', random),
    modInfo: inner(MOD_INFO, random).toString('latin1'),
    wide: !random.oneIn(3),
    littleEndian: !random.oneIn(3),
    pointers: random.oneIn(3),
    sections: !random.oneIn(3),
    ...(random.oneIn(2) ? {} : { variable: { name: 'main.version', value: word('1.2.3', random) } }),
  });

export const peSample: Sample = (random) =>
  peFile({
    wide: !random.oneIn(3),
    managed: random.oneIn(2),
    version: {
      ProductName: word('Json.NET', random).slice(0, 400),
      ProductVersion: word('13.0.3', random).slice(0, 400),
    },
    sections: [{ name: '.dep-v0', content: deflateSync(json(AUDIT, random)) }],
  });

export const machOSample: Sample = (random) =>
  machOFile([{ segment: '__DATA', name: '.dep-v0', content: deflateSync(json(AUDIT, random)) }], {
    wide: !random.oneIn(3),
    universal: random.oneIn(2),
  });

export const wasmSample: Sample = (random) => {
  const list = deflateSync(json(AUDIT, random));
  const body = Buffer.concat([Buffer.from('\x07.dep-v0', 'latin1'), list]);
  const size = Buffer.from([0, (body.length & 0x7f) | 0x80, body.length >> 7]);
  return Buffer.concat([Buffer.from('\0asm\x01\0\0\0\x01\x01\0', 'latin1'), size, body]);
};

export const dotnetSample: Sample = (random) =>
  dotnetBundle(
    (data) => elfFile([{ name: '.data', content: data }]),
    [
      { path: word('app.deps.json', random), content: json(DEPS, random), compressed: random.oneIn(2) },
      { path: 'app.runtimeconfig.json', content: json({ runtimeOptions: {} }, random) },
    ],
    random.pick([1, 2, 6]),
  );

export const graalvmSample: Sample = (random) => graalvmProgram(json(GRAALVM, random).toString('utf8'));

const rpmHeaders = (random: Random): Buffer[] =>
  Array.from({ length: 1 + random.int(3) }, () =>
    rpmPackage(word('zlib', random), {
      version: word('1.0', random),
      sourceRpm: word('zlib-1.0-1.src.rpm', random),
      epoch: [random.int(3)],
      modularityLabel: word('nodejs:18:1:a', random),
    }),
  ).map((header) => (random.oneIn(2) ? header : Buffer.from(mutate(header, random))));

export const rpmHeaderSample: Sample = (random) => rpmHeaders(random)[0] ?? Buffer.alloc(0);
export const ndbSample: Sample = (random) => ndbDatabase(rpmHeaders(random));
export const berkeleySample: Sample = (random) =>
  berkeleyDatabase(rpmHeaders(random), { bigEndian: random.oneIn(2), pageBytes: random.pick([512, 4096]) });

/** Written by SQLite, which is slow: once. */
const SQLITE = sqliteDatabase([rpmPackage('zlib'), rpmPackage('bash', { summary: 'x'.repeat(9000) })]);
export const sqliteSample: Sample = () => SQLITE;

export const jarSample: Sample = (random) => zipArchive(jarEntries(random, 2), { zip64: random.oneIn(4) });

function jarEntries(random: Random, depth: number): readonly (readonly [string, Uint8Array | string])[] {
  const maven = 'META-INF/maven/g/a';
  const entries: (readonly [string, Uint8Array | string])[] = [
    [
      'META-INF/MANIFEST.MF',
      inner('Manifest-Version: 1.0\r\nImplementation-Version: 1\r\nBundle-SymbolicName: a.b;x=y\r\n\r\n', random),
    ],
    [`${maven}/pom.properties`, inner('#x\nversion=1\ngroupId=g\nartifactId=a\n', random)],
    [`${maven}/pom.xml`, inner(POM, random)],
    [word('org/example/A.class', random), 'x'],
    ['META-INF/LICENSE', inner('Apache License\nVersion 2.0\n', random)],
  ];
  if (depth > 0) entries.push(['BOOT-INF/lib/inner-1.0.jar', zipArchive(jarEntries(random, depth - 1))]);
  return entries;
}

export const wallSample: Sample = (random) => {
  const lines = [
    { jsonwall: '1.0', schema: '1.0', count: 4 },
    {
      kind: 'package',
      name: word('openssl', random),
      version: word('3.0', random),
      sha256: 'ab'.repeat(32),
      arch: 'amd64',
    },
    {
      kind: 'path',
      path: word('/usr/bin/openssl', random),
      mode: '0755',
      slices: ['openssl_bins'],
      sha256: 'cd'.repeat(32),
    },
    { kind: 'slice', name: 'openssl_bins' },
  ];
  const text = inner(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`, random);
  return random.oneIn(2) ? zstdCompressSync(text) : text;
};

export const mtreeSample: Sample = (random) => {
  const text = inner(
    '#mtree\n/set type=file uid=0 gid=0 mode=644\n./.BUILDINFO time=1.0 size=5\n./usr time=1.0 type=dir\n./usr/x\\040y size=3 sha256digest=ab\n./l type=link link=a\n',
    random,
  );
  return random.oneIn(2) ? gzipSync(text) : text;
};

export const tarSample: Sample = async (random) => {
  const inputs: TarInput[] = [
    { header: { path: 'a'.repeat(1 + random.int(300)), type: 'file', mode: 0o644 }, content: Buffer.from('text') },
    { header: { path: 'dir/link', type: 'symlink', mode: 0o777, linkTarget: '../'.repeat(1 + random.int(80)) } },
    { header: { path: 'dir', type: 'directory', mode: 0o755 } },
    { header: { path: '\u00e9t\u00e9', type: 'hardlink', mode: 0o644, linkTarget: 'dir/x' } },
  ];
  const chunks: Uint8Array[] = [];
  for await (const chunk of createTar(inputs)) chunks.push(chunk);
  return Buffer.concat([...paxHeader(random), ...chunks]);
};

/** A pax header with a record of any kind, which may lie about its length. */
function paxHeader(random: Random): Uint8Array[] {
  const record = random.pick([
    'size',
    'path',
    'GNU.sparse.map',
    'GNU.sparse.realsize',
    'SCHILY.xattr.user.x',
    'mtime',
    'linkpath',
  ]);
  const text = `${record}=${random.pick(['0,512,1024,512', '9'.repeat(30), '-1', ...HOSTILE_TEXTS])}\n`;
  const length = random.oneIn(3) ? random.pick(['0', '-5', '99999999999', '3']) : String(Buffer.byteLength(text) + 4);
  const body = Buffer.from(`${length.padStart(3, '0')} ${text}`);
  const header = Buffer.alloc(512);
  header.write('pax', 0);
  header.write('0000644\0', 100);
  header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(random.oneIn(4) ? 'g' : 'x', 156);
  header.write('ustar\u000000', 257);
  header.fill(' ', 148, 156);
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}
