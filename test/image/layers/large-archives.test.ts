import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { squash, type CaptureRule } from '../../../src/filesystem/index.ts';
import { extractJavaArchive } from '../../../src/formats/index.ts';
import { SPARSE_ARCHIVE_BYTES } from '../../../src/image/layers/sparse-archive.ts';
import { planOf, stackOf } from '../../support/layer-fixtures.ts';
import { zipArchive, type ZipInput } from '../../support/zip-writer.ts';

const jars: CaptureRule = { id: 'jar', suffixes: ['.jar'], extract: { kind: 'java-archive' }, maxBytes: 1e9 };

const filler: ZipInput = { content: randomFillSync(Buffer.alloc(SPARSE_ARCHIVE_BYTES)), stored: true };
const entries: Readonly<Record<string, ZipInput>> = {
  'META-INF/MANIFEST.MF': { content: 'Implementation-Version: 1.5\n', descriptor: true },
  'native/lib.so': filler,
  'com/example/A.class': { content: Buffer.alloc(5000, 'class '), descriptor: true },
  'META-INF/maven/g/a/pom.properties': 'groupId=g\nartifactId=a\nversion=1.5\n',
  'lib/inner.jar': {
    content: zipArchive({ 'META-INF/MANIFEST.MF': 'Bundle-SymbolicName: inner\n', 'I.class': 'x' }),
    stored: true,
  },
};

async function factsOf(jar: Buffer): Promise<unknown> {
  const stack = await stackOf([{ 'app/it.jar': jar, 'app/link.jar': 'hard:app/it.jar' }], planOf(jars));
  assert.deepEqual(stack.diagnostics, []);
  const [it, link] = squash(stack).captured('jar');
  assert.deepEqual(it?.bytes, link?.bytes);
  return it && JSON.parse(Buffer.from(it.bytes).toString());
}

function expected(jar: Buffer): unknown {
  const facts = extractJavaArchive(jar, { path: 'app/it.jar', complete: true });
  return facts && JSON.parse(Buffer.from(facts).toString());
}

describe('a large Java archive', () => {
  const jar = zipArchive(entries);

  it('is told of as if all of it had been kept', async () => {
    const facts = await factsOf(jar);
    assert.deepEqual(facts, expected(jar));
    assert.match(
      JSON.stringify(facts),
      /"inside":"lib\/inner\.jar".*"artifactId":"a"|"artifactId":"a".*"inside":"lib\/inner\.jar"/,
    );
  });

  it('is read again when its directory tells of what its entries hid', async () => {
    // both names are of one length: the local header calls the record a class
    const hidden = Buffer.from(jar);
    hidden.write('META-INF/maven/g/a/pom_properties', hidden.indexOf('META-INF/maven/g/a/pom.properties'), 'latin1');
    assert.deepEqual(await factsOf(hidden), expected(hidden));
  });

  it('need not begin as one, or end as one', async () => {
    const launched = zipArchive(entries, { prefix: '#!/bin/sh\nexec java -jar "$0"\n' });
    assert.deepEqual(await factsOf(launched), expected(launched));
    const cut = jar.subarray(0, jar.length - 30);
    const facts = expected(cut) as { archives: { sha1?: string }[] };
    // the second digest is only of archives whose bytes are all kept
    delete facts.archives[0]?.sha1;
    assert.deepEqual(await factsOf(cut), facts);
  });
});
