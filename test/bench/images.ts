import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { cacheFolder } from '../support/cache-folder.ts';

/** Raised whenever what images.sh makes changes. */
const IMAGES_VERSION = 1;

/** Images that the benchmark measures: a large one of each kind. */
export const BENCH_IMAGES = ['python', 'node', 'go', 'java'] as const;

/** What images.sh can make: the large ones, and small ones that have an oracle. */
export const ACCURACY_IMAGES = [...BENCH_IMAGES, 'rpm', 'ruby', 'php', 'rust'] as const;

export type AccuracyImage = (typeof ACCURACY_IMAGES)[number];

/** An image in the cache, outside the checkout. */
export interface BuiltImage {
  readonly name: AccuracyImage;
  /** OCI layout; its tag is the name. */
  readonly layout: string;
  /** Unpacked file system, for oracles that read one. */
  readonly root: string;
  /** What the tools that made it said of it: `FOLDER/NAME...`. */
  readonly folder: string;
}

/** Where images.sh keeps what it builds. */
export function imagesFolder(): string {
  return join(cacheFolder(), `bench-images-${IMAGES_VERSION}`);
}

/** Where an image is, whether it has been built or not. */
export function imageAt(name: AccuracyImage): BuiltImage {
  const folder = imagesFolder();
  return { name, folder, layout: join(folder, name), root: join(folder, `${name}-bundle/rootfs`) };
}

/** Builds the image when it is missing (minutes, the first time). Gives the reason when this machine cannot. */
export async function prepareImage(name: AccuracyImage): Promise<BuiltImage | { readonly skip: string }> {
  const script = join(import.meta.dirname, 'images.sh');
  const child = spawn('/bin/sh', [script, imagesFolder(), name], { stdio: ['ignore', 'inherit', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code === 77) return { skip: said.trim().split('\n').at(-1) ?? 'it cannot be built here' };
  if (code !== 0) throw new Error(`images.sh ended with ${code}:\n${said}`);
  return imageAt(name);
}
