/** The package managers whose records are compared with a base's. */
export type OsDatabase = 'dpkg' | 'apk' | 'rpm' | 'opkg' | 'pacman';

/**
 * Folders in which package managers of operating systems keep their records, below the root of the system, without slashes at either end; the usual one first.
 * Catalogers, the ledger and the comparison with a base all look here.
 */
export const OS_DATABASE_FOLDERS: Readonly<Record<OsDatabase, readonly string[]>> = {
  // the second is that of images whose /var is emptied
  dpkg: ['var/lib/dpkg', 'usr/lib/sysimage/dpkg'],
  apk: ['lib/apk/db', 'usr/lib/apk/db'],
  // the second is the successor of the first (usually the one links to the other), the third that of rpm-ostree
  rpm: ['var/lib/rpm', 'usr/lib/sysimage/rpm', 'usr/share/rpm'],
  opkg: ['usr/lib/opkg', 'var/lib/opkg', 'lib/opkg'],
  // the second is SteamOS's
  pacman: ['var/lib/pacman/local', 'usr/lib/holo/pacmandb/local'],
};

/** Such a folder without its first segment, which images put in another's place (`usr/lib/dpkg` for `var/lib/dpkg`). */
export function belowAnyRoot(folder: string): string {
  return folder.slice(folder.indexOf('/') + 1);
}

/** Whose records a path belongs to, by the names of its folders: also below a root of its own. undefined: none of these. */
export function osDatabaseOf(path: string): OsDatabase | undefined {
  const kinds = Object.keys(OS_DATABASE_FOLDERS) as OsDatabase[];
  return kinds.find((kind) =>
    OS_DATABASE_FOLDERS[kind].some(
      (folder) => path.startsWith(`${folder}/`) || path.includes(`/${belowAnyRoot(folder)}/`),
    ),
  );
}
