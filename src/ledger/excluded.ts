/**
 * What images leave out on purpose: dpkg's `path-exclude`, rpm's `nodocs` and language settings, pacman's `NoExtract`, apk without its documentation. That such a file is not
 * there says nothing.
 */
const EXCLUDED_FOLDERS: readonly string[] = [
  '/usr/share/doc/',
  '/usr/share/man/',
  '/usr/share/info/',
  '/usr/share/help/',
  '/usr/share/gtk-doc/',
  '/usr/share/locale/',
  '/usr/share/i18n/',
  '/usr/share/X11/locale/',
  '/usr/share/lintian/',
  '/usr/share/linda/',
  '/usr/share/groff/',
  '/usr/share/omf/',
  '/usr/share/gnome/help/',
  '/usr/share/licenses/',
  '/usr/lib/locale/',
  '/usr/lib/.build-id/',
];

/** @param path absolute */
export function isExcludedOnPurpose(path: string): boolean {
  return EXCLUDED_FOLDERS.some((folder) => path.startsWith(folder));
}
