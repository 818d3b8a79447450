import type { Package } from '../../packages/index.ts';
import { publicUrl } from './json-fields.ts';
import { optional } from './record.ts';

/** What an installer's word for where a package came from means for the package. */
export type NpmSource = Pick<Package, 'qualifiers' | 'sourceUrl' | 'downloadUrl'>;

/** `git@host:owner/name.git`, as Git itself also takes it. */
const SCP = /^(?:git\+)?(?:ssh:\/\/)?(git@[\w.-]{1,253}):(?!\d{1,5}\/)([\w.~/-]{1,512})$/;
const ARCHIVE_NAME = /\.(?:tgz|tar\.gz|tar)$/i;
const REVISION = /^[\w./-]{1,128}$/;
/** What Git hosts make of a commit: pnpm and Yarn fetch that for a repository. */
const ARCHIVES: readonly (readonly [RegExp, string])[] = [
  [/^https:\/\/codeload\.github\.com\/([\w.-]+\/[\w.-]+)\/(?:legacy\.)?tar\.gz\/([0-9a-f]{7,64})$/, 'github.com'],
  [/^https:\/\/bitbucket\.org\/([\w.-]+\/[\w.-]+)\/get\/([0-9a-f]{7,64})\.tar\.gz$/, 'bitbucket.org'],
  [
    /^https:\/\/gitlab\.com\/api\/v4\/projects\/([\w.-]+%2[Ff][\w.-]+)\/repository\/archive\.tar\.gz\?(?:ref|sha)=([0-9a-f]{7,64})$/,
    'gitlab.com',
  ],
];

/**
 * Reads `resolved` of a lockfile, or what says the same: an address of a registry says nothing new, one of a repository (`git+ssh://…#commit`) or of any
 * other archive becomes a qualifier, since a name and version from there are not those of a registry.
 * @see https://github.com/package-url/purl-spec/blob/main/docs/known-qualifiers.md
 */
export function npmSource(resolved: string | undefined): NpmSource {
  if (resolved === undefined) return {};
  const archive = ARCHIVES.map(([pattern, host]) => [pattern.exec(resolved), host] as const).find(([match]) => match);
  if (archive !== undefined) {
    const [match, host] = archive;
    const address = `git+https://${host}/${decodeURIComponent(match?.[1] ?? '')}.git`;
    return { qualifiers: { vcs_url: `${address}@${match?.[2]}` }, sourceUrl: address, downloadUrl: resolved };
  }
  const git = gitAddress(resolved);
  if (git !== undefined) {
    const { address, revision } = git;
    const vcsUrl = revision === undefined ? address : `${address}@${revision}`;
    return { qualifiers: { vcs_url: vcsUrl }, sourceUrl: revision === undefined ? address : `${address}#${revision}` };
  }
  const downloadUrl = publicUrl(resolved);
  const isOther = downloadUrl !== undefined && isOtherArchive(downloadUrl);
  return { ...optional('downloadUrl', downloadUrl), ...(isOther ? { qualifiers: { download_url: downloadUrl } } : {}) };
}

/** Copied from a folder of the machine: a part of the project, not something published. */
export function isNpmFolder(resolved: string | undefined): boolean {
  return resolved !== undefined && resolved.startsWith('file:') && !ARCHIVE_NAME.test(resolved);
}

/** The form of SPDX: `git+<transport>://<host>/<path>`, and the revision. */
function gitAddress(resolved: string): { readonly address: string; readonly revision?: string } | undefined {
  const hash = resolved.indexOf('#');
  const place = hash === -1 ? resolved : resolved.slice(0, hash);
  const scp = SCP.exec(place);
  if (scp === null && !/^git[+:]/.test(place)) return undefined;
  const plain = scp === null ? place : `git+ssh://${scp[1]}/${scp[2]}`;
  const address = publicUrl(plain.startsWith('git:') ? `git+${plain}` : plain);
  if (address === undefined) return undefined;
  const revision = hash === -1 ? '' : resolved.slice(hash + 1);
  return { address, ...(REVISION.test(revision) ? { revision } : {}) };
}

/** Registries have `/-/` before the name of a file; those that have not, have none of the names that archives get elsewhere. */
function isOtherArchive(address: string): boolean {
  const { pathname } = new URL(address);
  return ARCHIVE_NAME.test(pathname) && !pathname.includes('/-/');
}
