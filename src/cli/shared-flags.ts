import { boolean, integer, string } from '@oclif/core/flags';

/** How registries are reached, and as whom. */
export const registryFlags = {
  'insecure-registry': string({
    summary: 'Allow plain HTTP for this registry host (repeatable). Loopback is always allowed it.',
    helpValue: 'HOST[:PORT]',
    helpGroup: 'IMAGE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'registry-realm': string({
    summary: 'Allow this host to hand out tokens for a registry that is not its own (repeatable).',
    helpValue: 'HOST[:PORT]',
    helpGroup: 'IMAGE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'registry-ca': string({
    summary: 'PEM file with certificates to trust for registries, beside the system’s.',
    helpValue: 'FILE',
    helpGroup: 'IMAGE',
  }),
  authfile: string({
    summary: 'Registry credentials. Default: REGISTRY_AUTH_FILE, else the docker and podman files.',
    helpValue: 'FILE',
    helpGroup: 'IMAGE',
  }),
};

/** Flags of every command that reads an image. */
export const imageFlags = {
  platform: string({
    summary: 'Platform to take from an index: os/arch[/variant]. Default: this machine’s.',
    helpValue: 'linux/amd64',
    helpGroup: 'IMAGE',
  }),
  ...registryFlags,
};

/** Where the attachments of an image in a registry are kept. */
export const attachmentFlags = {
  'attachment-repository': string({
    summary:
      'Repository that holds what is attached to images of registries, if not their own. Default: COSIGN_REPOSITORY.',
    helpValue: 'HOST/REPOSITORY',
    helpGroup: 'IMAGE',
    env: 'COSIGN_REPOSITORY',
  }),
};

/** The same for a gate, which no variable may lead astray. */
const gateAttachmentFlags = {
  'attachment-repository': string({
    summary: 'Repository that holds what is attached to images of registries, if not their own. No variable sets it.',
    helpValue: 'HOST/REPOSITORY',
    helpGroup: 'IMAGE',
  }),
};

/** How large a bundle may be. */
export const bundleLimitFlag = {
  'max-bundle-bytes': string({
    summary: 'A larger bundle does not count (suffixes K, M, G). Default: 16M.',
    helpValue: '16M',
    helpGroup: 'IMAGE',
  }),
};

/** Caps of every command that reads what is attached. */
export const attachmentLimitFlags = {
  'max-referrers': integer({
    summary: 'More things attached to one digest than this are an error. Default: 1000.',
    helpValue: 'COUNT',
    helpGroup: 'IMAGE',
    min: 1,
    max: 100_000,
  }),
  ...bundleLimitFlag,
};

export const layerFlags = {
  'max-layer-bytes': string({
    summary:
      'Refuse a layer that unpacks to more than this many bytes (suffixes K, M, G); given, it allows any compression ratio.',
    helpValue: '32G',
    helpGroup: 'IMAGE',
  }),
};

/** How gates read images and what is attached to them: every platform, and no variable has a say. */
export const gateImageFlags = {
  ...registryFlags,
  ...gateAttachmentFlags,
  ...attachmentLimitFlags,
  ...layerFlags,
};

export const allPlatformsFlag = boolean({
  summary: 'Every platform of an index.',
  helpGroup: 'IMAGE',
  exclusive: ['platform'],
});

/** What is signed together with an image. */
export const signedAnnotationFlag = string({
  char: 'a',
  summary: 'Sign this with the image (repeatable).',
  helpValue: 'KEY=VALUE',
  multiple: true,
  multipleNonGreedy: true,
});

/** What becomes of the bundle of an image. */
export const bundleOutputFlags = {
  bundle: string({ summary: 'Write the bundle to this file too.', helpValue: 'FILE', exclusive: ['recursive'] }),
  upload: boolean({ summary: 'Attach the bundle to the image.', allowNo: true, default: true }),
  recursive: boolean({
    char: 'r',
    summary: 'Of an index, every platform’s manifest too.',
    default: false,
    exclusive: ['platform'],
  }),
};

/** Values of `bundleOutputFlags` as use cases take them. */
export function bundleOutput(flags: {
  readonly bundle: string | undefined;
  readonly upload: boolean;
  readonly recursive: boolean;
}): { readonly bundleFile?: string; readonly upload: boolean; readonly recursive: boolean } {
  const { bundle, upload, recursive } = flags;
  return { upload, recursive, ...(bundle === undefined ? {} : { bundleFile: bundle }) };
}
