import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { cacheFolder } from '../support/cache-folder.ts';

/** Raised whenever what build-images.sh makes changes. */
const IMAGES_VERSION = 1;

/** Images that build-images.sh can make. */
export type DebianImage = 'base' | 'base-certs' | 'app' | 'big';

/** Where the images are kept, outside the checkout. */
export interface DebianImages {
  /** OCI layouts are in `FOLDER/NAME`, tag NAME. */
  readonly folder: string;
  /** Unpacked file system of `app`. */
  readonly root: string;
  /** `oci:` reference. */
  reference(name: DebianImage): string;
}

/** Builds what is missing (minutes the first time, then nothing). Gives the reason when this machine cannot. */
export async function prepareDebianImages(
  names: readonly DebianImage[],
): Promise<DebianImages | { readonly skip: string }> {
  const images = debianImagesAt();
  return (await buildImages('build-images.sh', [images.folder, ...names])) ?? images;
}

/** Where the images are once they are built. */
export function debianImagesAt(): DebianImages {
  const folder = join(cacheFolder(), `images-${IMAGES_VERSION}`);
  return {
    folder,
    root: join(folder, 'app-bundle', 'rootfs'),
    reference: (name) => `oci:${join(folder, name)}:${name}`,
  };
}

/** Raised whenever what ordinary-steps.sh makes changes. */
const STEPS_VERSION = 1;

/** Builds what is missing of the images that ordinary Dockerfiles would make of the image `base-certs`. */
export async function prepareOrdinarySteps(
  steps: readonly string[],
): Promise<Pick<DebianImages, 'folder'> | { readonly skip: string }> {
  const bases = await prepareDebianImages(['base-certs']);
  if ('skip' in bases) return bases;
  const folder = join(cacheFolder(), `ordinary-${STEPS_VERSION}`);
  return (await buildImages('ordinary-steps.sh', [folder, join(bases.folder, 'base-certs'), ...steps])) ?? { folder };
}

/** Runs one of the scripts beside this file; gives the reason when it cannot work on this machine. */
async function buildImages(script: string, args: readonly string[]): Promise<{ readonly skip: string } | undefined> {
  const child = spawn('/bin/sh', [join(import.meta.dirname, script), ...args], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code === 77) return { skip: said.trim().split('\n').at(-1) ?? 'images cannot be built here' };
  if (code !== 0) throw new Error(`${script} ended with ${code}:\n${said}`);
  return undefined;
}
