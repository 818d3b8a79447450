import type { MemoryEntry } from '../support/memory-view.ts';
import { berkeleyDatabase, ndbDatabase, rpmHeader, rpmPackage, sqliteDatabase } from '../support/rpm-database.ts';

/** One image and what exactly one cataloger finds in it. */
export interface CatalogFixture {
  readonly files: Readonly<Record<string, MemoryEntry>>;
  /** purls, or keys where no purl is claimed; in the runner's order. */
  readonly packages: readonly string[];
  /** Codes of the diagnostics, in the runner's order. */
  readonly diagnostics: readonly string[];
}

/** What every member of the family must show: the usual case, an unusual one, and broken input that loses nothing but what is broken. */
export interface CatalogFixtures {
  readonly good: CatalogFixture;
  readonly edge: CatalogFixture;
  readonly malformed: CatalogFixture;
}

const DEBIAN = 'ID=debian\nVERSION_ID="12"\n';
const ALPINE = 'ID=alpine\nVERSION_ID=3.19.1\n';
const FEDORA = 'ID=fedora\nVERSION_ID=40\n';
const INSTALLED = 'Status: install ok installed\n';

/** Stands for an executable: the extractor of the tests hands over what follows the magic. */
function executable(info: unknown): Uint8Array {
  return new TextEncoder().encode(`\u007fELF${typeof info === 'string' ? info : JSON.stringify(info)}`);
}

/** The extractor that goes with `executable`. */
export const FIXTURE_EXTRACTORS = { 'go-buildinfo': (bytes: Uint8Array): Uint8Array => bytes.subarray(4) };

/** By id of the cataloger. */
export const CATALOG_FIXTURES: Readonly<Record<string, CatalogFixtures>> = {
  dpkg: {
    good: {
      files: {
        'etc/os-release': DEBIAN,
        'var/lib/dpkg/status': `Package: attr\n${INSTALLED}Architecture: amd64\nVersion: 1:2.4.47-2+b1\n`,
      },
      packages: ['pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64&distro=debian-12'],
      diagnostics: [],
    },
    edge: {
      files: {
        'etc/os-release': DEBIAN,
        'var/lib/dpkg/status.d/tzdata': 'Package: tzdata\nVersion: 2024a\nArchitecture: all\n',
        'opt/root/var/lib/dpkg/status': `Package: a\n${INSTALLED}Version: 1\n\nPackage: b\nStatus: deinstall ok config-files\n`,
      },
      packages: ['deb/a@1', 'pkg:deb/debian/tzdata@2024a?arch=all&distro=debian-12'],
      diagnostics: [],
    },
    malformed: {
      files: {
        'etc/os-release': DEBIAN,
        'var/lib/dpkg/status': `Package: a b\n${INSTALLED}Version: 1\n\nPackage: good\nnonsense\n${INSTALLED}Version: 1\n\nPackage: cut\nSta`,
      },
      packages: ['pkg:deb/debian/good@1?distro=debian-12'],
      diagnostics: ['malformed-stanza', 'malformed-stanza', 'malformed-stanza', 'malformed-stanza'],
    },
  },
  apk: {
    good: {
      files: { 'etc/os-release': ALPINE, 'lib/apk/db/installed': 'P:zlib\nV:1.3-r0\nA:x86_64\nL:Zlib\no:zlib\n\n' },
      packages: ['pkg:apk/alpine/zlib@1.3-r0?arch=x86_64&distro=alpine-3.19.1'],
      diagnostics: [],
    },
    edge: {
      files: {
        'etc/apk/repositories': 'https://dl-cdn.alpinelinux.org/alpine/v3.18/main\n',
        'usr/lib/apk/db/installed': 'P:.deps\nV:1\nD:zlib\n\nP:zlib\nV:1.3-r0',
      },
      packages: ['apk/alpine/.deps@1?distro=alpine-3.18', 'pkg:apk/alpine/zlib@1.3-r0?distro=alpine-3.18'],
      diagnostics: [],
    },
    malformed: {
      files: { 'etc/os-release': ALPINE, 'lib/apk/db/installed': 'garbage\n\nV:1\n\nP:good\nV:1\n\nP:nov' },
      packages: ['pkg:apk/alpine/good@1?distro=alpine-3.19.1', 'pkg:apk/alpine/nov?distro=alpine-3.19.1'],
      diagnostics: ['malformed-stanza', 'malformed-stanza', 'version-unknown'],
    },
  },
  rpm: {
    good: {
      files: {
        'etc/os-release': FEDORA,
        'usr/lib/sysimage/rpm/rpmdb.sqlite': sqliteDatabase([
          rpmPackage('zlib', { epoch: [0], sourceRpm: 'zlib-1.0-1.el9.src.rpm', license: 'zlib' }),
          rpmHeader({ name: 'gpg-pubkey', version: '12345678', release: '5e3006fb', license: 'pubkey' }),
        ]),
        'var/lib/rpm': { link: '../../usr/lib/sysimage/rpm' },
      },
      packages: ['pkg:rpm/fedora/zlib@1.0-1.el9?arch=x86_64&distro=fedora-40&epoch=0&upstream=zlib-1.0-1.el9.src.rpm'],
      diagnostics: [],
    },
    edge: {
      files: {
        'etc/os-release': 'ID="opensuse-leap"\nVERSION_ID="15.6"\nID_LIKE="suse opensuse"\n',
        'var/lib/rpm/Packages': berkeleyDatabase([rpmPackage('kernel'), rpmPackage('kernel', { version: '2.0' })], {
          bigEndian: true,
        }),
        'var/lib/rpmmanifest/container-manifest-2':
          'bash\t5.1-1\t1\t1\tMicrosoft Corporation\t(none)\t1\tx86_64\t0\tbash-5.1-1.src.rpm\n',
        'opt/root/var/lib/rpm/Packages.db': ndbDatabase([rpmPackage('nodejs', { modularityLabel: 'nodejs:18:1:a' })]),
      },
      packages: [
        'rpm/nodejs@1.0-1.el9?arch=x86_64&rpmmod=nodejs:18:1:a',
        'pkg:rpm/opensuse/bash@5.1-1?arch=x86_64&distro=opensuse-leap-15.6&upstream=bash-5.1-1.src.rpm',
        'pkg:rpm/opensuse/kernel@1.0-1.el9?arch=x86_64&distro=opensuse-leap-15.6',
        'pkg:rpm/opensuse/kernel@2.0-1.el9?arch=x86_64&distro=opensuse-leap-15.6',
      ],
      diagnostics: [],
    },
    malformed: {
      files: {
        'etc/os-release': FEDORA,
        'usr/share/rpm/rpmdb.sqlite': 'SQLite format 3\0',
        'var/lib/rpm/Packages.db': ndbDatabase([
          rpmPackage('good'),
          rpmPackage('b a d'),
          Buffer.alloc(40, 0xff),
          rpmHeader({ name: 'unversioned', release: '1' }),
        ]),
        'var/lib/rpmmanifest/container-manifest-2': 'bash 5.1',
        'usr/lib/sysimage/rpm/Packages': 'no database',
      },
      packages: [
        'pkg:rpm/fedora/good@1.0-1.el9?arch=x86_64&distro=fedora-40',
        'pkg:rpm/fedora/unversioned?distro=fedora-40',
      ],
      diagnostics: [
        'malformed-database',
        'malformed-database',
        'malformed-header',
        'malformed-header',
        'version-unknown',
        'malformed-manifest',
      ],
    },
  },
  npm: {
    good: {
      files: { 'app/node_modules/@a/b/package.json': '{"name":"@a/b","version":"1.0.0","license":"MIT"}' },
      packages: ['pkg:npm/%40a/b@1.0.0'],
      diagnostics: [],
    },
    edge: {
      files: {
        'app/node_modules/JSONStream/package.json': '{"name":"JSONStream","version":"1.3.5"}',
        'app/node_modules/JSONStream/esm/package.json': '{"type":"module"}',
        'lib/node_modules/JSONStream/package.json': '{"name":"JSONStream","version":"1.3.5"}',
      },
      packages: ['pkg:npm/JSONStream@1.3.5'],
      diagnostics: [],
    },
    malformed: {
      files: {
        'app/node_modules/bad/package.json': '{"name":"bad",',
        'app/node_modules/good/package.json': '{"name":"good","version":"1.0.0"}',
      },
      packages: ['pkg:npm/good@1.0.0'],
      diagnostics: ['malformed-package-json'],
    },
  },
  python: {
    good: {
      files: { 'usr/lib/python3/site-packages/Foo_Bar-1.0.dist-info/METADATA': 'Name: Foo_Bar\nVersion: 1.0\n\n' },
      packages: ['pkg:pypi/foo-bar@1.0'],
      diagnostics: [],
    },
    edge: {
      files: {
        'usr/lib/python3/dist-packages/six-1.16.0.egg-info': 'Name: six\nVersion: 1.16.0\n',
        'usr/share/METADATA': 'Name: not-a-distribution\nVersion: 1\n',
      },
      packages: ['pkg:pypi/six@1.16.0'],
      diagnostics: [],
    },
    malformed: {
      files: {
        'usr/lib/python3/site-packages/bad-1.dist-info/METADATA': '\0\0\0',
        'usr/lib/python3/site-packages/good-1.dist-info/METADATA': 'Name: good\nVersion: 1\n',
      },
      packages: ['pkg:pypi/good@1'],
      diagnostics: ['malformed-metadata'],
    },
  },
  go: {
    good: {
      files: {
        'usr/bin/app': executable({
          format: 'elf',
          goVersion: 'go1.22.1',
          modInfo: 'path\texample.com/app\nmod\texample.com/app\tv1.2.3\th1:x\ndep\tgolang.org/x/sys\tv0.1.0\th1:y\n',
        }),
      },
      packages: ['pkg:golang/stdlib@1.22.1', 'pkg:golang/example.com/app@v1.2.3', 'pkg:golang/golang.org/x/sys@v0.1.0'],
      diagnostics: [],
    },
    edge: {
      files: { 'usr/bin/packed': executable({ format: 'elf', packed: 'upx' }) },
      packages: [],
      diagnostics: ['packed-executable'],
    },
    malformed: {
      files: { 'usr/bin/broken': executable('{"format"'), 'usr/bin/text': 'not an executable' },
      packages: [],
      diagnostics: ['unreadable-binary'],
    },
  },
};
