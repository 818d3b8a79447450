import { isLoopbackHost, hostOf } from '../../net/index.ts';
import { readInputFile } from '../../core/index.ts';
import { tufError } from './errors.ts';
import { TUF_LIMITS } from './limits.ts';
import type { TufOptions } from './types.ts';

/** A repository with the root that trust starts from. */
export interface TufRepository {
  /** Without a slash at the end. */
  readonly mirror: string;
  readonly anchor: Uint8Array;
  /** Files that ship with waybill, by name. */
  readonly seeds: ReadonlyMap<string, Uint8Array>;
}

const PUBLIC_GOOD = 'https://tuf-repo-cdn.sigstore.dev';
const GITHUB = 'https://tuf-repo.github.com';

const NAMES: Readonly<Record<string, string>> = { 'public-good': PUBLIC_GOOD, github: GITHUB };

/**
 * The repository that options name.
 * @throws AppError TUF_MIRROR_INVALID, TUF_ROOT_REQUIRED, and those of reading a file
 */
export async function findRepository({
  mirror = 'public-good',
  rootFile,
  rootBytes,
}: Pick<TufOptions, 'mirror' | 'rootFile' | 'rootBytes'>): Promise<TufRepository> {
  const url = parseMirror(Object.hasOwn(NAMES, mirror) ? (NAMES[mirror] ?? mirror) : mirror);
  if (rootBytes !== undefined) return { mirror: url, anchor: rootBytes, seeds: new Map() };
  if (rootFile !== undefined) {
    return { mirror: url, anchor: await readInputFile(rootFile, TUF_LIMITS.metadataBytes.root), seeds: new Map() };
  }
  if (url === PUBLIC_GOOD) return publicGood();
  if (url === GITHUB) return github();
  throw tufError('TUF_ROOT_REQUIRED', `waybill knows no root for ${url}`, {
    hint: 'give its root metadata, from a place you trust, with --tuf-root FILE',
  });
}

/** https, or http on this machine; nothing that could carry a secret or cut a path. */
function parseMirror(text: string): string {
  const url = URL.parse(text);
  const refuse = (why: string): Error => tufError('TUF_MIRROR_INVALID', `the TUF mirror ${why}`);
  if (url === null) throw refuse(`${JSON.stringify(text.slice(0, 200))} is not a URL`);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(hostOf(url))))
    throw refuse(`${url.protocol}//${url.host} is not https (plain http is for loopback only)`);
  if (url.username !== '' || url.password !== '') throw refuse('has a user name in its URL');
  if (url.search !== '' || url.hash !== '') throw refuse('has a query or fragment in its URL');
  return url.href.replace(/\/{1,8}$/, '');
}

/** Root and trusted root as @sigstore/tuf ships them. */
async function publicGood(): Promise<TufRepository> {
  const { default: repositories } = await import('@sigstore/tuf/seeds.json', { with: { type: 'json' } });
  const { 'root.json': root, targets } = repositories[PUBLIC_GOOD];
  return {
    mirror: PUBLIC_GOOD,
    anchor: Buffer.from(root, 'base64'),
    seeds: new Map([['trusted_root.json', Buffer.from(targets['trusted_root.json'], 'base64')]]),
  };
}

async function github(): Promise<TufRepository> {
  const { default: root } = await import('./seeds/github-root.json', { with: { type: 'json' } });
  return { mirror: GITHUB, anchor: Buffer.from(JSON.stringify(root)), seeds: new Map() };
}
