import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, gunzipSync } from 'node:zlib';
import { digestHex } from '../../src/core/index.ts';
import { createTar, type TarInput } from '../../src/formats/index.ts';
import type { Image, OciLayoutStore } from '../../src/image/index.ts';

export type ArchiveMember = Uint8Array | string | { readonly linkTarget: string } | { readonly hardLinkTo: string };

/** Writes a tar archive of members in the order given, gzipped when the name ends so. */
export async function writeArchive(
  path: string,
  members: readonly (readonly [string, ArchiveMember])[],
): Promise<void> {
  const inputs: TarInput[] = members.map(([name, member]) => {
    if (typeof member === 'string' || member instanceof Uint8Array) {
      return { header: { path: name, type: 'file', mode: 0o644 }, content: Buffer.from(member) };
    }
    if ('linkTarget' in member)
      return { header: { path: name, type: 'symlink', mode: 0o777, linkTarget: member.linkTarget } };
    return { header: { path: name, type: 'hardlink', mode: 0o644, linkTarget: member.hardLinkTo } };
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of createTar(inputs)) chunks.push(chunk);
  const tar = Buffer.concat(chunks);
  writeFileSync(path, path.endsWith('.gz') ? gzipSync(tar) : tar);
}

/** All files of a layout as archive members. */
export function layoutMembers(store: OciLayoutStore): readonly (readonly [string, Uint8Array])[] {
  const blobs = readdirSync(join(store.path, 'blobs/sha256')).toSorted();
  return ['oci-layout', 'index.json', ...blobs.map((name) => `blobs/sha256/${name}`)].map((name) => [
    name,
    readFileSync(join(store.path, name)),
  ]);
}

/** An image with gzip layers as old `docker save` wrote it: a folder per layer, the same layer a second time as a link. */
export function dockerSaveMembers(
  store: OciLayoutStore,
  image: Image,
  repoTags: readonly string[],
): readonly (readonly [string, ArchiveMember])[] {
  const members: (readonly [string, ArchiveMember])[] = [];
  const paths: string[] = [];
  const first = new Map<string, string>();
  for (const [index, layer] of image.layers.entries()) {
    const path = `${String(index).padStart(64, '0')}/layer.tar`;
    const earlier = first.get(layer.diffId);
    const bytes = readFileSync(join(store.path, 'blobs/sha256', digestHex(layer.descriptor.digest)));
    members.push([path, earlier === undefined ? gunzipSync(bytes) : { linkTarget: `../${earlier}` }]);
    if (earlier === undefined) first.set(layer.diffId, path);
    paths.push(path);
  }
  const config = `${digestHex(image.configDigest)}.json`;
  members.push([config, image.configBytes]);
  members.push(['manifest.json', JSON.stringify([{ Config: config, RepoTags: repoTags, Layers: paths }])]);
  members.push(['repositories', '{}']);
  return members;
}
