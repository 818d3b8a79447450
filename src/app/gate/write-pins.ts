import { stat } from 'node:fs/promises';
import { isAppError, readInputFile, writeFileAtomic, type Digest } from '../../core/index.ts';
import {
  deploymentError,
  MAX_DEPLOYMENT_BYTES,
  withPins,
  type DeployedImage,
  type DeploymentPlace,
  type Pin,
} from '../../deployments/index.ts';
import type { Decision, ImageDecision } from '../../policy/index.ts';
import { parseImageReference } from '../../image/index.ts';
import type { GateInputs, ReadManifest } from './gate-inputs.ts';

/** An image in a manifest that got its digest. */
export interface WrittenPin extends DeploymentPlace {
  readonly image: string;
  readonly digest: Digest;
}

/** One that did not, and why. */
export interface MissingPin extends DeploymentPlace {
  readonly image: string;
  readonly reason: string;
}

export interface WrittenPins {
  readonly written: readonly WrittenPin[];
  readonly missing: readonly MissingPin[];
}

/**
 * Writes the digests that were just decided about behind the images of the manifests, for images that are allowed as a whole. Each file is written whole or not at all, and
 * only when it still is what was read.
 * @throws AppError PIN_NOT_POSSIBLE, PIN_FILE_CHANGED, FILE_UNWRITABLE
 */
export async function writePins(inputs: GateInputs, decision: Decision): Promise<WrittenPins> {
  const decided = new Map(decision.images.map((image) => [image.reference, image]));
  const written: WrittenPin[] = [];
  const missing: MissingPin[] = [];
  for (const manifest of inputs.manifests) {
    const pins: Pin[] = [];
    for (const image of manifest.images) {
      if (isPinned(image)) continue;
      const outcome = pinFor(decided.get(image.reference));
      if (typeof outcome === 'object') missing.push({ ...image.place, image: image.written, ...outcome });
      else {
        pins.push({ image, digest: outcome });
        written.push({ ...image.place, image: image.written, digest: outcome });
      }
    }
    if (pins.length > 0) await writeManifest(manifest, pins, inputs);
  }
  return { written, missing };
}

function isPinned(image: DeployedImage): boolean {
  try {
    return parseImageReference(image.reference).digest !== undefined;
  } catch (error) {
    // nothing was decided about it, so `pinFor` says why it gets none
    if (isAppError(error)) return false;
    throw error;
  }
}

/** Whoever deploys by the digest of the index may run any platform of it: all of them must be approved. */
function pinFor(image: ImageDecision | undefined): Digest | { readonly reason: string } {
  if (image === undefined || image.digest === null) return { reason: 'it could not be resolved' };
  if (image.verdict === 'deny') return { reason: 'it is denied' };
  return image.approves.includes(image.digest) ? image.digest : { reason: 'only some of its platforms are approved' };
}

async function writeManifest(manifest: ReadManifest, pins: readonly Pin[], inputs: GateInputs): Promise<void> {
  const { file, bytes } = manifest;
  const pinned = await withPins(bytes, pins, { file, allowedKinds: inputs.allowedKinds });
  if (Buffer.compare(await readInputFile(file, MAX_DEPLOYMENT_BYTES), bytes) !== 0) {
    throw deploymentError('PIN_FILE_CHANGED', `${file} was changed while its images were checked`, {
      hint: 'check again: nothing was written to it',
    });
  }
  const { mode } = await stat(file);
  await writeFileAtomic(file, pinned, { ifExists: 'replace', mode: mode & 0o777 });
}
