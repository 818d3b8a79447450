import { join } from 'node:path';
import { buildIndex } from '../../../src/image/index.ts';
import { makeImage, type LayerSpec, type MadeImage } from '../images.ts';

const signal = new AbortController().signal;

const DPKG_STATUS = `Package: tiny-libc
Status: install ok installed
Architecture: amd64
Version: 2.41-1
Maintainer: Example Maintainers <libc@example.com>
Description: C library

Package: tiny-shell
Status: install ok installed
Architecture: amd64
Version: 0.5.12-1
Depends: tiny-libc (>= 2.40)
Maintainer: Example Maintainers <shell@example.com>
Description: shell
`;

/** A root file system with an operating system and two packages. */
export const BASE_LAYER: LayerSpec = {
  'etc/os-release': 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian 13"\n',
  'var/lib/dpkg/status': DPKG_STATUS,
  'bin/sh': '#!the shell\n',
  'etc/ssl/certs/ca-certificates.crt': 'certificates\n',
};

export function npmLayer(name: string, version = '1.0.0', folder = name): LayerSpec {
  return { [`app/node_modules/${folder}/package.json`]: JSON.stringify({ name, version, license: 'MIT' }) };
}

/**
 * Images in the layout `images` of a folder: `base`, `app` on it, `changed` with another shell on the base, `empty` without any package, and `multi`, an
 * index of two platforms.
 */
export async function makeSampleImages(
  folder: string,
): Promise<Record<'base' | 'app' | 'changed' | 'empty', MadeImage>> {
  const path = join(folder, 'images');
  const base = await makeImage(path, { layers: [BASE_LAYER], tag: 'base' });
  const app = await makeImage(path, { base, layers: [npmLayer('left-pad', '1.3.0')], tag: 'app' });
  const changed = await makeImage(path, {
    base,
    layers: [npmLayer('left-pad', '1.3.0'), { 'bin/sh': '#!another shell\n' }],
    tag: 'changed',
  });
  const empty = await makeImage(path, { layers: [{ 'hello.txt': 'hello\n' }], tag: 'empty' });
  const arm = await makeImage(path, {
    layers: [npmLayer('right-pad')],
    config: { platform: { os: 'linux', architecture: 'arm64' } },
    tag: 'app-arm64',
  });
  const manifests = [app, arm].map(({ image }) => ({
    mediaType: image.manifest.mediaType,
    digest: image.manifest.digest,
    sizeBytes: image.manifest.bytes.byteLength,
    platform: image.platform,
  }));
  await buildIndex(app.store, { manifests, tag: 'multi', signal });
  return { base, app, changed, empty };
}
