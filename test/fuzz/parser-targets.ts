import { isAppError } from '../../src/core/index.ts';
import { findElfSymbols } from '../../src/formats/elf/elf-symbols.ts';
import { elfNotes } from '../../src/formats/elf/elf-notes.ts';
import { peResource } from '../../src/formats/executable/pe-resources.ts';
import * as formats from '../../src/formats/index.ts';
import { parseManifest } from '../../src/formats/java/manifest.ts';
import { parseProperties } from '../../src/formats/java/properties.ts';
import * as samples from './samples.ts';
import type { Sample } from './samples.ts';

/** One parser or extractor of the formats room. */
export interface ParserTarget {
  readonly id: string;
  readonly samples: readonly (string | Sample)[];
  /** Reads all there is to read, and returns what it read. Throws nothing. */
  run(bytes: Uint8Array): unknown;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const ELVES = [samples.elfSample, samples.goSample, samples.graalvmSample, samples.dotnetSample];
const PROGRAMS = [...ELVES, samples.peSample, samples.machOSample];

/** Every parser that meets bytes of an image. */
export const PARSER_TARGETS: readonly ParserTarget[] = [
  { id: 'tar', samples: [samples.tarSample], run: readTar },
  {
    id: 'deb822',
    samples: ['Package: a\nVersion: 1\nDescription: x\n long\n .\n more\n\nPackage: b\nStatus: install ok installed\n'],
    run: (bytes) => formats.parseDeb822(text(bytes)),
  },
  { id: 'elf', samples: ELVES, run: readElf },
  { id: 'elf-package-note', samples: ELVES, run: formats.extractElfPackageNote },
  {
    id: 'go-build-info',
    samples: PROGRAMS,
    run: (bytes) => formats.extractGoBuildInfo(bytes, { path: 'usr/bin/x', sizeBytes: bytes.length, complete: true }),
  },
  { id: 'rust-audit', samples: [...PROGRAMS, samples.wasmSample], run: formats.extractRustAudit },
  { id: 'graalvm-sbom', samples: [samples.graalvmSample], run: formats.extractGraalvmSbom },
  { id: 'dotnet-bundle', samples: [samples.dotnetSample], run: formats.extractDotnetBundle },
  { id: 'mach-o', samples: [samples.machOSample], run: (bytes) => formats.tryParseMachO(bytes).length },
  { id: 'pe', samples: [samples.peSample], run: readPe },
  { id: 'pe-version', samples: [samples.peSample], run: formats.extractPeVersion },
  {
    id: 'java-archive',
    samples: [samples.jarSample],
    run: (bytes) => formats.extractJavaArchive(bytes, { path: 'app/a.jar', complete: true }),
  },
  { id: 'zip', samples: [samples.jarSample], run: readZip },
  {
    id: 'java-manifest',
    samples: ['A: b\r\n c\r\nD: e\r\n\r\nName: x\r\nF: g\r\n'],
    run: (bytes) => parseManifest(Buffer.from(bytes)),
  },
  { id: 'java-properties', samples: ['#x\na=b\\\n c\\u0041\nd : e\n'], run: parseProperties },
  {
    id: 'maven-record',
    samples: [
      '<project><groupId>g</groupId><parent><version>${x}</version></parent><properties><x>1</x></properties></project>',
    ],
    run: (pom) => formats.readMavenRecord('g/a', { pom, properties: pom }),
  },
  {
    id: 'xml',
    samples: ['<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a x="y">&b;&amp;<![CDATA[z]]><b/><!-- c --></a>'],
    run: (bytes) => formats.tryParseXml(text(bytes)),
  },
  {
    id: 'rpm-database',
    samples: [samples.ndbSample, samples.berkeleySample, samples.sqliteSample],
    run: (bytes) => [...(formats.readRpmDatabase(bytes)?.items ?? [])],
  },
  { id: 'rpm-header', samples: [samples.rpmHeaderSample], run: readRpmHeader },
  { id: 'sqlite', samples: [samples.sqliteSample], run: readSqlite },
  { id: 'json-wall', samples: [samples.wallSample], run: readWall },
  {
    id: 'php-serialized',
    samples: ['a:2:{s:4:"name";s:1:"x";i:0;a:1:{s:1:"a";d:0.5;}}'],
    run: formats.tryParsePhpSerialized,
  },
  {
    id: 'erlang-terms',
    samples: ['%% c\n{application,\'a b\',[{vsn,"4.2"},{x,<<"y">>,#{a => 1},-1.5e3,$a}]}.\n'],
    run: (bytes) => formats.parseErlangTerms(text(bytes)),
  },
  {
    id: 'lua-data',
    samples: [
      'local v = "1"\npackage = [==[a]==]\nversion = v .. "-1"\nx = { a = { "b", [1] = 2; }, -- c\n d = true }\n',
    ],
    run: (bytes) => formats.parseLuaData(text(bytes)),
  },
  {
    id: 'opam-file',
    samples: [
      'opam-version: "2.0"\ndepends: [ "ocaml" {>= "4.08" & !with-test} ("a" | "b") ]\nurl {\n src: """x"""\n}\n(* c *)\n',
    ],
    run: (bytes) => formats.tryParseOpamFile(text(bytes)),
  },
  { id: 'ruby-literal', samples: ['"a\\u{41}#{x}".freeze', '["a", %q(b), %w[c d]]'], run: readRuby },
  { id: 'csv', samples: ['a,"b ""c""\nd",e\r\nf,,\n'], run: (bytes) => formats.parseCsv(text(bytes), 1000) },
  {
    id: 'mail-headers',
    samples: ['Name: a\nSummary: =?utf-8?q?x?=\n  more\nName: b\n\nbody\n'],
    run: formats.parseMailHeaders,
  },
  { id: 'alpm-desc', samples: ['%NAME%\na\n\n%DEPENDS%\nb>=1\nc\n\n'], run: formats.parseAlpmDesc },
  { id: 'mtree', samples: [samples.mtreeSample], run: (bytes) => formats.parseMtree(bytes) },
  {
    id: 'portage-contents',
    samples: ['dir /a\nobj /a/b 9dd4e461268c8034f5c8564e155c67a6 1649284012\nsym /c -> d e 1\n'],
    run: formats.parsePortageContents,
  },
  {
    id: 'yaml-fields',
    samples: ['name: a # c\nversion: "1\\n"\nlist: [a, \'b\']\nmore:\n- x\n- y\nz: &a [*a, *a]\ntext: |\n  b\n'],
    run: (bytes) => formats.parseYamlFields(text(bytes)),
  },
];

function readWall(bytes: Uint8Array): unknown {
  return formats.parseJsonWall(bytes, { fields: ['kind', 'name', 'slices', '__proto__', 'constructor'] });
}

function readTar(bytes: Uint8Array): unknown {
  const found: unknown[] = [];
  const reader = new formats.TarReader(
    {
      member: (member) => found.push(member) > 0 && member.sizeBytes < 1_000_000,
      content: (chunk) => void found.push(chunk.length),
      contentEnd: () => undefined,
    },
    { globalPax: 'apply', maxEntries: 1000 },
  );
  try {
    reader.write(bytes.subarray(0, bytes.length >> 1));
    reader.write(bytes.subarray(bytes.length >> 1));
    return [found, reader.end()];
  } catch (error) {
    // what it documents
    if (!isAppError(error)) throw error;
    return [found.length, error.code];
  }
}

function readElf(bytes: Uint8Array): unknown {
  const elf = formats.tryParseElf(bytes);
  if (elf === undefined) return undefined;
  const symbols = findElfSymbols(elf, ['sbom', 'sbom_length', 'main.version']);
  return [elf.sections, elf.segments, symbols, elfNotes(elf).length, elfNotes(elf, '.note.package').length];
}

function readPe(bytes: Uint8Array): unknown {
  const file = formats.tryParsePe(bytes);
  return file === undefined ? undefined : [file.architecture, peResource(file, 16, 1_000_000)];
}

function readZip(bytes: Uint8Array): unknown {
  const archive = formats.tryReadZip(bytes, { maxEntries: 1000 });
  return archive?.entries.map((entry) => [entry, formats.readZipEntry(archive, entry, 1_000_000)]);
}

function readRpmHeader(bytes: Uint8Array): unknown {
  const header = formats.tryParseRpmHeader(bytes);
  if (header === undefined) return undefined;
  return Object.values(formats.RPM_TAGS).map((tag) => {
    return [header.text(tag), header.texts(tag), header.numbers(tag)];
  });
}

function readSqlite(bytes: Uint8Array): unknown {
  const { pages, problems } = formats.openSqlite(bytes, bytes.subarray(bytes.length >> 1));
  if (pages === undefined) return problems;
  const { root, problems: damages } = formats.findTable(pages, 'packages');
  const rows = root === undefined ? [] : [...formats.readTable(pages, root, 1_000_000)];
  const values = rows.map((row) => ('payload' in row ? formats.rowValues(row.payload, 8) : undefined));
  return [problems, damages, rows, values];
}

function readRuby(bytes: Uint8Array): unknown {
  return [formats.tryParseRubyLiteral(text(bytes)), formats.parseRubyArguments(text(bytes))];
}
