import type { FileEntry, FileView } from '../../filesystem/index.ts';
import { readMavenRecord, type JavaCoordinates, type JavaPom } from '../../formats/index.ts';
import type { Package } from '../../packages/index.ts';
import { recordIdentity } from './java-identity.ts';
import { shadedPackage } from './java-package.ts';
import { isSharedFolder } from '../shared-folders.ts';

const RECORD = /^(?:(.*)\/)?(META-INF\/maven\/[^/]+\/[^/]+)\/pom\.(properties|xml)$/;
/** Build folders hold what is being made, not what is installed beside it; sources of a project say so of themselves. */
const SIGNS = ['BOOT-INF', 'WEB-INF', 'META-INF/MANIFEST.MF'];

/** An archive that lies there unpacked. */
export interface ExplodedArchive {
  readonly pkg: Package;
  readonly pom: JavaPom | undefined;
}

/**
 * Archives unpacked into folders (layered Spring Boot applications, deployed wars), by Maven's records in them. A folder whose only record it is belongs to
 * that package; of several, each is a package of its own that owns nothing but its record.
 */
export function explodedArchives(view: FileView): readonly ExplodedArchive[] {
  const folders = new Map<string, Map<string, { entry: FileEntry; coordinates: JavaCoordinates }>>();
  for (const { entry, bytes } of view.captured('java/exploded')) {
    const [, root = '', record = '', kind] = RECORD.exec(entry.path) ?? [];
    if (record === '') continue;
    const records = folders.get(root) ?? new Map<string, { entry: FileEntry; coordinates: JavaCoordinates }>();
    folders.set(root, records);
    const before = records.get(record);
    const read = readMavenRecord(record, kind === 'xml' ? { pom: bytes } : { properties: bytes });
    // pom.properties comes before pom.xml, and is what is believed
    records.set(record, { entry: before?.entry ?? entry, coordinates: { ...before?.coordinates, ...read } });
  }
  return [...folders].flatMap(([root, records]) => {
    const isUnpacked = !isSharedFolder(root) && SIGNS.some((sign) => view.resolve(`${root}/${sign}`) !== undefined);
    return [...records.values()].flatMap(({ entry, coordinates }) => {
      const identity = recordIdentity(coordinates);
      if (identity === undefined) return [];
      const place = { path: `/${entry.path}`, layer: entry.layer, inside: '', partOf: undefined };
      const { locations: _, ...pkg } = shadedPackage(identity, place);
      const isWhole = isUnpacked && records.size === 1;
      const isApplication = isWhole && SIGNS.slice(0, 2).some((sign) => view.resolve(`${root}/${sign}`) !== undefined);
      return {
        pkg: {
          ...pkg,
          locations: [{ path: place.path, layer: place.layer }],
          ...(isApplication ? { kind: 'application' as const } : {}),
          ...(isWhole ? { directories: [`/${root}`] } : { files: [place.path] }),
        },
        pom: coordinates.pom,
      };
    });
  });
}
