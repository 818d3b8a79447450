import { createZipEntryReader, tryReadZip } from '../../formats/index.ts';

/** An application resource inside an archive. */
export interface ArchivedApplication {
  /** `plug-1.0/ebin/plug.app` */
  readonly inside: string;
  readonly bytes: Uint8Array;
}

/** What `readArchivedApplications` found. */
export interface ArchivedApplications {
  readonly applications: readonly ArchivedApplication[];
  /** false when something could not be read, or there is more than any real archive has. */
  readonly isWhole: boolean;
}

const APPLICATION = /^(?:[^/]{1,256}\/)?ebin\/[^/]{1,256}\.app$/;
const MAX_APPLICATIONS = 500;
const MAX_APPLICATION_BYTES = 1024 * 1024;
const MAX_TOTAL_BYTES = 16 * 1024 * 1024;

/**
 * Application resources in an archive that Erlang loads code from (`.ez`), or in a script with such an archive behind its head. Hostile bytes: never throws.
 * @returns undefined when the bytes are no zip archive
 * @see https://www.erlang.org/doc/apps/kernel/code.html#module-archive-files
 */
export function readArchivedApplications(bytes: Uint8Array): ArchivedApplications | undefined {
  const archive = tryReadZip(bytes, { wants: (name) => APPLICATION.test(name) });
  if (archive === undefined) return undefined;
  const reader = createZipEntryReader(archive, { entryBytes: MAX_APPLICATION_BYTES, totalBytes: MAX_TOTAL_BYTES });
  const applications = archive.entries.slice(0, MAX_APPLICATIONS).flatMap((entry): readonly ArchivedApplication[] => {
    const bytes = reader.read(entry);
    return bytes === undefined ? [] : [{ inside: entry.name, bytes }];
  });
  return { applications, isWhole: reader.isWhole && archive.entries.length <= MAX_APPLICATIONS };
}
