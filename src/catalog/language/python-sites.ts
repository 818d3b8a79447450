import type { FileView } from '../../filesystem/index.ts';
import { decodeText } from './json-fields.ts';

/** A folder that Python imports installed distributions from. */
export interface PythonSite {
  /** Without leading slash. */
  readonly folder: string;
  /** What the environment's paths hang below (`usr`, `opt/venv`); undefined for folders of no known layout (`pip --target`, vendored). */
  readonly root: string | undefined;
  /** `3.11`, or only `3` for Debian's shared folder. */
  readonly pythonVersion: string | undefined;
  readonly isDebian: boolean;
}

/** Environments of one image: which folders are seen together. */
export interface PythonSites {
  /** The site and those whose distributions can be imported beside its own, nearest first. */
  visibleFrom(folder: string): readonly PythonSite[];
}

const LAYOUT = /^(?:(.*)\/)?(?:lib|lib64|Lib)\/(?:(?:python|pypy)(\d+(?:\.\d+)?)\/)?(site-packages|dist-packages)$/;
const MAX_SITES_OF_ROOT = 32;
/** Debian's Python sees both; its pip installs into the second. */
const SYSTEM_ROOTS = ['usr', 'usr/local'];

export function describeSite(folder: string): PythonSite {
  const match = LAYOUT.exec(folder);
  if (match === null) return { folder, root: undefined, pythonVersion: undefined, isDebian: false };
  return { folder, root: match[1] ?? '', pythonVersion: match[2], isDebian: match[3] === 'dist-packages' };
}

/** @see https://docs.python.org/3/library/site.html and PEP 405 for `pyvenv.cfg` */
export function createPythonSites(view: FileView, folders: Iterable<string>): PythonSites {
  const byRoot = new Map<string, PythonSite[]>();
  for (const folder of folders) {
    const site = describeSite(folder);
    if (site.root === undefined) continue;
    const sites = byRoot.get(site.root) ?? [];
    if (sites.length < MAX_SITES_OF_ROOT) sites.push(site);
    byRoot.set(site.root, sites);
  }
  const known = new Map<string, readonly PythonSite[]>();
  const inRoots = (roots: readonly string[], site: PythonSite, onlyDebian: boolean): readonly PythonSite[] =>
    roots
      .flatMap((root) => byRoot.get(root) ?? [])
      .filter((other) => sameVersion(site, other) && (!onlyDebian || other.isDebian));
  const system = (root: string, site: PythonSite): readonly PythonSite[] => {
    const own = inRoots([root], site, false);
    return own.some(({ isDebian }) => isDebian) ? [...own, ...inRoots(SYSTEM_ROOTS, site, true)] : own;
  };
  const compute = (site: PythonSite): readonly PythonSite[] => {
    if (site.root === undefined) return [];
    const own = inRoots([site.root], site, false);
    const home = venvHome(view, site.root);
    if (home !== undefined) return home.seesSystem ? [...own, ...system(home.root, site)] : own;
    if (site.isDebian) return [...own, ...inRoots(SYSTEM_ROOTS, site, true)];
    // `pip install --user`
    if (/(?:^|\/)\.local$/.test(site.root)) return [...own, ...SYSTEM_ROOTS.flatMap((root) => system(root, site))];
    return own;
  };
  return {
    visibleFrom(folder) {
      let visible = known.get(folder);
      if (visible === undefined) {
        const site = describeSite(folder);
        visible = [...new Map([site, ...compute(site)].map((item) => [item.folder, item])).values()];
        known.set(folder, visible);
      }
      return visible;
    },
  };
}

function sameVersion(a: PythonSite, b: PythonSite): boolean {
  if (a.pythonVersion === undefined || b.pythonVersion === undefined) return a.pythonVersion === b.pythonVersion;
  return (
    a.pythonVersion === b.pythonVersion ||
    covers(a.pythonVersion, b.pythonVersion) ||
    covers(b.pythonVersion, a.pythonVersion)
  );
}

/** `3` stands for every `3.x`. */
function covers(major: string, version: string): boolean {
  return !major.includes('.') && version.startsWith(`${major}.`);
}

function venvHome(view: FileView, root: string): { readonly seesSystem: boolean; readonly root: string } | undefined {
  const bytes = view.read(root === '' ? 'pyvenv.cfg' : `${root}/pyvenv.cfg`);
  if (bytes === undefined) return undefined;
  const text = decodeText(bytes);
  const seesSystem = /^\s*include-system-site-packages\s*=\s*true\s*$/im.test(text);
  const home = /^\s*home\s*=\s*\/?(.*?)\/bin\/?\s*$/im.exec(text)?.[1] ?? 'usr';
  return { seesSystem, root: home };
}
