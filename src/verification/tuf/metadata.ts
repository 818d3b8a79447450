import type * as TufModels from '@tufjs/models';
import type { Metadata, Root, Snapshot, Targets, Timestamp } from '@tufjs/models';
import { isAppError, parseStrictJson, type JsonValue } from '../../core/index.ts';
import { tufError } from './errors.ts';
import { TUF_LIMITS } from './limits.ts';

/** The library of TUF's formats and signatures; loaded when it is needed. */
export type Models = typeof TufModels;

export const loadModels = (): Promise<Models> => import('@tufjs/models');

interface Signed {
  readonly root: Metadata<Root>;
  readonly timestamp: Metadata<Timestamp>;
  readonly snapshot: Metadata<Snapshot>;
  readonly targets: Metadata<Targets>;
}

export type RoleName = keyof Signed;

/** Metadata of one role as it came, and as it was read. */
export interface Document<Role extends RoleName> {
  readonly bytes: Uint8Array;
  readonly metadata: Signed[Role];
  readonly version: number;
  readonly expires: Date;
}

/**
 * Reads metadata of one role. Hostile input: whatever is wrong with it is one of two errors. No signature is checked here.
 * @throws AppError TUF_TOO_LARGE, TUF_METADATA_INVALID
 * @see https://theupdateframework.github.io/specification/v1.0.33/#metadata
 */
export function parseMetadata<Role extends RoleName>(models: Models, role: Role, bytes: Uint8Array): Document<Role> {
  const maxBytes = TUF_LIMITS.metadataBytes[role];
  if (bytes.byteLength > maxBytes) {
    throw tufError('TUF_TOO_LARGE', `${role} metadata is ${bytes.byteLength} bytes, more than the ${maxBytes} allowed`);
  }
  try {
    const value = parseStrictJson(bytes, `${role} metadata`, { maxBytes, maxDepth: TUF_LIMITS.depth });
    const metadata = readers(models)[role](checkMembers(value));
    const { version } = metadata.signed;
    if (!Number.isSafeInteger(version) || version < 1) throw new TypeError(`its version is ${String(version)}`);
    if (metadata.signed instanceof models.Root) checkRoles(metadata.signed);
    return { bytes, metadata, version, expires: parseExpires(metadata.signed.expires) };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = isAppError(cause) ? why : `${role} metadata cannot be read: ${why}`;
    throw tufError('TUF_METADATA_INVALID', message.slice(0, 500), { cause });
  }
}

type JsonObject = { readonly [key: string]: JsonValue };

function readers(models: Models): { readonly [Role in RoleName]: (value: JsonObject) => Signed[Role] } {
  const { Metadata: reader, MetadataKind: kind } = models;
  type Input = Parameters<typeof reader.fromJSON>[1];
  return {
    root: (value) => reader.fromJSON(kind.Root, value as Input),
    timestamp: (value) => reader.fromJSON(kind.Timestamp, value as Input),
    snapshot: (value) => reader.fromJSON(kind.Snapshot, value as Input),
    targets: (value) => reader.fromJSON(kind.Targets, value as Input),
  };
}

/** The library copies objects once for each member: time grows with the square of their number. */
function checkMembers(value: JsonValue): JsonObject {
  const pending: (JsonValue | undefined)[] = [value];
  while (pending.length > 0) {
    const item = pending.pop();
    if (typeof item !== 'object' || item === null) continue;
    const members = Object.values(item);
    if (members.length > TUF_LIMITS.members) throw new TypeError(`more than ${TUF_LIMITS.members} members in one list`);
    for (const member of members) pending.push(member);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('it is no object');
  return value as JsonObject;
}

/** The library compares key ids; two ids of one key must not count as two signers, and a threshold is a whole number. */
function checkRoles(root: Root): void {
  for (const [name, role] of Object.entries(root.roles)) {
    if (!Number.isSafeInteger(role.threshold) || role.threshold < 1)
      throw new TypeError(`the threshold of ${name} is ${role.threshold}`);
    const keys = role.keyIDs.flatMap((id) => (Object.hasOwn(root.keys, id) ? [root.keys[id]?.keyVal['public']] : []));
    const distinct = new Set(keys.map((key) => (key ?? '').replaceAll(/\s/g, '')));
    if (distinct.size !== keys.length) throw new TypeError(`${name} lists one key under two names`);
    if (distinct.size < role.threshold) throw new TypeError(`${name} has fewer keys than its threshold`);
  }
}

/** A date that is none would never be in the past. */
function parseExpires(text: string): Date {
  const time = new Date(text);
  const stated = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/.test(text);
  if (!stated || Number.isNaN(time.getTime())) throw new TypeError('it does not say when it expires');
  return time;
}
