import { tryParsePom, type JavaPom } from './pom.ts';
import { parseProperties } from './properties.ts';

/** What `META-INF/maven/<groupId>/<artifactId>/` in an archive says. */
export interface JavaCoordinates {
  readonly folder: string;
  readonly properties?: { readonly groupId?: string; readonly artifactId?: string; readonly version?: string };
  readonly pom?: JavaPom;
}

/**
 * Reads the files Maven puts into archives, as far as they are there. Hostile bytes: never throws.
 * @see https://maven.apache.org/shared/maven-archiver/
 */
export function readMavenRecord(
  folder: string,
  files: { readonly properties?: Uint8Array | undefined; readonly pom?: Uint8Array | undefined },
): JavaCoordinates {
  const { properties, pom } = files;
  const parsed = pom === undefined ? undefined : tryParsePom(pom);
  return {
    folder,
    ...(properties === undefined ? {} : { properties: keptProperties(parseProperties(properties)) }),
    ...(parsed === undefined ? {} : { pom: parsed }),
  };
}

function keptProperties(all: ReadonlyMap<string, string>): NonNullable<JavaCoordinates['properties']> {
  const text = (name: string): string | undefined => {
    const value = all.get(name)?.trim().slice(0, 1024);
    return value === '' ? undefined : value;
  };
  const [groupId, artifactId, version] = [text('groupId'), text('artifactId'), text('version')];
  return {
    ...(groupId === undefined ? {} : { groupId }),
    ...(artifactId === undefined ? {} : { artifactId }),
    ...(version === undefined ? {} : { version }),
  };
}
