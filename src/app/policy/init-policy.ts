import { lstat, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, sep } from 'node:path';
import { coreError, writeFileAtomic, type Digest, type Runtime } from '../../core/index.ts';
import { canonicalName } from '../../evidence/index.ts';
import {
  canonicalImagePattern,
  DRAFT_LOCK,
  draftIdentity,
  draftPolicy,
  lintPolicy,
  type DraftBase,
  type DraftSigner,
} from '../../policy/index.ts';
import { appError } from '../errors.ts';
import { readPublicKeys } from '../verification/read-keys.ts';
import { lintPolicyFile, type LintPolicyResult } from './lint-policy.ts';

/** Who signs: a public key file, or whom a certificate must be issued to, and by whom vouched for. */
export type InitSigner =
  | { readonly keyFile: string }
  | { readonly certificateIdentity: string; readonly certificateOidcIssuer: string };

export interface InitPolicyOptions {
  /** The policy to write; never one that is there. */
  readonly file: string;
  /** Patterns of names: registry and repository; at least one. */
  readonly images: readonly string[];
  readonly signer: InitSigner;
  /** `NAME=IMAGE:TAG`, several of one name for several tags. */
  readonly bases: readonly string[];
  readonly sbom: boolean;
  readonly provenance: boolean;
}

export interface InitPolicyResult {
  readonly file: string;
  readonly digest: Digest | null;
  /** What its own lint says. */
  readonly problems: LintPolicyResult['problems'];
  /** What to do now, in this order. */
  readonly nextSteps: readonly { readonly command: string; readonly why: string }[];
}

/**
 * Refuses a file name that is taken; asked before anybody is asked anything else.
 * @throws AppError FILE_EXISTS
 */
export async function refuseTaken(file: string): Promise<void> {
  const taken = await lstat(file).then(
    () => true,
    () => false,
  );
  if (!taken) return;
  throw coreError('FILE_EXISTS', `${file} exists already and is never overwritten`, {
    hint: 'choose another name with --out, or change it by hand: waybill policy lint explains mistakes',
  });
}

/**
 * Writes a first policy, commented, that passes its own lint.
 * @throws AppError FILE_EXISTS, USAGE for what is no image, base or identity, KEY_OUTSIDE_POLICY, and the codes of reading keys
 */
export async function initPolicy(options: InitPolicyOptions, runtime: Runtime): Promise<InitPolicyResult> {
  const { file } = options;
  await refuseTaken(file);
  const images = options.images.map(imagePattern);
  const bases = readBases(options.bases);
  const signer = await readSigner(options.signer, file);
  const { sbom, provenance } = options;
  const text = draftPolicy({ name: ruleName(images), images, signer, bases, sbom, provenance });
  const bytes = Buffer.from(text);
  const { policy, problems } = await lintPolicy({ bytes, name: file });
  if (policy === undefined) {
    const first = problems.find((problem) => problem.severity === 'error');
    throw usage(`what was given makes no policy: ${first?.message ?? ''}`, first?.hint);
  }
  await writeFileAtomic(file, bytes, { ifExists: 'refuse' });
  const linted = await lintPolicyFile({ file }, runtime);
  return { file, digest: linted.digest, problems: linted.problems, nextSteps: nextSteps(options, images, signer) };
}

function imagePattern(text: string): string {
  const result = canonicalImagePattern(text);
  if (result.ok) return result.pattern;
  throw usage(`--image ${JSON.stringify(text.slice(0, 200))}: ${result.problem}`, result.hint);
}

function usage(message: string, hint: string | undefined): Error {
  return coreError('USAGE', message, hint === undefined ? {} : { hint });
}

/** The last part of the first pattern that is spelled out. */
function ruleName(images: readonly string[]): string {
  const parts = (images[0] ?? '').split('/').slice(1);
  return parts.findLast((part) => !part.includes('*')) ?? 'images';
}

function readBases(texts: readonly string[]): readonly DraftBase[] {
  const bases = new Map<string, DraftBase>();
  for (const text of texts) {
    const match = /^([A-Za-z0-9][A-Za-z0-9._-]{0,99})=(\S{1,300}):([A-Za-z0-9_][A-Za-z0-9._-]{0,127})$/.exec(text);
    const [, name = '', reference = '', tag = ''] = match ?? [];
    const image = match === null ? undefined : canonicalName(`${reference}:${tag}`);
    if (image === undefined) {
      throw coreError('USAGE', `--base ${JSON.stringify(text.slice(0, 200))} is no base`, {
        hint: 'write NAME=IMAGE:TAG, such as debian=docker.io/library/debian:12',
      });
    }
    const known = bases.get(name);
    if (known !== undefined && known.image !== image) {
      throw coreError('USAGE', `--base names ${name} twice, for ${known.image} and ${image}`, {
        hint: 'give each image a name of its own',
      });
    }
    bases.set(name, { name, image, tags: [...new Set([...(known?.tags ?? []), tag])] });
  }
  return [...bases.values()];
}

async function readSigner(signer: InitSigner, file: string): Promise<DraftSigner> {
  if ('keyFile' in signer) return { key: await keyPath(signer.keyFile, file) };
  const { certificateIdentity: subject, certificateOidcIssuer: issuer } = signer;
  return { issuer, subject };
}

/** A policy names its keys by their place under its own folder. */
async function keyPath(keyFile: string, policyFile: string): Promise<string> {
  await readPublicKeys([keyFile]);
  const folder = await realpath(dirname(policyFile)).catch((cause: unknown) => {
    throw coreError('FILE_UNWRITABLE', `cannot write ${policyFile}: its folder is not there`, { cause });
  });
  const path = relative(folder, await realpath(keyFile));
  if (path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)) {
    throw appError('KEY_OUTSIDE_POLICY', `the key ${keyFile} does not lie under the policy's folder`, {
      hint: 'a policy refers only to files under its own folder: copy the public key there',
    });
  }
  return path.split(sep).join('/');
}

function nextSteps(
  { file, bases }: InitPolicyOptions,
  images: readonly string[],
  signer: DraftSigner,
): InitPolicyResult['nextSteps'] {
  const policy = shellWord(file);
  const named = images.find((image) => !image.includes('*'));
  const signed = 'key' in signer ? ' --key PRIVATE.key' : '';
  return [
    ...(bases.length === 0
      ? []
      : [
          {
            command: `waybill base lock --policy ${policy}${signed}`,
            why: `see where the bases' tags lead and write ${DRAFT_LOCK}${signed === '' ? '' : `, signed with the private half of ${draftIdentity(signer)}`}`,
          },
        ]),
    { command: `waybill policy explain ${policy}`, why: 'read what it demands' },
    {
      command: `waybill gate check ${named ?? 'IMAGE'} --policy ${policy} --evidence-out evidence.json`,
      why: 'decide about an image, and keep the evidence for waybill policy test',
    },
    {
      command: `waybill policy lint ${policy}`,
      why: 'after each change: explains mistakes, and prints the digest to pin',
    },
  ];
}

/** For a command that is shown, to be copied. */
function shellWord(text: string): string {
  return /^[A-Za-z0-9_./=:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
