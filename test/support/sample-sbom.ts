import type { SbomInput } from '../../src/sbom/index.ts';
import type { Package } from '../../src/packages/index.ts';

/** A package with the fields a test does not care about filled in. */
export function samplePackage(fields: Partial<Package> & Pick<Package, 'type' | 'name'>): Package {
  return {
    version: '1.0',
    locations: [{ path: `/opt/${fields.name}`, layer: 0 }],
    foundBy: 'sample',
    evidence: [{ field: 'purl', technique: 'manifest-analysis', confidence: 1 }],
    licenses: [],
    id: `${fields.type}:${fields.name}`,
    dependsOn: [],
    ...fields,
  };
}

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** A small image: Debian, npm and Go packages, edges, licences of each kind, one known unknown. */
export function sampleInput(overrides: Partial<SbomInput> = {}): SbomInput {
  return {
    subject: {
      name: 'registry.example.com/shop/App',
      digest: digest('a'),
      manifestMediaType: 'application/vnd.oci.image.manifest.v1+json',
      platform: { os: 'linux', architecture: 'amd64' },
      created: '2026-01-02T03:04:05.678901234Z',
      tags: ['1.2'],
      labels: { 'org.opencontainers.image.title': 'shop' },
      layers: [
        { digest: digest('1'), diffId: digest('b'), createdBy: 'ADD rootfs /' },
        { digest: digest('2'), diffId: digest('c'), createdBy: 'RUN npm ci' },
      ],
    },
    distribution: {
      id: 'debian',
      versionId: '12',
      idLike: [],
      name: 'Debian',
      prettyName: 'Debian 12',
      path: '/etc/os-release',
    },
    packages: samplePackages(),
    diagnostics: [
      { code: 'malformed-json', severity: 'warning', message: 'no JSON', path: '/app/package.json', source: 'npm' },
    ],
    notes: [
      { kind: 'known-unknown', code: 'packed-executable', message: 'packed', path: '/usr/bin/x', source: 'go' },
      { kind: 'trust', code: 'rpm-public-key', message: 'a key', path: '/var/lib/rpm', source: 'rpm' },
    ],
    tool: { name: 'waybill', version: '0.1.0' },
    catalogers: [
      { id: 'npm', version: 1 },
      { id: 'dpkg', version: 2 },
    ],
    ...overrides,
  };
}

function samplePackages(): readonly Package[] {
  const deb = {
    type: 'deb',
    namespace: 'debian',
    foundBy: 'dpkg',
    locations: [{ path: '/var/lib/dpkg/status', layer: 0 }],
  } as const;
  return [
    samplePackage({
      ...deb,
      name: 'libc6',
      version: '2.36-9+deb12u10',
      qualifiers: { arch: 'amd64', distro: 'debian-12' },
      id: 'dpkg:libc6',
      supplier: { name: 'GNU Libc Maintainers', email: 'debian-glibc@lists.debian.org' },
      licenses: [{ value: 'LGPL-2.1+' }, { value: 'GPL-2' }],
      homepage: 'https://www.gnu.org/software/libc/libc.html',
      cpes: ['cpe:2.3:a:gnu:glibc:2.36:*:*:*:*:*:*:*'],
      properties: { 'deb:status': 'install ok installed' },
    }),
    samplePackage({
      ...deb,
      name: 'bash',
      version: '5.2.15-2',
      qualifiers: { arch: 'amd64' },
      id: 'dpkg:bash',
      dependsOn: ['dpkg:libc6'],
      licenses: [{ value: 'GPL-3+' }, { value: 'a text & <more>' }, { value: 'MIT OR Apache-2.0' }],
    }),
    samplePackage({
      type: 'npm',
      namespace: '@scope',
      name: 'left',
      version: '1.0.0',
      foundBy: 'npm',
      id: 'npm:left',
      locations: [
        { path: '/app/node_modules/@scope/left/package.json', layer: 1 },
        { path: '/srv/node_modules/@scope/left/package.json', layer: 0 },
      ],
      evidence: [
        { field: 'name', technique: 'manifest-analysis', confidence: 1, value: 'name' },
        { field: 'version', technique: 'filename', confidence: 0.5 },
      ],
      licenses: [{ value: '(MIT OR Apache-2.0)' }, { value: 'ISC' }],
      author: 'A. Person',
      description: 'does\nthings',
      scope: 'optional',
      dependsOn: ['npm:right'],
      sourceUrl: 'git+https://example.com/left.git',
    }),
    samplePackage({
      type: 'npm',
      name: 'right',
      foundBy: 'npm',
      id: 'npm:right',
      dependsOn: ['npm:left'],
      licenses: [{ value: 'MIT' }],
    }),
    samplePackage({
      type: 'golang',
      namespace: 'example.com/tool',
      name: 'cmd',
      id: 'go:cmd',
      firstParty: true,
      purlKnown: false,
    }),
    samplePackage({
      type: 'maven',
      namespace: 'com.example',
      name: 'app',
      id: 'java:app',
      kind: 'framework',
      alsoKnownAs: [
        {
          purl: 'pkg:generic/app@1.0',
          foundBy: 'binary',
          locations: [{ path: '/opt/app.jar', layer: 1 }],
          evidence: { field: 'version', technique: 'binary-analysis', confidence: 0.8 },
        },
      ],
      locations: [{ path: '/opt/app.jar', layer: 1 }],
    }),
    samplePackage({
      type: 'maven',
      name: 'nested',
      id: 'java:nested',
      purlKnown: false,
      partOf: 'java:app',
      locations: [{ path: '/opt/app.jar', inside: 'WEB-INF/lib/nested-1.0.jar', layer: 1 }],
      hashes: [
        { algorithm: 'SHA-1', hex: 'a'.repeat(40) },
        { algorithm: 'SHA-256', hex: 'b'.repeat(64) },
      ],
      distributionHashes: [{ algorithm: 'SHA-512', hex: 'c'.repeat(128) }],
    }),
  ];
}
