import type { CaptureRule, FileEntry, FileView } from '../../filesystem/index.ts';
import type { Diagnostic, Distribution } from '../../packages/index.ts';
import { BUSYBOX_CAPTURE, fromBusyboxBanner } from './busybox-banner.ts';
import { parseOsRelease } from './os-release.ts';

/** What tells which operating system an image holds. Small files; anywhere, since images can hold further roots. */
export const DISTRIBUTION_CAPTURES: readonly CaptureRule[] = [
  {
    id: 'distribution/files',
    names: ['os-release'],
    // NixOS and other generated trees
    suffixes: ['-os-release'],
    pathSuffixes: ['etc/system-release-cpe', 'etc/redhat-release', 'etc/debian_version', 'etc/apk/repositories'],
    maxBytes: 64 * 1024,
  },
  BUSYBOX_CAPTURE,
];

export interface DetectedDistribution {
  readonly distribution: Distribution | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

const SOURCE = 'distribution';
const ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const VERSION = /^[A-Za-z0-9][A-Za-z0-9._~+-]{0,63}$/;
const CPE_22 = /^cpe:\/o:([a-z0-9._~%-]+):([a-z0-9._~%-]+)(?::([A-Za-z0-9._~%-]*))?/;
const CPE_23 = /^cpe:2\.3:o:([a-z0-9._~\\-]+):([a-z0-9._~\\-]+):([A-Za-z0-9._~\\*-]+)(?::|$)/;

/** Everything a fallback needs. */
interface Search {
  readonly view: FileView;
  /** Folder that is the root of the system, without slashes at either end; '' for the image's own. */
  readonly root: string;
  readonly diagnostics: Diagnostic[];
}

/**
 * Finds out the operating system below a folder: os-release in /etc, then /usr/lib, then system-release-cpe, redhat-release, Alpine's list of repositories,
 * debian_version; for the image's own root also the banner of BusyBox. What a file says is checked before it is believed (an ID ends up in purls); what fails the check is a diagnostic.
 */
export function detectDistribution(view: FileView, root = ''): DetectedDistribution {
  const search: Search = { view, root, diagnostics: [] };
  const distribution =
    fromOsRelease(search, 'etc/os-release') ??
    fromOsRelease(search, 'usr/lib/os-release') ??
    fromSystemReleaseCpe(search) ??
    fromRedhatRelease(search) ??
    fromApkRepositories(search) ??
    fromDebianVersion(search) ??
    (root === '' ? fromBusyboxBanner(view) : undefined);
  return { distribution, diagnostics: search.diagnostics };
}

/** Debian and what descends from it: where the purl type `deb` is at home. */
export function isDebianLike(distribution: Distribution): boolean {
  return [distribution.id, ...distribution.idLike].some((id) => id === 'debian' || id === 'ubuntu');
}

function fromOsRelease(search: Search, name: string): Distribution | undefined {
  const file = readText(search, name);
  if (file === undefined) return undefined;
  const { values, badLines } = parseOsRelease(file.text);
  if (badLines.length > 0) {
    report(search, 'malformed-os-release', file.path, `line ${badLines.join(', ')} cannot be read and is left out`);
  }
  const id = values.get('ID')?.toLowerCase();
  if (id === undefined || !ID.test(id)) {
    const reason = id === undefined ? 'has no ID' : `has an ID that cannot be one: ${quote(id)}`;
    report(search, 'os-release-without-id', file.path, `${reason}; the operating system is looked for elsewhere`);
    return undefined;
  }
  const text = (key: string): string | undefined => {
    const value = values.get(key)?.trim();
    return value === undefined || value === '' ? undefined : value;
  };
  const token = (key: string): string | undefined => {
    const value = text(key);
    if (value === undefined || VERSION.test(value)) return value;
    report(search, 'malformed-os-release', file.path, `${key} ${quote(value)} is not a version and is left out`);
    return undefined;
  };
  const versionId = token('VERSION_ID');
  return {
    id,
    idLike: (text('ID_LIKE') ?? '')
      .toLowerCase()
      .split(/\s+/)
      .filter((like) => ID.test(like)),
    name: text('NAME') ?? id,
    path: file.path,
    ...defined({
      versionId,
      buildId: token('BUILD_ID'),
      prettyName: text('PRETTY_NAME'),
      variantId: token('VARIANT_ID'),
      codename: token('VERSION_CODENAME'),
      homepage: webAddress(text('HOME_URL')),
      cpe: cpeName(text('CPE_NAME')),
      pointRelease: id === 'debian' ? debianPointRelease(search, versionId) : undefined,
    }),
  };
}

/** `12.11` where os-release only says `12`. */
function debianPointRelease(search: Search, versionId: string | undefined): string | undefined {
  const version = readText(search, 'etc/debian_version')?.text.trim();
  if (version === undefined || versionId === undefined) return undefined;
  return /^\d+(?:\.\d+)+$/.test(version) && version.startsWith(`${versionId}.`) ? version : undefined;
}

function fromSystemReleaseCpe(search: Search): Distribution | undefined {
  const file = readText(search, 'etc/system-release-cpe');
  const cpe = file?.text.trim();
  if (file === undefined || cpe === undefined) return undefined;
  const match = CPE_22.exec(cpe) ?? CPE_23.exec(cpe);
  const vendor = match?.[1];
  if (match === null || vendor === undefined) {
    report(search, 'malformed-system-release', file.path, 'does not hold the CPE name of an operating system');
    return undefined;
  }
  const id = CPE_VENDORS[vendor] ?? vendor;
  if (!ID.test(id)) return undefined;
  const version = match[3];
  return {
    id,
    idLike: [],
    name: id,
    cpe,
    path: file.path,
    ...defined({ versionId: version !== undefined && VERSION.test(version) ? version : undefined }),
  };
}

/** Vendors in CPE names that os-release calls otherwise. */
const CPE_VENDORS: Readonly<Record<string, string>> = {
  redhat: 'rhel',
  fedoraproject: 'fedora',
  oracle: 'ol',
  amazon: 'amzn',
  rocky: 'rocky',
};

/** First words of redhat-release and the ID that the same system's os-release has. */
const RELEASE_NAMES: readonly (readonly [string, string, readonly string[]])[] = [
  ['Red Hat Enterprise Linux', 'rhel', ['fedora']],
  ['CentOS', 'centos', ['rhel', 'fedora']],
  ['AlmaLinux', 'almalinux', ['rhel', 'centos', 'fedora']],
  ['Rocky Linux', 'rocky', ['rhel', 'centos', 'fedora']],
  ['Oracle Linux', 'ol', ['fedora']],
  ['Fedora', 'fedora', []],
];

function fromRedhatRelease(search: Search): Distribution | undefined {
  const file = readText(search, 'etc/redhat-release');
  if (file === undefined) return undefined;
  const line = file.text.split('\n', 1)[0]!.trim().slice(0, 200);
  const known = RELEASE_NAMES.find(([name]) => line.startsWith(name));
  if (known === undefined) {
    report(search, 'unknown-release', file.path, `names an operating system that is not known: ${quote(line)}`);
    return undefined;
  }
  const [name, id, idLike] = known;
  return {
    id,
    idLike,
    name,
    prettyName: line,
    path: file.path,
    ...defined({ versionId: / release (\d+(?:\.\d+)*)\b/.exec(line)?.[1] }),
  };
}

function fromApkRepositories(search: Search): Distribution | undefined {
  const file = readText(search, 'etc/apk/repositories');
  if (file === undefined) return undefined;
  const lines = file.text.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const releases = lines.flatMap((line) => /\/alpine\/(v\d+\.\d+|edge|latest-stable)\//.exec(line)?.[1] ?? []);
  if (releases.length === 0) return undefined;
  // packages of others are taken from edge beside a release's own
  const versionId = releases.find((release) => release.startsWith('v'))?.slice(1);
  return { id: 'alpine', idLike: [], name: 'Alpine Linux', path: file.path, ...defined({ versionId }) };
}

/** The file alone: derivatives keep it with Debian's content, so it is asked last. */
function fromDebianVersion(search: Search): Distribution | undefined {
  const file = readText(search, 'etc/debian_version');
  const version = file?.text.trim();
  if (file === undefined || version === undefined || !/^[\w./+~-]{1,64}$/.test(version)) return undefined;
  const numbers = /^(\d+)(?:\.\d+)*$/.exec(version);
  return {
    id: 'debian',
    idLike: [],
    name: 'Debian GNU/Linux',
    path: file.path,
    ...defined({
      versionId: numbers?.[1],
      pointRelease: numbers !== null && version.includes('.') ? version : undefined,
    }),
  };
}

function readText(search: Search, name: string): { readonly text: string; readonly path: string } | undefined {
  const path = search.root === '' ? name : `${search.root}/${name}`;
  const entry: FileEntry | undefined = search.view.resolve(path);
  if (entry === undefined || entry.type !== 'file') return undefined;
  const bytes = search.view.read(path);
  if (bytes === undefined) {
    report(search, 'unreadable-os-release', `/${path}`, 'was not captured (too large, or a link to an unusual place)');
    return undefined;
  }
  return { text: new TextDecoder().decode(bytes), path: `/${path}` };
}

function report(search: Search, code: string, path: string, message: string): void {
  search.diagnostics.push({ code, severity: 'warning', message, path, source: SOURCE });
}

function webAddress(value: string | undefined): string | undefined {
  return value !== undefined && /^https?:\/\/[\w.-][^\s"<>\\^`{|}]*$/.test(value) ? value : undefined;
}

function cpeName(value: string | undefined): string | undefined {
  return value !== undefined && /^cpe:(?:\/|2\.3:)[!-~]{3,200}$/.test(value) ? value : undefined;
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

/** Leaves out what is undefined. */
function defined<T extends Readonly<Record<string, string | undefined>>>(values: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}
