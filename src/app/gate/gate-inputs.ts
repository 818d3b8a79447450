import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { coreError, readInputFile, type AppError } from '../../core/index.ts';
import {
  deploymentError,
  MAX_DEPLOYMENT_BYTES,
  parseAllowedKinds,
  readDeployment,
  type DeployedImage,
  type DeploymentProblem,
  type GroupKind,
} from '../../deployments/index.ts';
import type { EvidenceDeployed } from '../../evidence/index.ts';
import { appError } from '../errors.ts';

/** Which images are decided about. At least one of the three lists names some. */
export interface GateInputOptions {
  /** As the user wrote them. */
  readonly images: readonly string[];
  /** Files with one reference per line; `#` begins a comment, `-` is standard input. */
  readonly imageLists?: readonly string[];
  /** Kubernetes manifests and compose files; a folder stands for the .yaml, .yml and .json files in it (not below it), `-` for standard input. */
  readonly deployments?: readonly string[];
  /** Kinds beside the known ones that hold no image, as `GROUP/KIND`. */
  readonly allowedKinds?: readonly string[];
  /** What an image means that a manifest names without digest; `deny` unless given. */
  readonly unpinned?: 'deny' | 'warn';
  /** Standard input to its end. @throws AppError LIMIT_EXCEEDED */
  readonly readStdin?: (maxBytes: number) => Promise<Uint8Array>;
}

/** A manifest file with the images found in it. */
export interface ReadManifest {
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly images: readonly DeployedImage[];
}

export interface GateInputs {
  /** Each reference once, in the order of appearance. */
  readonly images: readonly string[];
  readonly deployed: ReadonlyMap<string, EvidenceDeployed>;
  readonly manifests: readonly ReadManifest[];
  readonly allowedKinds: ReadonlySet<GroupKind>;
  /** Files that were read; never written over as an output. */
  readonly files: readonly string[];
}

const MAX_LIST_BYTES = 4 * 1024 * 1024;
const MAX_FILES = 1000;
const MAX_TOTAL_BYTES = 32 * 1024 * 1024;
/** Different images of one run. */
const MAX_IMAGES = 2000;
const MANIFEST_NAME = /\.(?:yaml|yml|json)$/;

/**
 * Reads lists and manifests into the images to decide about. A manifest in which images might be missed is refused whole.
 * @throws AppError NO_IMAGES, STDIN_TWICE, LIMIT_EXCEEDED, those of reading files, and those of the deployments room with every problem in `details.problems`
 */
export async function readGateInputs(options: GateInputOptions): Promise<GateInputs> {
  const { imageLists = [], deployments = [], unpinned = 'deny' } = options;
  const allowedKinds = parseAllowedKinds(options.allowedKinds ?? []);
  if ([...imageLists, ...deployments].filter((file) => file === '-').length > 1) {
    throw appError('STDIN_TWICE', 'standard input can be read for one thing only', {
      hint: 'give all but one of the inputs as files',
    });
  }
  const listed: string[] = [];
  for (const file of imageLists) listed.push(...linesOf(await readText(file, options, MAX_LIST_BYTES)));
  const manifests = await readManifests(await manifestFiles(deployments), options, allowedKinds);
  const places = new Map<string, EvidenceDeployed['places'][number][]>();
  for (const { images } of manifests) {
    for (const { reference, place } of images) {
      const known = places.get(reference);
      if (known === undefined) places.set(reference, [place]);
      else known.push(place);
    }
  }
  const images = [...new Set([...options.images, ...listed, ...places.keys()])];
  if (images.length === 0) throw noImages(manifests);
  if (images.length > MAX_IMAGES)
    throw coreError('LIMIT_EXCEEDED', `${images.length} images are more than the ${MAX_IMAGES} allowed in one run`);
  return {
    images,
    deployed: new Map([...places].map(([reference, found]) => [reference, { unpinned, places: found }])),
    manifests,
    allowedKinds,
    files: [...imageLists, ...manifests.map(({ file }) => file)].filter((file) => file !== '-'),
  };
}

function noImages(manifests: readonly ReadManifest[]): AppError {
  if (manifests.length > 0)
    return appError('NO_IMAGES', 'the manifests name no image: there is nothing to decide about');
  return appError('NO_IMAGES', 'no image is given', {
    hint: 'name images, or give --from-file with one per line, or -f with Kubernetes manifests or compose files',
  });
}

async function readText(file: string, options: GateInputOptions, maxBytes: number): Promise<Uint8Array> {
  if (file !== '-') return readInputFile(file, maxBytes);
  if (options.readStdin === undefined) throw coreError('USAGE', 'there is no standard input to read');
  return options.readStdin(maxBytes);
}

/** References of a list: one per line, blanks and comments left out. */
function linesOf(bytes: Uint8Array): readonly string[] {
  const text = new TextDecoder('utf-8').decode(bytes);
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:^|[ \t])#.*$/, '').trim())
    .filter((line) => line !== '');
}

/** The files that `-f` stands for: itself, or what kubectl would take from a folder, by name. */
async function manifestFiles(given: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const path of given) {
    const isFolder =
      path !== '-' &&
      (await stat(path)
        .then((stats) => stats.isDirectory())
        .catch(() => false));
    if (!isFolder) {
      files.push(path);
      continue;
    }
    const names = (await readdir(path)).filter((name) => MANIFEST_NAME.test(name)).toSorted();
    if (names.length === 0)
      throw appError('NO_IMAGES', `${path} holds no manifest`, { hint: 'manifests end in .yaml, .yml or .json' });
    files.push(...names.map((name) => join(path, name)));
  }
  const distinct = [...new Set(files)];
  if (distinct.length > MAX_FILES)
    throw coreError('LIMIT_EXCEEDED', `${distinct.length} manifests are more than the ${MAX_FILES} allowed`);
  return distinct;
}

async function readManifests(
  files: readonly string[],
  options: GateInputOptions,
  allowedKinds: ReadonlySet<GroupKind>,
): Promise<readonly ReadManifest[]> {
  const manifests: ReadManifest[] = [];
  const problems: DeploymentProblem[] = [];
  let totalBytes = 0;
  for (const file of files) {
    const bytes = await readText(file, options, MAX_DEPLOYMENT_BYTES);
    totalBytes += bytes.byteLength;
    if (totalBytes > MAX_TOTAL_BYTES)
      throw coreError('LIMIT_EXCEEDED', `the manifests are larger than the ${MAX_TOTAL_BYTES} bytes allowed`);
    const read = await readDeployment(bytes, { file, allowedKinds });
    problems.push(...read.problems);
    manifests.push({ file, bytes, images: read.images });
  }
  if (problems.length > 0) throw unreadable(problems);
  return manifests;
}

/** Problems that the message says. */
const SHOWN = 10;

function unreadable(problems: readonly DeploymentProblem[]): AppError {
  const [first] = problems;
  if (first === undefined) return coreError('INTERNAL', 'no problem to report');
  const lines = problems
    .slice(0, SHOWN)
    .map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
  const more = problems.length > SHOWN ? [`and ${problems.length - SHOWN} more (see --json)`] : [];
  return deploymentError(first.code, [...lines, ...more].join('\n  '), {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    details: { problems },
  });
}
