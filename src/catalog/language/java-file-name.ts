/** What the name of an archive's file says. */
export interface JavaFileName {
  /** Without folder and extension. */
  readonly stem: string;
  readonly name: string;
  readonly version?: string;
  /** In lower case, without dot. */
  readonly extension: string;
}

/** A part that begins a version: a digit, or a word that only versions begin with. */
const VERSION_START = /^(?:\d|v\d+\.\d|(?:build|rc|snapshot)-?\d|SNAPSHOT$)/i;
/** `org.eclipse.osgi_3.18.0.v2022`: how Eclipse writes it. Scala's `name_2.13` has two numbers only. */
const UNDERSCORED = /^([^_]{1,200})_(\d{1,9}\.\d{1,9}\.\d[A-Za-z0-9.-]{0,100})$/;
/** The same with a dash in the qualifier, which only Eclipse's versions have: Scala's `name_2.12.10-1.4.4` has three numbers before the dash. */
const QUALIFIED = /^(.{1,200})_(\d{1,9}\.\d{1,9}\.\d{1,9}\.[A-Za-z0-9][A-Za-z0-9-]{0,100})$/;
/** `name.1.2.3`. */
const DOTTED =
  /^([A-Za-z][A-Za-z0-9_-]{0,100}(?:\.[A-Za-z][A-Za-z0-9_-]{0,100}){0,20})\.(\d{1,9}\.\d[A-Za-z0-9.-]{0,100})$/;

/**
 * Splits `name-1.2.3.jar`: the name is all up to the first dash that a version follows.
 * @param path in the image or in an archive
 */
export function parseJavaFileName(path: string): JavaFileName {
  const file = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf(':')) + 1);
  const dot = file.lastIndexOf('.');
  // the end of a version is no extension
  const isNamed = dot > 0 && !/^\d/.test(file.slice(dot + 1));
  const stem = isNamed ? file.slice(0, dot) : file;
  const extension = isNamed ? file.slice(dot + 1).toLowerCase() : '';
  for (let dash = stem.indexOf('-', 1); dash !== -1; dash = stem.indexOf('-', dash + 1)) {
    const rest = stem.slice(dash + 1, dash + 200);
    if (!VERSION_START.test(rest)) continue;
    const name = stem.slice(0, dash);
    const qualified = name.includes('_') ? QUALIFIED.exec(stem.slice(0, 400)) : null;
    if (qualified !== null) return { stem, name: qualified[1]!, version: qualified[2]!, extension };
    return { stem, name, version: stem.slice(dash + 1), extension };
  }
  const match = UNDERSCORED.exec(stem.slice(0, 400)) ?? DOTTED.exec(stem.slice(0, 400));
  if (match !== null) return { stem, name: match[1]!, version: match[2]!, extension };
  return { stem, name: stem, extension };
}

/**
 * How well a file's name fits coordinates: 4 exactly, with or without group in front; 3 with a classifier behind the version; 2 the artefact and another
 * version; 1 it ends in the artefact, and the version is the same; 0 not at all.
 */
export function fitOfName(
  file: JavaFileName,
  of: { readonly groupId: string; readonly artifactId: string; readonly version: string | undefined },
): 0 | 1 | 2 | 3 | 4 {
  const { stem } = file;
  const { groupId, artifactId, version } = of;
  if (stem === artifactId || stem === `${artifactId}-${version}`) return 4;
  if (stem === `${groupId}.${artifactId}-${version}` || stem === `${groupId}.${artifactId}`) return 4;
  if (version !== undefined && stem.startsWith(`${artifactId}-${version}-`)) return 3;
  if (file.name === artifactId || file.name === `${groupId}.${artifactId}`) return 2;
  const before = file.name.length - artifactId.length;
  const ends = before > 0 && file.name.endsWith(artifactId) && /[._-]/.test(file.name[before - 1]!);
  return ends && file.version !== undefined && file.version === version ? 1 : 0;
}

/** What stands behind the version in a file's name: `linux-x86_64`, `tests`. */
export function classifierOf(file: JavaFileName, artifactId: string, version: string | undefined): string | undefined {
  const start = `${artifactId}-${version}-`;
  if (version === undefined || !file.stem.startsWith(start)) return undefined;
  const rest = file.stem.slice(start.length);
  return /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(rest) ? rest : undefined;
}
