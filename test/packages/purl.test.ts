import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { comparePackages, packageKey, packagePurl, type Package } from '../../src/packages/index.ts';

function pkg(fields: Partial<Package> & Pick<Package, 'type' | 'name'>): Package {
  return { locations: [], foundBy: 'test', evidence: [], licenses: [], id: 'x', dependsOn: [], ...fields };
}

describe('packagePurl', () => {
  const cases: readonly (readonly [string, Partial<Package> & Pick<Package, 'type' | 'name'>])[] = [
    [
      'pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64&distro=debian-12',
      {
        type: 'deb',
        namespace: 'debian',
        name: 'attr',
        version: '1:2.4.47-2+b1',
        qualifiers: { distro: 'debian-12', arch: 'amd64' },
      },
    ],
    [
      'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14~deb12u1?upstream=gcc-12%4012.2.0-14',
      {
        type: 'deb',
        namespace: 'Debian',
        name: 'libstdc++6',
        version: '12.2.0-14~deb12u1',
        qualifiers: { upstream: 'gcc-12@12.2.0-14', arch: '' },
      },
    ],
    ['pkg:npm/%40angular/cli@1.0.0-rc.1', { type: 'npm', namespace: '@angular', name: 'cli', version: '1.0.0-rc.1' }],
    ['pkg:npm/JSONStream@1.3.5', { type: 'npm', name: 'JSONStream', version: '1.3.5' }],
    [
      'pkg:golang/github.com/masterminds/semver@v3.1.0%2Bincompatible',
      { type: 'golang', namespace: 'github.com/Masterminds', name: 'semver', version: 'v3.1.0+incompatible' },
    ],
    ['pkg:golang/stdlib@1.22.1', { type: 'golang', name: 'stdlib', version: '1.22.1' }],
    ['pkg:pypi/django@1.11.1', { type: 'pypi', name: 'Django', version: '1.11.1' }],
    [
      'pkg:generic/openssl@1.1.10g?checksum=sha256:de4d501267da&download_url=https:%2F%2Fopenssl.org%2Fsource%2Fopenssl-1.1.0g.tar.gz',
      {
        type: 'generic',
        name: 'openssl',
        version: '1.1.10g',
        qualifiers: {
          download_url: 'https://openssl.org/source/openssl-1.1.0g.tar.gz',
          checksum: 'sha256:de4d501267da',
        },
      },
    ],
    [
      'pkg:generic/bitwarderl?vcs_url=git%2Bhttps:%2F%2Fgit.fsfe.org%2Fdxtr%2Fbitwarderl%40cc55108da32',
      {
        type: 'generic',
        name: 'bitwarderl',
        qualifiers: { vcs_url: 'git+https://git.fsfe.org/dxtr/bitwarderl@cc55108da32' },
      },
    ],
    ['pkg:rpm/fedora/Curl@7.50.3-1.fc25', { type: 'rpm', namespace: 'fedora', name: 'Curl', version: '7.50.3-1.fc25' }],
    ['pkg:generic/a%20b%2Fc%21%27%28%29%2A@%C3%BC', { type: 'generic', name: "a b/c!'()*", version: 'ü' }],
  ];
  for (const [purl, fields] of cases) it(`writes ${purl}`, () => assert.equal(packagePurl(pkg(fields)), purl));

  it('claims none when parts are not known', () => {
    assert.equal(packagePurl(pkg({ type: 'deb', name: 'attr', version: '1' })), undefined);
    assert.equal(packagePurl(pkg({ type: 'npm', name: 'x', purlKnown: false })), undefined);
    assert.equal(packagePurl(pkg({ type: 'npm', name: '' })), undefined);
  });

  it('decodes to what it was written from, with no character that would be a separator', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' });
    const part = '([A-Za-z0-9.~_:%-]+)';
    const purlOf = new RegExp(`^pkg:generic/${part}@${part}\\?arch=${part}$`);
    fc.assert(
      fc.property(text, text, text, (name, version, arch) => {
        const match = purlOf.exec(packagePurl(pkg({ type: 'generic', name, version, qualifiers: { arch } }))!);
        assert.deepEqual(match?.slice(1).map(decodeURIComponent), [name, version, arch]);
      }),
    );
  });

  it('never throws, lone surrogates included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, version) => {
        packagePurl(pkg({ type: 'generic', name, version }));
      }),
    );
    assert.equal(packagePurl(pkg({ type: 'generic', name: '\ud800' })), 'pkg:generic/%EF%BF%BD');
  });
});

describe('packageKey', () => {
  it('exists without a purl and keeps the case', () => {
    assert.equal(packageKey(pkg({ type: 'deb', name: 'Attr', version: '1', purlKnown: false })), 'deb/Attr@1');
  });

  it('tells architectures apart', () => {
    const one = pkg({ type: 'deb', name: 'libc6', version: '2', qualifiers: { arch: 'amd64' } });
    assert.notEqual(packageKey(one), packageKey({ ...one, qualifiers: { arch: 'i386' } }));
  });
});

describe('comparePackages', () => {
  it('orders by type, namespace, name, version, qualifiers', () => {
    const packages = [
      pkg({ type: 'npm', name: 'a' }),
      pkg({ type: 'deb', name: 'b', version: '1', qualifiers: { arch: 'i386' } }),
      pkg({ type: 'deb', name: 'b', version: '1', qualifiers: { arch: 'amd64' } }),
      pkg({ type: 'deb', name: 'a', version: '2' }),
      pkg({ type: 'deb', name: 'a', version: '1' }),
    ];
    assert.deepEqual(packages.toSorted(comparePackages).map(packageKey), [
      'deb/a@1',
      'deb/a@2',
      'deb/b@1?arch=amd64',
      'deb/b@1?arch=i386',
      'npm/a',
    ]);
  });
});
