import { compareCodeUnits } from '../../core/index.ts';
import type { FileView } from '../../filesystem/index.ts';
import type { Diagnostic } from '../../packages/index.ts';
import type { OsStanza } from './os-stanza.ts';
import { opkgStanzas } from './opkg-stanzas.ts';
import { pacmanStanzas } from './pacman-stanzas.ts';
import { rpmStanzas } from './rpm-stanzas.ts';

export interface OsStanzas {
  /** Sorted by database, name, architecture and version. */
  readonly stanzas: readonly OsStanza[];
  /** Paths of the databases of the image's own root. */
  readonly databases: readonly string[];
  /** Those that are damaged, or there and not captured: records may be missing. */
  readonly unreadable: readonly string[];
}

/** The catalogers whose captures `readOsStanzas` needs. */
export const STANZA_CATALOGERS: readonly string[] = ['rpm', 'opkg', 'pacman'];

/** What says nothing of whether a record is missing. */
const HARMLESS: ReadonlySet<string> = new Set(['second-database', 'version-unknown']);

/**
 * The records of the rpm, opkg and pacman databases of a view's own root. Roots inside the image are none of it. Hostile input, bounded as the catalogers'.
 * @param view with the captures of STANZA_CATALOGERS
 */
export function readOsStanzas(view: FileView): OsStanzas {
  const diagnostics: Diagnostic[] = [];
  const found = [rpmStanzas, opkgStanzas, pacmanStanzas].map((read) => read(view, diagnostics));
  const damaged = diagnostics.filter(({ code }) => !HARMLESS.has(code));
  return {
    stanzas: found.flatMap(({ stanzas }) => stanzas).toSorted(compareStanzas),
    databases: found.flatMap(({ databases }) => databases),
    unreadable: [...new Set(damaged.map(({ path = '/' }) => path.slice(1)))].toSorted(compareCodeUnits),
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
