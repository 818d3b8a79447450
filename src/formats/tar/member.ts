import { LIMITS } from '../../core/index.ts';
import { tarError } from './errors.ts';
import { toId, type RawHeader } from './header.ts';
import type { PaxRecords } from './pax.ts';
import { normalizePath } from './path.ts';
import type { SparseMap } from './sparse.ts';
import type { TarEntryType } from './writer.ts';

/** One member as its headers describe it, long names and pax records applied. */
export interface TarMember {
  /** Normalised: no leading or trailing slash, no `.` or `..`; '' is the root. */
  readonly path: string;
  readonly type: TarEntryType;
  /** 07777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch, fractions kept. */
  readonly mtime: number;
  /** Size of the content; of a sparse file with its holes. */
  readonly sizeBytes: number;
  /** A symbolic link's target as written; a hard link's target normalised like `path`. */
  readonly linkTarget?: string;
  readonly xattrs?: Readonly<Record<string, Uint8Array>>;
  readonly sparse: boolean;
  /** Where the stored content begins in the archive, and its stored length. */
  readonly contentOffset: number;
  readonly storedBytes: number;
}

/** What came before the header block that is about the same member. A reader has one, used for all its members. */
export interface MemberContext {
  pax: PaxRecords | undefined;
  global: PaxRecords | undefined;
  longName: string | undefined;
  longLink: string | undefined;
  sparse: SparseMap | undefined;
  storedBytes: number;
  contentOffset: number;
}

export function emptyContext(): MemberContext {
  return {
    pax: undefined,
    global: undefined,
    longName: undefined,
    longLink: undefined,
    sparse: undefined,
    storedBytes: 0,
    contentOffset: 0,
  };
}

const MEMBER_TYPES: Readonly<Record<number, TarEntryType>> = {
  0: 'file',
  0x30: 'file',
  0x31: 'hardlink',
  0x32: 'symlink',
  0x33: 'character-device',
  0x34: 'block-device',
  0x35: 'directory',
  0x36: 'fifo',
  // contiguous file
  0x37: 'file',
  // GNU sparse file
  0x53: 'file',
};

/**
 * Puts a member together from its header block and the extended headers before it.
 * @throws AppError TAR_MALFORMED, TAR_LIMIT, TAR_PATH_ESCAPE
 */
export function assembleMember(raw: RawHeader, context: Readonly<MemberContext>): TarMember {
  const { pax, global, sparse } = context;
  const name = context.longName ?? pax?.sparse?.name ?? pax?.path ?? global?.path ?? raw.name;
  const path = normalizePath(name);
  const type = memberType(raw, name);
  const isFile = type === 'file';
  if (path === '' && type !== 'directory') throw tarError('TAR_MALFORMED', `a ${type} without a name`);
  const linkTarget = memberLink(type, context.longLink ?? pax?.linkPath ?? global?.linkPath ?? raw.linkName, path);
  const xattrs = pax?.xattrs ?? global?.xattrs;
  // a literal with spreads takes several times as long, and there may be millions
  const member: { -readonly [K in keyof TarMember]: TarMember[K] } = {
    path,
    type,
    mode: raw.mode,
    uid: numberOr(pax?.uid ?? global?.uid, raw.uid),
    gid: numberOr(pax?.gid ?? global?.gid, raw.gid),
    mtime: pax?.mtime ?? global?.mtime ?? raw.mtime,
    sizeBytes: isFile ? (sparse?.realBytes ?? context.storedBytes) : 0,
    sparse: sparse !== undefined,
    contentOffset: context.contentOffset,
    // runtimes ignore the size that some writers give links, directories and devices
    storedBytes: isFile ? context.storedBytes : 0,
  };
  if (linkTarget !== undefined) member.linkTarget = linkTarget;
  if (xattrs !== undefined) member.xattrs = xattrs;
  return member;
}

function numberOr(id: number | undefined, raw: number): number {
  return id === undefined ? raw : toId(id);
}

function memberType(raw: RawHeader, name: string): TarEntryType {
  const type = MEMBER_TYPES[raw.flag];
  if (type === undefined) {
    throw tarError('TAR_MALFORMED', `${JSON.stringify(name)} is of the unknown type 0x${raw.flag.toString(16)}`);
  }
  // v7 knew no directories
  return raw.flag === 0 && name.endsWith('/') ? 'directory' : type;
}

function memberLink(type: TarEntryType, link: string, path: string): string | undefined {
  if (type !== 'symlink' && type !== 'hardlink') return undefined;
  if (link === '') throw tarError('TAR_MALFORMED', `the ${type} ${JSON.stringify(path)} has no target`);
  if (type === 'hardlink') return normalizePath(link);
  if (link.length > LIMITS.pathBytes) {
    throw tarError('TAR_LIMIT', `the target of ${JSON.stringify(path)} has ${link.length} characters`);
  }
  return link;
}
