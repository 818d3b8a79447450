import { compareCodeUnits } from '../../core/index.ts';
import type { FileView } from '../../filesystem/index.ts';
import type { Diagnostic } from '../../packages/index.ts';
import type { OsStanza } from './os-stanza.ts';
import { limitView } from '../limit-view.ts';
import { opkgCataloger } from './opkg.ts';
import { opkgStanzas } from './opkg-stanzas.ts';
import { pacmanCataloger } from './pacman.ts';
import { pacmanStanzas } from './pacman-stanzas.ts';
import { rpmCataloger } from './rpm.ts';
import { rpmStanzas } from './rpm-stanzas.ts';

export interface OsStanzas {
  /** Sorted by database, name, architecture and version. */
  readonly stanzas: readonly OsStanza[];
  /** Paths of the databases of the image's own root. */
  readonly databases: readonly string[];
  /** Those that are damaged, or there and not captured: records may be missing. */
  readonly unreadable: readonly string[];
}

/** Who reads the records of which cataloger's captures. */
const READERS = [
  { cataloger: rpmCataloger, read: rpmStanzas },
  { cataloger: opkgCataloger, read: opkgStanzas },
  { cataloger: pacmanCataloger, read: pacmanStanzas },
] as const;

/** The catalogers whose captures `readOsStanzas` needs. */
export const STANZA_CATALOGERS: readonly string[] = READERS.map(({ cataloger }) => cataloger.id);

/** What says nothing of whether a record is missing. */
const HARMLESS: ReadonlySet<string> = new Set(['second-database', 'version-unknown']);

/**
 * The records of the rpm, opkg and pacman databases of a view's own root. Roots inside the image are none of it. Hostile input, bounded as the catalogers'.
 * @param view with the captures of STANZA_CATALOGERS
 */
export function readOsStanzas(view: FileView): OsStanzas {
  const found = READERS.map(({ cataloger, read }) => {
    const diagnostics: Diagnostic[] = [];
    const limited = limitView(view, cataloger);
    const { stanzas, databases } = read(limited.view, diagnostics);
    const damaged = diagnostics.filter(({ code }) => !HARMLESS.has(code)).map(({ path = '/' }) => path.slice(1));
    return { stanzas, databases, unreadable: limited.diagnostics.length > 0 ? [...damaged, ...databases] : damaged };
  });
  return {
    stanzas: found.flatMap(({ stanzas }) => stanzas).toSorted(compareStanzas),
    databases: found.flatMap(({ databases }) => databases),
    unreadable: [...new Set(found.flatMap(({ unreadable }) => unreadable))].toSorted(compareCodeUnits),
  };
}

function compareStanzas(a: OsStanza, b: OsStanza): number {
  return (
    compareCodeUnits(a.database, b.database) ||
    compareCodeUnits(a.name, b.name) ||
    compareCodeUnits(a.architecture, b.architecture) ||
    compareCodeUnits(a.version, b.version) ||
    compareCodeUnits(a.sha256, b.sha256)
  );
}
