import { parseBoundedJson } from '../../core/index.ts';
import type { FileView } from '../../filesystem/index.ts';
import { asObject, asText, decodeText } from './json-fields.ts';
import type { NpmLabels, NpmOrigin } from './npm-labels.ts';
import { pnpmDevelopmentOnly, type PnpmBudget } from './pnpm-development.ts';
import { readPnpmLock } from './pnpm-lock.ts';
import { splitPath } from './record.ts';

export interface NpmOrigins {
  /** What is known of a package in a folder (without leading slash); by its name and version for pnpm and Yarn 1, by its place for Yarn 2 and later. */
  find(folder: string, label: string): NpmOrigin | undefined;
}

/** Files that `readNpmOrigins` looks into. */
export const NPM_ORIGIN_FILES = [
  'node_modules/.pnpm/lock.yaml',
  'node_modules/.yarn-integrity',
  'node_modules/.yarn-state.yml',
] as const;

type Report = (path: string, message: string) => void;

/** Of all these files of an image: those of large projects have some megabytes, and lines of thirty bytes become values of hundreds. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Snapshots and dependencies of all pnpm lockfiles, whose development packages are looked for: ten times those of large projects. */
const MAX_PNPM_VALUES = 1_000_000;
const NONE: ReadonlySet<string> = new Set();
const UNREADABLE = 'it cannot be read';

/** Reads what pnpm and Yarn leave in `node_modules`, the first 64 MiB. @param report called with the path of a file that cannot be read, wholly or in part, or is one too many */
export function readNpmOrigins(view: FileView, ruleId: string, report: Report): NpmOrigins {
  const byLabel = new Map<string, NpmLabels>();
  const byFolder = new Map<string, NpmOrigin>();
  const budget: PnpmBudget = { left: MAX_PNPM_VALUES };
  let left = MAX_BYTES;
  for (const { entry, bytes } of view.captured(ruleId)) {
    left -= bytes.byteLength;
    if (left < 0) {
      report(entry.path, UNREADABLE);
      continue;
    }
    const { folder, name } = splitPath(entry.path);
    const text = decodeText(bytes);
    if (name === 'lock.yaml') {
      const isMarked = !text.includes('\nsnapshots:');
      const development = isMarked ? NONE : pnpmDevelopmentOnly(text, budget);
      if (development === undefined)
        report(entry.path, 'it does not tell what is for development; nothing is marked so');
      byLabel.set(splitPath(folder).folder, readPnpmLock(text, development ?? NONE));
    } else if (name === '.yarn-state.yml') {
      const project = splitPath(folder).folder;
      for (const [place, origin] of readYarnState(text)) {
        byFolder.set(project === '' ? place : `${project}/${place}`, origin);
      }
    } else {
      const found = readYarnIntegrity(text);
      if (found === undefined) report(entry.path, UNREADABLE);
      else byLabel.set(folder, found);
    }
  }
  return {
    find(folder, label) {
      const own = byFolder.get(folder);
      if (own !== undefined || byLabel.size === 0) return own;
      const marker = 'node_modules';
      for (let at = folder.indexOf(marker); at !== -1; at = folder.indexOf(marker, at + 1)) {
        const labels = byLabel.get(folder.slice(0, at + marker.length));
        const found = labels === undefined ? undefined : findLabel(labels, folder, label);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** pnpm names a package's folder by name and version when it is from a registry, and else by where it is from. */
function findLabel({ registry, other }: NpmLabels, folder: string, label: string): NpmOrigin | undefined {
  const store = folder.lastIndexOf('/.pnpm/');
  const stored = store === -1 ? undefined : folder.slice(store + '/.pnpm/'.length);
  const elsewhere = other.get(label) ?? other.get(label.slice(0, label.lastIndexOf('@')));
  const isFirst = stored === undefined || stored.startsWith(label.replace('/', '+'));
  return isFirst ? (registry.get(label) ?? elsewhere) : (elsewhere ?? registry.get(label));
}

/** `.yarn-integrity` of Yarn 1: patterns to addresses that end with the SHA-1 of the archive. */
function readYarnIntegrity(text: string): NpmLabels | undefined {
  let json: unknown;
  try {
    json = parseBoundedJson(text);
  } catch {
    return undefined;
  }
  const origins = new Map<string, NpmOrigin>();
  const other = new Map<string, NpmOrigin>();
  for (const [pattern, value] of Object.entries(asObject(asObject(json)?.['lockfileEntries']) ?? {})) {
    const elsewhere = yarnElsewhere(pattern, asText(value) ?? '');
    if (elsewhere !== undefined) other.set(...elsewhere);
    const address = asText(value);
    if (address === undefined) continue;
    const match = /\/((?:@|%40)[\w.-]+(?:\/|%2f)[\w.-]+|[\w.-]+)\/-\/([\w.-]+)\.tgz(?:#([0-9a-f]{40}))?$/i.exec(
      address,
    );
    if (match === null) continue;
    const [, name = '', file = '', sha1] = match;
    const full = name.replace(/%40/i, '@').replace(/%2f/i, '/');
    const base = full.slice(full.lastIndexOf('/') + 1);
    if (!file.startsWith(`${base}-`)) continue;
    origins.set(`${full}@${file.slice(base.length + 1)}`, {
      resolved: address.split('#', 1)[0] ?? address,
      ...(sha1 === undefined ? {} : { integrity: `sha1-${Buffer.from(sha1, 'hex').toString('base64')}` }),
    });
  }
  return { registry: origins, other };
}

/** `name@git+https://…`, `name@https://….tgz`, `name@owner/repository`, `name@file:…`: the name, and where it is from. */
function yarnElsewhere(pattern: string, address: string): [string, NpmOrigin] | undefined {
  const [, name = '', range = ''] = /^((?:@[\w.-]+\/)?[\w.-]+)@(.{1,2048})$/.exec(pattern) ?? [];
  if (name === '' || address.includes('/-/')) return undefined;
  if (range.startsWith('file:')) return [name, { resolved: range }];
  const [place = '', hash] = address.split('#', 2);
  const isGit = /^git[+:@]/.test(place) || place.endsWith('.git');
  if (isGit && hash !== undefined) return [name, { resolved: /^git[+:]/.test(place) ? address : `git+${address}` }];
  return /^https?:/.test(place) ? [name, { resolved: place }] : undefined;
}

/** `.yarn-state.yml` of Yarn 2 and later: which locator lies where. Only what is not plainly from the registry matters. */
function readYarnState(text: string): ReadonlyMap<string, NpmOrigin> {
  const origins = new Map<string, NpmOrigin>();
  let origin: NpmOrigin | undefined;
  for (const line of text.split('\n')) {
    if (/^["\w@]/.test(line)) {
      const reference = /^"(?:@[^/@"]{1,128}\/)?[^@"]{1,214}@([^"]{1,2048})":$/.exec(line)?.[1];
      origin = reference === undefined ? undefined : originOf(reference);
    } else if (origin !== undefined) {
      const place = /^ {4}- "?([^"]{1,2048}?)"?$/.exec(line)?.[1];
      if (place !== undefined && place !== '' && !place.split('/').includes('..')) origins.set(place, origin);
    }
  }
  return origins;
}

function originOf(reference: string): NpmOrigin | undefined {
  const real = withoutPeers(reference);
  if (real.startsWith('patch:')) return { patched: true };
  const resolved = yarnAddress(real);
  return resolved === undefined ? undefined : { resolved };
}

/** A locator of Yarn 2 and later without what tells apart copies that see other peers. */
export function withoutPeers(reference: string): string {
  return reference.replace(/^virtual:[0-9a-f]{1,256}#/, '');
}

/** Where a locator of Yarn 2 and later points to, as npm's lockfiles have it; undefined for what is from a registry. */
export function yarnAddress(reference: string): string | undefined {
  const git = /^(?:git\+)?((?:https?|ssh|git|file):\/\/[^#]+|git@[^#]+)#commit=([0-9a-f]{7,64})$/.exec(reference);
  if (git !== null) return `git+${git[1]}#${git[2]}`;
  if (reference.startsWith('file:')) return reference.split('#', 1)[0]?.split('::', 1)[0];
  return /^https?:/.test(reference) ? reference.split('::', 1)[0] : undefined;
}
