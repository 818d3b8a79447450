import type { CapturedFile, CaptureRule, FileEntry, FileView } from '../filesystem/index.ts';

const OPKG = ['usr/lib/opkg/alternatives', 'var/lib/opkg/alternatives'] as const;

/** What the ledger reads beyond what catalogers do. */
export const ALTERNATIVES_CAPTURE: CaptureRule = {
  id: 'ledger/alternatives',
  directories: [
    'var/lib/dpkg/alternatives',
    // of images whose /var is emptied
    'usr/lib/sysimage/dpkg/alternatives',
    'var/lib/alternatives',
    // where Fedora's moved to
    'etc/alternatives-admindir',
    ...OPKG,
  ],
  maxBytes: 1024 * 1024,
};

const FOLDER = 'etc/alternatives/';
/** Lines of one file; no program has as many choices. */
const MAX_LINES = 10_000;

/** Path of a link to what it may lead to. */
type Links = Map<string, ReadonlySet<string>>;

/**
 * Which symbolic links update-alternatives made: from a program's path into `/etc/alternatives`, and from there to one of the choices that its database
 * lists; opkg's from a program's path to a choice. A link to anything else is none of them.
 * @see https://manpages.debian.org/bookworm/dpkg/update-alternatives.1.en.html
 */
export function alternativeLinks(view: FileView): (entry: FileEntry) => boolean {
  const links: Links = new Map();
  for (const file of view.captured(ALTERNATIVES_CAPTURE.id)) {
    const { path } = file.entry;
    if (OPKG.some((folder) => path.startsWith(`${folder}/`))) addOpkgLink(view, file, links);
    else addLinks(view, file, links);
  }
  return ({ path, linkTarget }) => linkTarget !== undefined && links.get(path)?.has(linkTarget) === true;
}

function addLinks(view: FileView, file: CapturedFile, links: Links): void {
  const { path } = file.entry;
  const lines = linesOf(file);
  const blank = lines.indexOf('', 1);
  const end = blank === -1 ? lines.length : blank;
  const choices = new Set(lines.slice(end).filter((line) => line.startsWith('/')));
  // the mode, the link, then the name and the link of everything that goes with it
  const names = [path.slice(path.lastIndexOf('/') + 1), lines[1] ?? ''].concat(lines.slice(2, end));
  for (let at = 0; at + 1 < names.length; at += 2) {
    const [name = '', link = ''] = names.slice(at, at + 2);
    if (name === '' || name.includes('/') || !link.startsWith('/')) continue;
    links.set(onDisk(view, link), new Set([`/${FOLDER}${name}`]));
    links.set(`${FOLDER}${name}`, choices);
  }
}

/** The link, then choices with their priorities. */
function addOpkgLink(view: FileView, file: CapturedFile, links: Links): void {
  const [link = '', ...choices] = linesOf(file);
  if (link.startsWith('/')) links.set(onDisk(view, link), new Set(choices.map((line) => line.replace(/ \d+$/, ''))));
}

function linesOf({ bytes }: CapturedFile): readonly string[] {
  return new TextDecoder().decode(bytes).split('\n', MAX_LINES);
}

/** A path with the links of its folder followed, without leading slash. */
function onDisk(view: FileView, path: string): string {
  const slash = path.lastIndexOf('/');
  const folder = view.folder(path.slice(1, slash))?.path;
  return folder === undefined || folder === '' ? path.slice(1) : `${folder}${path.slice(slash)}`;
}
