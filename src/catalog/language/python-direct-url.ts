import { parseBoundedJson } from '../../core/index.ts';
import type { ContentHash } from '../../packages/index.ts';
import { asObject, asText, decodeText, publicUrl } from './json-fields.ts';

/** Where a distribution came from when not from an index. */
export interface PythonDirectUrl {
  /** Value of the purl qualifier `vcs_url`. */
  readonly vcsUrl?: string;
  readonly sourceUrl?: string;
  readonly downloadUrl?: string;
  /** Whether that address is one of the index's own. */
  readonly isIndexFile?: boolean;
  /** `sha256:…` of the archive (sdist or wheel), not of what is installed. */
  readonly archiveHash?: string;
  /** All that is known of that archive. */
  readonly archiveHashes?: readonly ContentHash[];
  /** Built from a folder of the machine: a working tree. */
  readonly isLocalFolder: boolean;
  readonly isEditable: boolean;
}

/** Where PyPI keeps what it publishes. */
const INDEX_FILE = /^https:\/\/(?:files\.pythonhosted\.org|pypi\.org)\//;
const SUBDIRECTORY = /^[\w.@/-]{1,256}$/;

/**
 * Reads `direct_url.json`. Hostile input; undefined when it is not one.
 * @see https://packaging.python.org/en/latest/specifications/direct-url-data-structure/
 */
export function parseDirectUrl(bytes: Uint8Array): PythonDirectUrl | undefined {
  let json: unknown;
  try {
    json = parseBoundedJson(decodeText(bytes));
  } catch {
    return undefined;
  }
  const object = asObject(json);
  const address = asText(object?.['url']);
  if (object === undefined || address === undefined) return undefined;
  const url = publicUrl(address);
  const vcs = asObject(object['vcs_info']);
  if (vcs !== undefined) return fromVersionControl(vcs, url, asText(object['subdirectory']));
  const archive = asObject(object['archive_info']);
  if (archive !== undefined) {
    const hash = archiveHash(archive);
    const hashes = archiveHashes(archive);
    return {
      ...(url === undefined ? {} : { downloadUrl: url, isIndexFile: INDEX_FILE.test(url) }),
      ...(hash === undefined ? {} : { archiveHash: hash }),
      ...(hashes.length === 0 ? {} : { archiveHashes: hashes }),
      isLocalFolder: false,
      isEditable: false,
    };
  }
  const folder = asObject(object['dir_info']);
  return folder === undefined ? undefined : { isLocalFolder: true, isEditable: folder['editable'] === true };
}

function fromVersionControl(
  vcs: Readonly<Record<string, unknown>>,
  url: string | undefined,
  subdirectory: string | undefined,
): PythonDirectUrl {
  const system = asText(vcs['vcs']);
  const commit = asText(vcs['commit_id']);
  const known = url !== undefined && system !== undefined && /^[a-z]{2,8}$/.test(system);
  const revision = commit === undefined ? '' : `@${commit}`;
  const part = subdirectory === undefined || !SUBDIRECTORY.test(subdirectory) ? '' : `#${subdirectory}`;
  return {
    ...(known ? { vcsUrl: `${system}+${url}${revision}${part}` } : {}),
    ...(url === undefined ? {} : { sourceUrl: url }),
    isLocalFolder: false,
    isEditable: false,
  };
}

function archiveHash(archive: Readonly<Record<string, unknown>>): string | undefined {
  const hashes = asObject(archive['hashes']);
  const sha256 = asText(hashes?.['sha256']);
  if (sha256 !== undefined) return /^[0-9a-f]{64}$/i.test(sha256) ? `sha256:${sha256.toLowerCase()}` : undefined;
  const old = /^sha256=([0-9a-f]{64})$/i.exec(asText(archive['hash']) ?? '')?.[1];
  return old === undefined ? undefined : `sha256:${old.toLowerCase()}`;
}

const ALGORITHMS = [
  ['md5', 'MD5', 32],
  ['sha1', 'SHA-1', 40],
  ['sha256', 'SHA-256', 64],
  ['sha384', 'SHA-384', 96],
  ['sha512', 'SHA-512', 128],
] as const;

/** `hashes`, or the one in the older field `hash`. */
function archiveHashes(archive: Readonly<Record<string, unknown>>): readonly ContentHash[] {
  const [, name = '', hex = ''] = /^(\w{1,16})=([0-9a-f]{1,128})$/i.exec(asText(archive['hash']) ?? '') ?? [];
  const hashes = asObject(archive['hashes']);
  return ALGORITHMS.flatMap(([key, algorithm, digits]) => {
    const value = (hashes === undefined ? (name === key ? hex : undefined) : asText(hashes[key]))?.toLowerCase();
    return value?.length === digits && /^[0-9a-f]+$/.test(value) ? [{ algorithm, hex: value }] : [];
  });
}
