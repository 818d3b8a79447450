import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { extractJavaArchive, type JavaArchiveFacts } from '../../../src/formats/index.ts';
import { zipArchive, type ZipInput } from '../../support/zip-writer.ts';

function extract(bytes: Uint8Array, path = 'a.jar'): JavaArchiveFacts | undefined {
  const found = extractJavaArchive(bytes, { path, complete: true });
  return found === undefined ? undefined : (JSON.parse(Buffer.from(found).toString('utf8')) as JavaArchiveFacts);
}

function facts(entries: Readonly<Record<string, ZipInput>>): JavaArchiveFacts {
  const found = extract(zipArchive(entries));
  assert.ok(found !== undefined);
  return found;
}

describe('extractJavaArchive', () => {
  it('tells digests, classes, layout and licence of an archive and of those in it', () => {
    const inner = zipArchive({
      'org/example/a/b/C.class': '',
      'org/example/a/D.class': '',
      LICENSE: '  MIT License\n\nCopyright\n',
    });
    const outer = zipArchive({
      'BOOT-INF/classes/com/acme/Main.class': '',
      'BOOT-INF/lib/inner.jar': { content: inner, stored: true },
      'BOOT-INF/lib/again.jar': inner,
    });
    const { archives, problems } = extract(outer)!;
    assert.deepEqual(problems, []);
    assert.deepEqual(
      archives.map(({ inside, parent, classCount, classFolders, layout, licenseTitle }) => ({
        inside,
        parent,
        classCount,
        classFolders,
        layout,
        licenseTitle,
      })),
      [
        {
          inside: '',
          parent: -1,
          classCount: 1,
          classFolders: ['com/acme'],
          layout: 'spring-boot',
          licenseTitle: undefined,
        },
        ...['BOOT-INF/lib/inner.jar', 'BOOT-INF/lib/again.jar'].map((inside) => ({
          inside,
          parent: 0,
          classCount: 2,
          classFolders: ['org/example/a'],
          layout: undefined,
          licenseTitle: 'MIT License Copyright',
        })),
      ],
    );
    for (const [index, bytes] of [outer, inner, inner].entries()) {
      assert.equal(archives[index]!.sha256, createHash('sha256').update(bytes).digest('hex'));
      assert.equal(archives[index]!.sizeBytes, bytes.length);
    }
  });

  it("reads the manifest's main section only, and joins its long lines", () => {
    const manifest =
      'Manifest-Version: 1.0\r\nBundle-SymbolicName: org.exam\r\n ple.lib\r\nIgnored: x\r\n\r\nName: a/\r\nImplementation-Title: part\r\n';
    assert.deepEqual(facts({ 'meta-inf/manifest.mf': manifest }).archives[0]!.manifest, {
      'bundle-symbolicname': 'org.example.lib',
    });
  });

  it("reads Maven's records, with what a POM takes from its parent and its properties", () => {
    const pom = `<?xml version="1.0" encoding="ISO-8859-1"?><project xmlns="http://maven.apache.org/POM/4.0.0">
      <parent><groupId>org.example</groupId><artifactId>parent</artifactId><version>2.0</version></parent>
      <artifactId>lib</artifactId><properties><g>com.acme</g><loop>\${loop}</loop></properties>
      <name>\${project.artifactId} of \${unknown}</name><url>https://example.org</url>
      <licenses><license><name>MIT</name></license><license><url>https://example.org/l</url></license></licenses>
      <dependencies>
        <dependency><groupId>\${g}</groupId><artifactId>a</artifactId></dependency>
        <dependency><groupId>\${project.groupId}</groupId><artifactId>b</artifactId><scope>runtime</scope><optional>true</optional></dependency>
        <dependency><groupId>\${loop}</groupId><artifactId>c</artifactId></dependency>
        <dependency><groupId>junit</groupId><artifactId>junit</artifactId><scope>test</scope></dependency>
        <dependency><groupId>javax</groupId><artifactId>api</artifactId><scope>provided</scope></dependency>
      </dependencies></project>`;
    const folder = 'META-INF/maven/org.example/lib';
    const { archives } = facts({
      [`${folder}/pom.xml`]: pom,
      [`${folder}/pom.properties`]: '# x\ngroupId = org.example\nartifactId:lib\nversion=\\u0032.0\n',
    });
    assert.deepEqual(archives[0]!.coordinates, [
      {
        folder,
        properties: { groupId: 'org.example', artifactId: 'lib', version: '2.0' },
        pom: {
          groupId: 'org.example',
          artifactId: 'lib',
          version: '2.0',
          url: 'https://example.org',
          licenses: ['MIT', 'https://example.org/l'],
          dependencies: [
            { groupId: 'com.acme', artifactId: 'a' },
            { groupId: 'org.example', artifactId: 'b', optional: true },
          ],
        },
      },
    ]);
  });

  it('takes a zip file for Java only when it holds Java', () => {
    assert.equal(extract(zipArchive({ 'a.txt': 'x' }), 'a.zip'), undefined);
    assert.equal(extract(Buffer.from('Rar!'), 'a.rar'), undefined);
    assert.equal(extract(zipArchive({ 'lib/a.jar': zipArchive({}) }), 'a.zip')?.archives.length, 2);
    assert.equal(extract(zipArchive({ 'META-INF/MANIFEST.MF': 'A: b\n' }), 'a.zip')?.archives.length, 1);
    assert.deepEqual(extract(Buffer.from('version https://git-lfs')), {
      archives: [],
      problems: [{ inside: '', code: 'not-an-archive' }],
    });
  });

  it('says of an empty file with the name of a Java archive that it is empty, not that something could not be read', () => {
    const none = { archives: [], problems: [{ inside: '', code: 'empty' }] };
    for (const path of ['a.jar', 'a.war', 'a.ear']) assert.deepEqual(extract(new Uint8Array(), path), none);
    const outer = extract(zipArchive({ 'lib/b.jar': '' }), 'a.jar');
    assert.deepEqual(outer?.problems, [{ inside: 'lib/b.jar', code: 'empty' }]);
    assert.equal(extract(new Uint8Array(), 'a.zip'), undefined);
  });

  it('follows archives in archives sixteen deep, and says where it stopped', () => {
    let bytes = zipArchive({ 'a.class': '' });
    for (let depth = 0; depth < 100; depth += 1) bytes = zipArchive({ 'a.jar': { content: bytes, stored: true } });
    const { archives, problems } = extract(bytes)!;
    assert.equal(archives.length, 17);
    assert.deepEqual(problems, [{ inside: Array(17).fill('a.jar').join(':'), code: 'too-deep' }]);
  });

  it('follows no path longer than a file can have', () => {
    const name = `${'x'.repeat(4000)}.jar`;
    const { archives, problems } = facts({ [name]: zipArchive({ [name]: zipArchive({}) }) });
    assert.equal(archives.length, 2);
    assert.deepEqual(
      problems.map(({ code, inside }) => [code, inside.length]),
      [['too-deep', 4096]],
    );
  });

  it('inflates only so much more than the file holds', () => {
    const big = zipArchive({ 'x.bin': { content: Buffer.alloc(400 * 1024), stored: true } });
    const { archives, problems } = facts({ 'a.jar': big, 'b.jar': big, 'c.jar': zipArchive({}) });
    assert.deepEqual(
      archives.map(({ inside }) => inside),
      ['', 'a.jar', 'c.jar'],
    );
    assert.deepEqual(problems, [{ inside: 'b.jar', code: 'too-large' }]);
  });

  it('finds the title of a licence in no time, whatever stands around and in it', () => {
    assert.equal(facts({ LICENSE: '/* ==== *\n# = MIT - License = #\n' }).archives[0]?.licenseTitle, 'MIT - License');
    const row = zipArchive({ LICENSE: `a${'='.repeat(4000)}b` });
    const started = performance.now();
    for (let count = 0; count < 500; count += 1) assert.equal(extract(row)?.archives[0]?.licenseTitle?.length, 200);
    assert.ok(performance.now() - started < 3000, 'backtracking takes eight seconds');
  });

  it('says what cannot be read, and goes on', () => {
    const { archives, problems } = facts({
      'a.jar': 'none',
      'b.jar': { content: zipArchive({}), flags: 1 },
      'META-INF/MANIFEST.MF': { content: 'A: b', claims: { crc32: 1 } },
      'c.jar': zipArchive({}),
    });
    assert.deepEqual(
      archives.map(({ inside }) => inside),
      ['', 'c.jar'],
    );
    assert.deepEqual(problems, [
      { inside: 'META-INF/MANIFEST.MF', code: 'malformed' },
      { inside: 'a.jar', code: 'not-an-archive' },
      { inside: 'b.jar', code: 'encrypted' },
    ]);
  });

  it('reads no more of several archives than their budget, and says where it ended', () => {
    const inner = zipArchive({ 'META-INF/MANIFEST.MF': 'A: b\n\n', 'a.class': Buffer.alloc(60_000) });
    const outer = zipArchive({ 'lib/a.jar': inner });
    const budget = { bytesLeft: inner.length * 2 };
    const told = [1, 2, 3].map((index) => {
      const found = extractJavaArchive(outer, { path: `${index}.jar`, complete: true, budget });
      return JSON.parse(Buffer.from(found ?? []).toString('utf8')) as JavaArchiveFacts;
    });
    assert.deepEqual(
      told.map(({ archives }) => archives.length),
      [2, 1, 1],
    );
    assert.deepEqual(
      told.map(({ problems }) => problems),
      [[], ...[1, 2].map(() => [{ inside: 'lib/a.jar', code: 'spent' }])],
    );
    assert.ok(budget.bytesLeft >= 0);
  });

  it('never throws, whatever is changed or cut off', () => {
    const inner = zipArchive({ 'META-INF/maven/g/a/pom.xml': '<project/>', 'META-INF/MANIFEST.MF': 'A: b\n\n' });
    const whole = zipArchive({ 'lib/a.jar': { content: inner, stored: true }, 'b.class': '' });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.nat(whole.length),
        (changes, cut) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          extract(bytes);
          extract(bytes.subarray(0, cut));
        },
      ),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        facts({
          'META-INF/MANIFEST.MF': text,
          'META-INF/maven/g/a/pom.xml': `<project>${text}`,
          'META-INF/maven/g/a/pom.properties': text,
        });
      }),
    );
  });
});
