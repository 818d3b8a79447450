import type { MemoryEntry, MemoryEntryDetails } from '../support/memory-view.ts';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import type { Tree } from './image-samples.ts';
import { mutate } from './mutate.ts';
import type { Random } from './random.ts';

/** The image with one to three changes: of contents, of paths, of what lies at them. */
export function mutateImage(tree: Tree, random: Random): Tree {
  const files = new Map(Object.entries(tree));
  for (let count = 1 + random.int(3); count > 0; count -= 1) {
    const paths = [...files.keys()];
    if (paths.length === 0) break;
    const path = random.pick(paths);
    // contents are what most of the code is about
    if (random.oneIn(4)) changePath(files, path, random);
    else files.set(path, withContent(files.get(path) ?? '', random));
  }
  return Object.fromEntries(files);
}

function detailsOf(entry: MemoryEntry): MemoryEntryDetails {
  return typeof entry === 'string' || entry instanceof Uint8Array ? { content: entry } : entry;
}

function withContent(entry: MemoryEntry, random: Random): MemoryEntry {
  const details = detailsOf(entry);
  if (details.content === undefined) return entry;
  const content = mutate(Buffer.from(details.content as string), random);
  return { ...details, content };
}

function changePath(files: Map<string, MemoryEntry>, path: string, random: Random): void {
  const entry = files.get(path) ?? '';
  const slash = path.lastIndexOf('/');
  const folder = slash === -1 ? '' : path.slice(0, slash + 1);
  switch (random.int(7)) {
    case 0:
      files.set(folder + pathName(random), entry);
      break;
    case 1:
      files.delete(path);
      files.set(path, {
        link: random.pick([path, `/${folder}`, '../'.repeat(9), '/', '.', `/${random.pick([...files.keys(), path])}`]),
      });
      break;
    case 2:
      files.set(path, { directory: true });
      break;
    case 3:
      files.set(`${pathName(random)}/${path}`, entry);
      break;
    case 4:
      files.set(
        path
          .split('/')
          .map((part) => (random.oneIn(4) ? pathName(random) : part))
          .join('/'),
        entry,
      );
      break;
    case 5:
      if (folder !== '') files.set(`${folder.slice(0, -1)}-copy`, { link: `/${folder}` });
      break;
    default:
      files.set(path, { ...detailsOf(entry), mode: 0o7777, uid: 2 ** 31, mtime: -1, xattrs: { 'user.\u0001': 'ff' } });
  }
}

/** One segment, as a tar header or a directory could hold it. */
function pathName(random: Random): string {
  const text = random.pick(HOSTILE_TEXTS).replaceAll('/', '').replaceAll('\0', '').slice(0, 255);
  return text === '' || text === '.' || text === '..' ? 'x' : text;
}
