import { parseBoundedJson } from '../../core/index.ts';
import type { FileView } from '../../filesystem/index.ts';
import { asObject, asText, decodeText } from './json-fields.ts';
import { pnpmDevelopmentOnly, type PnpmBudget } from './pnpm-development.ts';
import { splitPath } from './record.ts';

/** Where an installer other than npm says that a package came from. */
export interface NpmOrigin {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  /** The installer changed it after it was published. */
  readonly patched?: boolean;
}

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
  const byLabel = new Map<string, ReadonlyMap<string, NpmOrigin>>();
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
        const found = byLabel.get(folder.slice(0, at + marker.length))?.get(label);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** `  /@scope/name/1.0.0:`, `  /name@1.0.0(peer@2):`, `  'name@1.0.0':` of the versions of pnpm's lockfile. */
const PNPM_KEY = /^ {2}'?\/?((?:@[\w.-]+\/)?[\w.-]+)[@/](\d[\w.+-]*?)(?:[(_][^:]*)?'?:$/;

/** pnpm writes its lockfile itself, one way only: reading line by line is exact and twenty times as fast as a parser of YAML. */
function readPnpmLock(text: string, development: ReadonlySet<string>): ReadonlyMap<string, NpmOrigin> {
  const origins = new Map<string, NpmOrigin>([...development].map((label) => [label, { dev: true }]));
  let inPackages = false;
  let label: string | undefined;
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) inPackages = line.startsWith('packages:');
    else if (inPackages && /^ {2}\S/.test(line)) {
      const key = line.length < 1024 ? PNPM_KEY.exec(line) : null;
      label = key === null ? undefined : `${key[1]}@${key[2]}`;
    } else if (label !== undefined && line.startsWith('    ')) {
      const integrity = /^ {4}(?:resolution: \{| {2})(?:.{0,200} )?integrity: ?([\w+/=-]{8,200})/.exec(line)?.[1];
      if (integrity !== undefined) origins.set(label, { ...origins.get(label), integrity });
      else if (line === '    dev: true') origins.set(label, { ...origins.get(label), dev: true });
    }
  }
  return origins;
}

/** `.yarn-integrity` of Yarn 1: patterns to addresses that end with the SHA-1 of the archive. */
function readYarnIntegrity(text: string): ReadonlyMap<string, NpmOrigin> | undefined {
  let json: unknown;
  try {
    json = parseBoundedJson(text);
  } catch {
    return undefined;
  }
  const origins = new Map<string, NpmOrigin>();
  for (const value of Object.values(asObject(asObject(json)?.['lockfileEntries']) ?? {})) {
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
  return origins;
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
  const real = reference.replace(/^virtual:[0-9a-f]{1,256}#/, '');
  if (real.startsWith('patch:')) return { patched: true };
  const git = /^(https:\/\/[^#]+|git@[^#]+|ssh:\/\/[^#]+)#commit=([0-9a-f]{7,64})$/.exec(real);
  if (git !== null) return { resolved: `git+${git[1]}#${git[2]}` };
  return /^https?:/.test(real) ? { resolved: real } : undefined;
}
