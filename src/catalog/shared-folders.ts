/** Folders of the file system that everybody puts something into. @see https://refspecs.linuxfoundation.org/FHS_3.0/fhs-3.0.html */
const SHARED: ReadonlySet<string> = new Set([
  '',
  ...'bin boot dev etc home lib lib32 lib64 libx32 media mnt nix opt proc root run sbin snap srv sys tmp usr var'.split(
    ' ',
  ),
  ...['usr', 'usr/local'].flatMap((root) =>
    'bin etc games include lib lib32 lib64 libx32 libexec local sbin share src'
      .split(' ')
      .map((name) => `${root}/${name}`),
  ),
  ...'cache db lib local log mail opt run spool tmp'.split(' ').map((name) => `var/${name}`),
  'usr/lib/jvm',
]);
/** `usr/lib/x86_64-linux-gnu`. */
const MULTIARCH = /^(?:usr\/(?:local\/)?)?lib\/[a-z0-9_]{1,32}-(?:linux|kfreebsd)-[a-z0-9_]{1,32}$/;

/**
 * Whether a folder can belong to no one package: a record that was put there, or that says so, must not account for all that lies in it.
 * @param folder without leading slash
 */
export function isSharedFolder(folder: string): boolean {
  return SHARED.has(folder) || MULTIARCH.test(folder);
}
