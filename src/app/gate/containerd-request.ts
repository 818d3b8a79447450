import { isAppError, isDigest, parseStrictJson, safeText, type Digest, type JsonValue } from '../../core/index.ts';
import { registryReference } from '../../deployments/index.ts';
import { canonicalRepository, parseImageReference, type RegistryReference } from '../../image/index.ts';
import { appError } from '../errors.ts';

/** What containerd asks about. */
export interface ContainerdRequest {
  /** `docker.io/library/nginx@sha256:...`: what was resolved, and nothing that may lead elsewhere by now. */
  readonly reference: string;
}

/** Of descriptors with their annotations, and of what containerd puts around them. */
export const MAX_CONTAINERD_INPUT_BYTES = 1024 * 1024;

const NAMES = ['name', 'digest', 'stdin-media-type', 'operation'] as const;
const DESCRIPTOR = 'application/vnd.oci.descriptor.v1+json';
/** With `verify_on_run`: the descriptor is a member beside what is known about the container. */
const WRAPPED = 'application/vnd.containerd.image-verifier.input.v1+json';

/**
 * Reads what containerd hands to an image verifier: arguments in the manner of Go's flags, and a descriptor on standard input. Name, digest and descriptor must agree.
 * Whatever is not understood is refused: the verifier then blocks the image.
 * @throws AppError CONTAINERD_REQUEST_INVALID, LIMIT_EXCEEDED, JSON_INVALID
 * @see https://github.com/containerd/containerd/blob/main/docs/image-verification.md
 */
export function parseContainerdRequest(words: readonly string[], input: Uint8Array): ContainerdRequest {
  const given = parseGoFlags(words);
  const name = given.get('name') ?? invalid('-name is missing');
  const digest = given.get('digest') ?? invalid('-digest is missing');
  if (!isDigest(digest)) return invalid('-digest is no digest');
  const operation = given.get('operation') ?? 'pull';
  if (operation !== 'pull' && operation !== 'run') return invalid('-operation is neither pull nor run');
  const described = descriptorDigest(input, given.get('stdin-media-type') ?? invalid('-stdin-media-type is missing'));
  if (described !== digest) return invalid('the descriptor on standard input has another digest than -digest says');
  const reference = parseName(name);
  if (reference.digest !== undefined && reference.digest !== digest)
    return invalid('-name has another digest than -digest says');
  return { reference: `${canonicalRepository(reference)}@${digest}` };
}

function parseGoFlags(words: readonly string[]): ReadonlyMap<(typeof NAMES)[number], string> {
  const given = new Map<(typeof NAMES)[number], string>();
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const match = /^--?([a-z-]+)(?:=([^]*))?$/.exec(word);
    const name = NAMES.find((known) => known === match?.[1]);
    if (name === undefined) return invalid(`unknown argument ${safeText(JSON.stringify(word), 100)}`);
    if (given.has(name)) return invalid(`-${name} is given twice`);
    const inline = match?.[2];
    if (inline === undefined) index += 1;
    given.set(name, inline ?? words[index] ?? invalid(`-${name} has no value`));
  }
  return given;
}

function descriptorDigest(input: Uint8Array, mediaType: string): Digest {
  const limits = { maxBytes: MAX_CONTAINERD_INPUT_BYTES, maxDepth: 16 };
  const document = parseStrictJson(input, 'standard input', limits);
  if (mediaType !== DESCRIPTOR && mediaType !== WRAPPED)
    return invalid(`standard input of type ${safeText(JSON.stringify(mediaType), 100)} is not understood`);
  const descriptor = mediaType === WRAPPED ? memberOf(document, 'descriptor') : document;
  const digest = memberOf(descriptor, 'digest');
  return typeof digest === 'string' && isDigest(digest) ? digest : invalid('standard input holds no descriptor');
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as { readonly [key: string]: JsonValue | undefined })[name];
}

function parseName(name: string): RegistryReference {
  try {
    const reference = parseImageReference(registryReference(name));
    if (reference.transport === 'registry') return reference;
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    throw appError('CONTAINERD_REQUEST_INVALID', `-name: ${cause.message}`, { cause });
  }
  return invalid('-name is no name in a registry');
}

function invalid(why: string): never {
  throw appError('CONTAINERD_REQUEST_INVALID', why, {
    hint: 'this is called by containerd: -name NAME -digest DIGEST -stdin-media-type TYPE, with the descriptor on standard input',
  });
}
