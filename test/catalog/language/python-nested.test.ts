import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { pythonCataloger } from '../../../src/catalog/language/python.ts';
import { packagePurl } from '../../../src/packages/index.ts';
import { memoryView, type MemoryEntry } from '../../support/memory-view.ts';

const SITE = 'usr/local/lib/python3.12/site-packages';

function catalog(files: Readonly<Record<string, MemoryEntry>>) {
  const view = memoryView(files, { captures: pythonCataloger.captures });
  const { packages, diagnostics } = pythonCataloger.catalog({ view, distribution: undefined });
  return { packages, diagnostics, byName: new Map(packages.map((pkg) => [pkg.name, pkg])) };
}

const metadata = (name: string, more = ''): string => `Name: ${name}\nVersion: 1.0\n${more}\n`;
const info = (name: string, site = SITE): string => `${site}/${name}-1.0.dist-info`;

/** A zip archive of stored entries. */
function zip(entries: Readonly<Record<string, string>>): Uint8Array {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(entries)) {
    const content = Buffer.from(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, Buffer.from(name), content]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\0'), common, tail, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(central.length, 4);
  end.writeUInt16LE(central.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, directory, Buffer.from('PK\u0005\u0006'), end]);
}

describe('pythonCataloger: what lies inside a distribution', () => {
  it('takes libraries of vendor.txt that are there as parts of their owner', () => {
    const { packages, byName } = catalog({
      [`${info('pip')}/METADATA`]: metadata('pip'),
      [`${SITE}/pip/_vendor/vendor.txt`]:
        'CacheControl==0.14.0\nmsgpack==1.0.8 # why\nsetuptools==70.3.0\n    typing_extensions==4.12.2\nnot-there==1\n# no==1\n',
      [`${SITE}/pip/_vendor/cachecontrol/__init__.py`]: '',
      [`${SITE}/pip/_vendor/msgpack/__init__.py`]: '',
      [`${SITE}/pip/_vendor/pkg_resources/__init__.py`]: '',
      [`${SITE}/pip/_vendor/typing_extensions.py`]: '',
    });
    assert.deepEqual(packages.map((pkg) => packagePurl(pkg) ?? '').toSorted(), [
      'pkg:pypi/cachecontrol@0.14.0',
      'pkg:pypi/msgpack@1.0.8',
      'pkg:pypi/pip@1.0',
      'pkg:pypi/setuptools@70.3.0',
      'pkg:pypi/typing-extensions@4.12.2',
    ]);
    assert.equal(byName.get('msgpack')?.partOf, `/${info('pip')}/METADATA`);
  });

  it('finds the owner of vendored distributions by its list of files, and else by the place', () => {
    const inner = `${SITE}/setuptools/_vendor`;
    for (const record of [
      { [`${info('setuptools')}/RECORD`]: 'setuptools/_vendor/wheel-1.0.dist-info/METADATA,,\n' },
      {},
    ]) {
      const { byName } = catalog({
        [`${info('setuptools')}/METADATA`]: metadata('setuptools'),
        [`${info('wheel', inner)}/METADATA`]: metadata('wheel'),
        ...record,
      });
      assert.equal(byName.get('wheel')?.partOf, `/${info('setuptools')}/METADATA`);
      assert.equal(byName.get('setuptools')?.partOf, undefined);
    }
  });

  it('takes what auditwheel says a wheel carries as parts of it, not itself, and no other tool at its word', () => {
    const document = {
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      metadata: { component: { type: 'library', name: 'fast', purl: 'pkg:pypi/fast@1.0' } },
      components: [
        { type: 'library', name: 'libgfortran', purl: 'pkg:rpm/almalinux/libgfortran@8.5.0-22.el8?arch=x86_64' },
        { type: 'library', name: 'serde', purl: 'pkg:cargo/serde@1.0.200' },
        { type: 'library', name: 'fast', purl: 'pkg:pypi/Fast@1.0' },
        { type: 'library', name: 'odd', purl: 'pkg:unheard/odd@1' },
      ],
    };
    const { byName, diagnostics } = catalog({
      [`${info('fast')}/METADATA`]: metadata('fast'),
      [`${info('fast')}/sboms/auditwheel.cdx.json`]: JSON.stringify(document),
      [`${info('fast')}/sboms/auditwheel-2.json`]: '{',
      [`${info('fast')}/sboms/fast.cyclonedx.json`]: JSON.stringify({
        ...document,
        components: [{ type: 'library', name: 'r-efi', purl: 'pkg:cargo/r-efi@5.2.0' }],
      }),
      'srv/sboms/other.json': JSON.stringify(document),
    });
    assert.deepEqual([...byName.keys()].toSorted(), ['fast', 'libgfortran', 'serde']);
    const library = byName.get('libgfortran');
    assert.equal(library === undefined ? '' : packagePurl(library), document.components[0]?.purl);
    assert.equal(library?.partOf, `/${info('fast')}/METADATA`);
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['malformed-sbom'],
    );
  });
});

describe('pythonCataloger: eggs', () => {
  it('reads an egg that is one archive', () => {
    const { packages, byName } = catalog({
      [`${SITE}/Old-1.0-py3.12.egg`]: zip({
        'EGG-INFO/PKG-INFO': metadata('Old', 'License: MIT\n'),
        'EGG-INFO/requires.txt': 'six>=1\n\n[extra]\nnope\n',
        'old/__init__.py': '',
      }),
      [`${info('six')}/METADATA`]: metadata('six'),
      'srv/data.egg': 'not an archive',
      'srv/other.egg': zip({ x: 'y' }),
    });
    assert.equal(packages.length, 2);
    const egg = byName.get('Old');
    assert.deepEqual(egg?.locations, [{ path: `/${SITE}/Old-1.0-py3.12.egg`, inside: 'EGG-INFO/PKG-INFO', layer: 0 }]);
    assert.deepEqual(egg.files, [`/${SITE}/Old-1.0-py3.12.egg`]);
    assert.deepEqual(egg.dependsOn, [`/${info('six')}/METADATA`]);
  });

  it('never throws on what calls itself an egg', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void catalog({ 'a.egg': bytes })));
    const whole = zip({ 'EGG-INFO/PKG-INFO': metadata('a') });
    for (let end = 0; end < whole.length; end += 1) catalog({ 'a.egg': whole.subarray(0, end) });
  });
});

describe('pythonCataloger: folders and archives', () => {
  it('names the folders that are all its own; those that may be shared are not', () => {
    const { byName } = catalog({
      [`${info('a')}/METADATA`]: metadata('a'),
      [`${info('a')}/RECORD`]: '',
      [`${info('a')}/top_level.txt`]: 'a\n',
      [`${SITE}/a/__init__.py`]: '',
      [`${info('b')}/METADATA`]: metadata('b'),
      [`${info('b')}/top_level.txt`]: 'b\nnamespace\n../x\n',
      [`${SITE}/b/__init__.py`]: '',
      [`${SITE}/namespace/b.py`]: '',
      [`${SITE}/c-1.0-py3.12.egg/EGG-INFO/PKG-INFO`]: metadata('c'),
    });
    assert.deepEqual(byName.get('a')?.directories, [`/${info('a')}`]);
    assert.deepEqual(byName.get('b')?.directories, [`/${SITE}/b`, `/${info('b')}`]);
    assert.deepEqual(byName.get('c')?.directories, [`/${SITE}/c-1.0-py3.12.egg`]);
  });

  it('keeps the digests of the archive it was installed from', () => {
    const of = (archive_info: object) =>
      catalog({
        [`${info('a')}/METADATA`]: metadata('a'),
        [`${info('a')}/direct_url.json`]: JSON.stringify({ url: 'https://host.example/a.whl', archive_info }),
      }).byName.get('a')?.distributionHashes;
    const sha256 = 'ab'.repeat(32);
    assert.deepEqual(of({ hashes: { sha256, md5: 'x', sha512: 'CD'.repeat(64) } }), [
      { algorithm: 'SHA-256', hex: sha256 },
      { algorithm: 'SHA-512', hex: 'cd'.repeat(64) },
    ]);
    assert.deepEqual(of({ hash: `sha256=${sha256}` }), [{ algorithm: 'SHA-256', hex: sha256 }]);
    assert.equal(of({}), undefined);
  });
});

describe('pythonCataloger: a licence text as the License field', () => {
  const licensed = (text: string) =>
    catalog({ [`${info('a')}/METADATA`]: metadata('a', `License: ${text.replaceAll('\n', '\n        ')}`) }).byName.get(
      'a',
    )?.licenses;
  const isc =
    'Copyright (c) 2020, Ann\n\nPermission to use, copy, modify, and/or distribute this software for any\npurpose with or without fee is hereby granted, provided that the above\ncopyright notice and this permission notice appear in all copies.\n\nTHE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES\nWITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF\nMERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR\nANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES\nWHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN\nACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF\nOR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.';

  it('is told when it is certain; the holder of the rights is no licence', () => {
    assert.deepEqual(licensed(isc), [{ value: 'ISC' }]);
    assert.deepEqual(licensed(`${isc}\nNot for sale.`), []);
  });
});
