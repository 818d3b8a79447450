import { stat } from 'node:fs/promises';
import { join } from 'node:path';

const ARCHIVE = /\.(?:tar|tgz|tar\.(?:gz|zst))$/;

/**
 * What somebody may have meant who wrote the name of an image on Docker Hub without its host, and has a layout or an archive of that name in the working folder.
 * @returns the reference to it, or undefined when nothing of that name lies there
 */
export async function localLookalike(text: string): Promise<string | undefined> {
  const name = text.replace(/[:@][^/]*$/, '');
  if ((await stat(join(name, 'oci-layout')).catch(() => undefined))?.isFile() === true) return `oci:${text}`;
  const isArchive = ARCHIVE.test(name) && (await stat(name).catch(() => undefined))?.isFile() === true;
  return isArchive ? `docker-archive:${text} or oci-archive:${text}` : undefined;
}
