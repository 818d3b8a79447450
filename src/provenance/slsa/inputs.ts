import { isDigest, type Digest, type JsonValue } from '../../core/index.ts';
import { parseImageName, parseImagePurl, type ImageName } from './image-name.ts';
import { textAt } from './json.ts';
import type { BuildInput } from './types.ts';

/** More inputs than any build has; the rest is left out, and the list is then not complete. */
const MAX_INPUTS = 10_000;
const MAX_URI_CHARS = 4096;
const SHOWN_CHARS = 500;

const IMAGE_PURL = /^pkg:\/{0,2}(?:docker|oci)\//i;
const IMAGE_SCHEME = /^(?:docker-image|docker-image\+blob|docker|oci):\/\//;
const LOCAL_IMAGE = /^oci-layout(?:\+blob)?:\/\//;
const SOURCE = /^(?:git\+[a-z]+|git|ssh):\/\/|^git@/;
/** What is no image, however it is named: packages of other types, downloads, local folders and files. */
const OTHER = /^(?:pkg:\/{0,2}[a-z][a-z0-9.+-]*\/|https?:\/\/|file:|local:\/\/)/i;

/** The inputs that provenance lists (`resolvedDependencies` or `materials`); hostile. */
export function readInputs(list: readonly JsonValue[]): {
  readonly inputs: readonly BuildInput[];
  readonly whole: boolean;
} {
  return { inputs: list.slice(0, MAX_INPUTS).map((item) => readInput(item)), whole: list.length <= MAX_INPUTS };
}

function readInput(item: JsonValue): BuildInput {
  const uri = textAt(item, ['uri'], MAX_URI_CHARS);
  if (uri === undefined || uri === '') {
    const name = textAt(item, ['name'], MAX_URI_CHARS);
    return { kind: 'unknown', uri: (name ?? '(an input without a URI)').slice(0, SHOWN_CHARS) };
  }
  const digest = digestOf(item);
  const shown = uri.slice(0, SHOWN_CHARS);
  const named = readImage(uri);
  if (named !== undefined) return imageInput(shown, named, digest);
  return { kind: kindOf(uri), uri: shown, ...(digest === undefined ? {} : { digest }) };
}

/** `pkg:docker/...`, `docker-image://...`, and plain `HOST/NAME@DIGEST` as Cloud Build writes it; undefined for what is no image. */
function readImage(uri: string): ImageName | undefined {
  if (IMAGE_PURL.test(uri)) return parseImagePurl(uri) ?? {};
  if (IMAGE_SCHEME.test(uri)) return parseImageName(uri.slice(uri.indexOf('://') + 3)) ?? {};
  if (LOCAL_IMAGE.test(uri)) return {};
  if (uri.includes('://') || SOURCE.test(uri)) return undefined;
  const plain = parseImageName(uri);
  return plain?.digest === undefined ? undefined : plain;
}

function imageInput(uri: string, named: ImageName, listed: Digest | undefined): BuildInput {
  const { repository, tag } = named;
  const digest = listed ?? named.digest;
  const agreed = !named.ambiguous && (named.digest === undefined || named.digest === digest);
  return {
    kind: 'image',
    uri,
    ...(agreed && digest !== undefined ? { digest } : {}),
    ...(repository === undefined ? {} : { repository }),
    ...(tag === undefined ? {} : { tag }),
  };
}

function kindOf(uri: string): BuildInput['kind'] {
  if (SOURCE.test(uri) || (/^https?:\/\//.test(uri) && /\.git(?:[#@?]|$)/.test(uri))) return 'source';
  return OTHER.test(uri) && !/@sha(?:256|512):/.test(uri) ? 'other' : 'unknown';
}

/** The sha256 (else sha512) digest of an input, if it is well-formed; other algorithms name commits. */
function digestOf(item: JsonValue): Digest | undefined {
  for (const algorithm of ['sha256', 'sha512']) {
    const digest = `${algorithm}:${textAt(item, ['digest', algorithm]) ?? ''}`;
    if (isDigest(digest)) return digest;
  }
  return undefined;
}
