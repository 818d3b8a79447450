import type { Package, PackageType } from '../../packages/index.ts';

/** The fields of a note that say which package it is of. */
export type NoteFields = ReadonlyMap<string, string>;

export type NoteIdentity = Pick<Package, 'type' | 'namespace' | 'name' | 'version' | 'qualifiers' | 'purlKnown'>;

/** Words of the note's `type` for package types; others are of no type that a purl has. */
const TYPES: ReadonlyMap<string, PackageType> = new Map([
  ['deb', 'deb'],
  ['rpm', 'rpm'],
  ['apk', 'apk'],
  ['alpm', 'alpm'],
  ['pacman', 'alpm'],
]);

/** Vendor and product of an operating system's CPE, where they are not its ID. */
const SYSTEMS: ReadonlyMap<string, string> = new Map([
  ['fedoraproject:fedora', 'fedora'],
  ['redhat:enterprise_linux', 'rhel'],
  ['debian:debian_linux', 'debian'],
  ['canonical:ubuntu_linux', 'ubuntu'],
  ['alpinelinux:alpine_linux', 'alpine'],
  ['microsoft:azure_linux', 'azurelinux'],
  ['microsoft:cbl-mariner', 'mariner'],
  ['opensuse:leap', 'opensuse-leap'],
  ['opensuse:tumbleweed', 'opensuse-tumbleweed'],
  ['suse:sles', 'sles'],
  ['centos:centos', 'centos'],
  ['oracle:linux', 'ol'],
  ['almalinux:almalinux', 'almalinux'],
  ['rocky:rocky', 'rocky'],
]);

const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,255}$/;
const VERSION = /^[A-Za-z0-9][A-Za-z0-9._~^+:-]{0,255}$/;
const WORD = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/**
 * Which package a note is of. The purl is known only where the note says the operating system too: the image's own may be another one.
 * @returns undefined when no package can have the name
 */
export function noteIdentity(fields: NoteFields): NoteIdentity | undefined {
  const name = fields.get('name') ?? '';
  if (!NAME.test(name)) return undefined;
  const type = TYPES.get((fields.get('type') ?? '').toLowerCase()) ?? 'generic';
  const version = fields.get('version') ?? '';
  const known = VERSION.test(version) ? version : undefined;
  if (type === 'generic') return { type, name, ...(known === undefined ? {} : { version: known }) };
  const system = systemOf(fields);
  const architecture = fields.get('architecture') ?? '';
  // rpm writes the epoch in front; its purl has a qualifier for it
  const epoch = type === 'rpm' ? /^(\d{1,9}):(.+)$/.exec(known ?? '') : null;
  const plain = epoch?.[2] ?? known;
  return {
    type,
    ...(system === undefined ? { purlKnown: false } : { namespace: namespaceOf(type, system.id) }),
    name,
    ...(plain === undefined ? {} : { version: plain }),
    qualifiers: {
      ...(WORD.test(architecture) ? { arch: architecture } : {}),
      ...(system === undefined ? {} : { distro: system.release }),
      ...(epoch === null ? {} : { epoch: epoch[1]! }),
    },
  };
}

interface NoteSystem {
  /** As os-release has it. */
  readonly id: string;
  /** `fedora-40`. */
  readonly release: string;
}

function systemOf(fields: NoteFields): NoteSystem | undefined {
  const cpe = /^cpe:(?:2\.3:|\/)o:([a-z0-9._-]{1,64}):([a-z0-9._-]{1,64})(?::([A-Za-z0-9._-]{1,64}))?/i.exec(
    fields.get('osCpe') ?? '',
  );
  const written = fields.get('os') ?? '';
  const id = WORD.test(written) ? written.toLowerCase() : SYSTEMS.get(`${cpe?.[1]}:${cpe?.[2]}`.toLowerCase());
  if (id === undefined) return undefined;
  const version = fields.get('osVersion') ?? cpe?.[3] ?? '';
  return { id, release: WORD.test(version) && version !== '-' ? `${id}-${version}` : id };
}

/** The purl specification's names for some vendors of rpm and alpm packages. */
function namespaceOf(type: PackageType, id: string): string {
  if (type === 'rpm' && id === 'rhel') return 'redhat';
  if (type === 'rpm' && id.startsWith('opensuse')) return 'opensuse';
  return id;
}
