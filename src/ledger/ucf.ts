import type { CaptureRule, FileView } from '../filesystem/index.ts';
import type { Package } from '../packages/index.ts';

/** What ucf remembers: which package a configuration file is of that no package lists. */
export const UCF_CAPTURE: CaptureRule = {
  id: 'ledger/ucf',
  pathSuffixes: ['var/lib/ucf/registry'],
  maxBytes: 4 * 1024 * 1024,
};

const PATH = 'var/lib/ucf/registry';
/** Configuration of Debian packages lies nowhere else. */
const LINE = /^([a-z0-9][a-z0-9+.-]{1,200})(?::[a-z0-9-]{1,50})?[ \t]+(\/etc\/\S{1,4000})[ \t]*$/;

/**
 * The same packages in the same order; those of Debian list as configuration what ucf registered for them, where it is there and is no machine code: maintainer
 * scripts write such files, and people change them.
 * @see https://manpages.debian.org/bookworm/ucf/ucfr.1.en.html
 */
export function withUcfFiles(packages: readonly Package[], view: FileView): readonly Package[] {
  const registry = view.captured(UCF_CAPTURE.id).find(({ entry }) => entry.path === PATH);
  if (registry === undefined) return packages;
  const files = new Map<string, string[]>();
  for (const line of new TextDecoder().decode(registry.bytes).split('\n')) {
    const [, name = '', path = ''] = LINE.exec(line) ?? [];
    const entry = path === '' ? undefined : view.lookup(path.slice(1));
    if (entry?.type !== 'file' || `/${entry.path}` !== path) continue;
    if (entry.content !== undefined && entry.content !== 'script') continue;
    const list = files.get(name);
    if (list) list.push(path);
    else files.set(name, [path]);
  }
  return packages.map((pkg) => {
    const registered = pkg.type === 'deb' ? files.get(pkg.name) : undefined;
    if (registered === undefined) return pkg;
    const { files: listed = [], configFiles = [] } = pkg;
    return { ...pkg, files: [...listed, ...registered], configFiles: [...configFiles, ...registered] };
  });
}
