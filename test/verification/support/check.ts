import { parsePublicKey } from '../../../src/keys/index.ts';
import {
  checkBundle,
  type BundleVerdict,
  type CheckBundleOptions,
  type TrustedIdentity,
  type TrustedRoot,
} from '../../../src/verification/index.ts';
import { pemOf, spkiOf, type Pair } from './certificates.ts';
import { bytesOf, identity, newWorld, SUBJECT, trustedRoot, type SignedBundle, type World } from './world.ts';

/** A world with its root, an identity that it trusts, and a check with all that is usual. */
export interface Bench {
  readonly world: World;
  readonly root: TrustedRoot;
  readonly wanted: TrustedIdentity;
  readonly check: (bundle: unknown, changes?: Partial<CheckBundleOptions>) => Promise<BundleVerdict>;
}

export async function newBench(): Promise<Bench> {
  const world = newWorld();
  const root = trustedRoot(world);
  const wanted = await identity();
  return {
    world,
    root,
    wanted,
    check: (bundle, changes = {}) =>
      checkBundle(bundle instanceof Uint8Array ? bundle : bytesOf(bundle), {
        keys: [],
        identities: [wanted],
        trust: [{ root }],
        subject: SUBJECT,
        requireTransparencyLog: true,
        ...changes,
      }),
  };
}

export function changed(bundle: SignedBundle, change: (bundle: SignedBundle) => void): SignedBundle {
  const copy = structuredClone(bundle);
  change(copy);
  return copy;
}

export function keyOf(pair: Pair): ReturnType<typeof parsePublicKey> {
  return parsePublicKey(pemOf(spkiOf(pair.publicKey), 'PUBLIC KEY'));
}

export function bodyOf(bundle: SignedBundle): string {
  return Buffer.from(String(bundle.verificationMaterial.tlogEntries[0]?.['canonicalizedBody']), 'base64').toString();
}
