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

/** An image as Docker before 1.10 saved it: no manifest, no configuration; a folder per layer, which names its parent. */
export function legacySaveMembers(
  store: OciLayoutStore,
  image: Image,
  repositories: Readonly<Record<string, Readonly<Record<string, string>>>>,
): readonly (readonly [string, ArchiveMember])[] {
  const members: (readonly [string, ArchiveMember])[] = [];
  let parent: string | undefined;
  for (const [index, layer] of image.layers.entries()) {
    const id = legacyId(index);
    const record = {
      id,
      ...(parent === undefined ? {} : { parent }),
      created: `2015-01-0${index + 1}T00:00:00Z`,
      container_config: { Cmd: ['/bin/sh', '-c', `step ${index}`] },
      config: { Cmd: ['/app'], Labels: { step: String(index) } },
      architecture: 'amd64',
      os: 'linux',
      Size: 1,
    };
    const bytes = readFileSync(join(store.path, 'blobs/sha256', digestHex(layer.descriptor.digest)));
    members.push([`${id}/VERSION`, '1.0'], [`${id}/json`, JSON.stringify(record)]);
    members.push([`${id}/layer.tar`, gunzipSync(bytes)]);
    parent = id;
  }
  return [...members, ['repositories', JSON.stringify(repositories)]];
}

/** The id of a layer of such an archive, by its position from the bottom. */
export function legacyId(index: number): string {
  return String(index).padStart(64, 'a');
}
