import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findPeer } from '../support/peers.ts';
import { bytesOf, ISSUER, rootJson, SAN, type World } from '../verification/support/world.ts';
import type { Candidate } from './measure.ts';

/** Writes the trusted root of a world into a folder, in the older version: cosign reads no other. @returns the file */
export async function writeTrustedRoot(folder: string, world: World): Promise<string> {
  const file = join(folder, 'root.json');
  const mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1';
  await writeFile(file, bytesOf({ ...rootJson(world), mediaType }));
  return file;
}

/** Whom to believe, in the words that `verify` of waybill and of cosign share. */
export function signerArguments(rootFile: string): readonly string[] {
  return ['--certificate-identity', SAN, '--certificate-oidc-issuer', ISSUER, '--trusted-root', rootFile];
}

/** `cosign verify` of each image; nothing where it is not installed. */
export function cosignCandidates(images: readonly string[], rootFile: string): readonly Candidate[] {
  const program = findPeer('cosign');
  if (program === undefined) return [];
  return images.map((image) => ({ name: 'cosign', program, args: ['verify', ...signerArguments(rootFile), image] }));
}
