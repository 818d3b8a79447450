import { resolve } from 'node:path';
import {
  BUNDLE_SUFFIX,
  createStatement,
  parseStatement,
  resolvePredicateType,
  type StatementSubject,
} from '../../attestation/index.ts';
import {
  coreError,
  parseDigest,
  readInputFile,
  sha256Digest,
  sha256Hex,
  writeFileAtomic,
  type Digest,
  type Runtime,
} from '../../core/index.ts';
import { listArtefacts, type ArtefactFile } from './artefact-files.ts';
import { MAX_PREDICATE_BYTES } from '../sbom/bundle-size.ts';
import { openSigning, type MadeBundle, type SignedBy, type Witnessed } from './open-signing.ts';
import type { SigningAccess } from './signing-access.ts';

/** Files are signed from memory. */
const MAX_FILE_BYTES = 1024 * 1024 * 1024;

/** A bundle that was written. */
export interface WrittenBundle extends Witnessed {
  readonly bundle: Digest;
  readonly bundleFile: string;
}

export interface SignedFile extends WrittenBundle {
  readonly file: string;
  readonly digest: Digest;
}

export interface SignBlobsOptions extends SigningAccess {
  /** Files, and folders, which stand for all files in them. */
  readonly files: readonly string[];
  /** Where the bundle goes; `{name}` stands for the file's path. `{name}.sigstore.json` unless told. */
  readonly bundleFile?: string;
}

export interface SignBlobsResult extends SignedBy {
  readonly files: readonly SignedFile[];
}

/** Signs files, all with one key or identity, and verifies each signature before its bundle is written. */
export async function signBlobs(options: SignBlobsOptions, runtime: Runtime): Promise<SignBlobsResult> {
  const { bundleFile = `{name}${BUNDLE_SUFFIX}` } = options;
  const files = (await listArtefacts(options.files)).map(({ path }) => path);
  const outputs = outputsFor(files, bundleFile, options);
  await using signing = await openSigning(options, runtime);
  const signed: SignedFile[] = [];
  for (const [index, file] of files.entries()) {
    const bytes = await readInputFile(file, MAX_FILE_BYTES);
    const made = await signing.signFile(bytes);
    const written = await writeBundle(made, outputs[index] ?? '');
    signed.push({ file, digest: sha256Digest(bytes), ...written });
  }
  return { ...(await signing.signedBy()), files: signed };
}

export interface AttestBlobOptions extends SigningAccess {
  /** The subjects, files and folders with all in them; none when `statementFile` names them. */
  readonly files: readonly string[];
  /** Short name or URI, and the file with the predicate. */
  readonly predicate?: { readonly type: string; readonly file: string };
  /** An in-toto statement to sign as it is. */
  readonly statementFile?: string;
  readonly bundleFile: string;
}

export interface AttestBlobResult extends SignedBy, WrittenBundle {
  readonly predicateType: string;
  readonly subjects: readonly { readonly name?: string; readonly digest: Digest }[];
}

/** Signs one statement about files (all of them its subjects), verifies it, and writes the bundle. */
export async function attestBlob(options: AttestBlobOptions, runtime: Runtime): Promise<AttestBlobResult> {
  const { predicate, statementFile, bundleFile } = options;
  if (statementFile !== undefined && options.files.length > 0) {
    throw coreError('USAGE', 'the statement says itself what it is about: give no FILE beside --statement');
  }
  const files = await listArtefacts(options.files);
  const inputs = [...files.map(({ path }) => path), ...(predicate === undefined ? [] : [predicate.file])];
  if (statementFile !== undefined) inputs.push(statementFile);
  refuseOverwriting([bundleFile], [...inputs, ...inputsOf(options)]);
  const payload =
    statementFile === undefined
      ? await statementAbout(files, predicate)
      : await readInputFile(statementFile, MAX_PREDICATE_BYTES);
  const { subjects, predicateType } = parseStatement(payload);
  const digests = subjects.map(subjectDigest);
  const [first] = digests;
  if (first === undefined) throw new TypeError('a statement has a subject');
  await using signing = await openSigning(options, runtime);
  const made = await signing.signStatement(payload, first);
  return {
    ...made.signedBy,
    predicateType,
    subjects: subjects.map(({ name }, index) => ({
      ...(name === undefined ? {} : { name }),
      digest: digests[index] ?? first,
    })),
    ...(await writeBundle(made, bundleFile)),
  };
}

async function statementAbout(
  files: readonly ArtefactFile[],
  predicate: AttestBlobOptions['predicate'],
): Promise<Uint8Array> {
  if (predicate === undefined || files.length === 0) {
    throw coreError('USAGE', 'a statement has a type, a predicate, and files that it is about', {
      hint: 'give --type, --predicate and FILE..., or --statement FILE alone',
    });
  }
  const { uri } = resolvePredicateType(predicate.type);
  const predicateJson = await readInputFile(predicate.file, MAX_PREDICATE_BYTES);
  const subjects: StatementSubject[] = [];
  for (const { path, name } of files) {
    const digest = { sha256: sha256Hex(await readInputFile(path, MAX_FILE_BYTES)) };
    subjects.push({ name, digest });
  }
  return createStatement({ subjects, predicateType: uri, predicateJson });
}

/** The digest by which verifiers know a subject. @throws AppError USAGE for one of another kind */
function subjectDigest({ digest }: StatementSubject): Digest {
  for (const algorithm of ['sha256', 'sha512']) {
    const hex = Object.hasOwn(digest, algorithm) ? digest[algorithm] : undefined;
    if (hex !== undefined) return parseDigest(`${algorithm}:${hex}`);
  }
  throw coreError('USAGE', 'a subject of the statement has neither a sha256 nor a sha512 digest', {
    hint: 'verifiers would not find it',
  });
}

async function writeBundle({ bytes, bundle, logs, times }: MadeBundle, bundleFile: string): Promise<WrittenBundle> {
  await writeFileAtomic(bundleFile, bytes, { ifExists: 'replace' });
  return { bundle, bundleFile, logs, times };
}

/** @throws AppError USAGE when two files would share an output, or an output is an input */
function outputsFor(files: readonly string[], pattern: string, access: SigningAccess): readonly string[] {
  const outputs = files.map((file) => pattern.replaceAll('{name}', () => file));
  if (new Set(outputs.map((path) => resolve(path))).size < files.length) {
    throw coreError('USAGE', 'several files would have the same bundle', {
      hint: 'write {name} into --bundle: it stands for the file: --bundle {name}.sigstore.json',
    });
  }
  refuseOverwriting(outputs, [...files, ...inputsOf(access)]);
  return outputs;
}

function inputsOf(access: SigningAccess): readonly string[] {
  const { keyFile, certificateFile, certificateChainFile, timestampChainFile, trustedRootFiles = [] } = access;
  const { signingConfigFile, servicesCaFile } = access;
  const chains = [certificateFile, certificateChainFile, timestampChainFile];
  const files = [keyFile, ...chains, signingConfigFile, servicesCaFile, ...trustedRootFiles];
  return files.filter((file) => file !== undefined);
}

/** @throws AppError USAGE */
function refuseOverwriting(outputs: readonly string[], inputs: readonly string[]): void {
  const read = new Set(inputs.map((path) => resolve(path)));
  const both = outputs.find((path) => read.has(resolve(path)));
  if (both !== undefined) throw coreError('USAGE', `${both} would be overwritten, and it is an input`);
}
