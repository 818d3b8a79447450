import { ADD_USED, PRIVILEGE_TOOLS, UNTRUSTED_SOURCE, UPDATE_ALONE } from './build-steps.ts';
import { DEPLOYED_TAG, EXPOSED_PORT, HEALTHCHECK, SECRETS, SYSTEM_VOLUME } from './config-checks.ts';
import { CACHES, JUNK, PRELOADS, UNNEEDED_TOOLS, WRITABLE } from './contents.ts';
import type { ImageCheckInfo, NamedImageCheck } from './contract.ts';
import { DARK_EXECUTABLES, SETUID_FILES, STRIPPED_INVENTORY } from './files.ts';
import { END_OF_LIFE, SIZE_AND_ORIGIN } from './lifecycle.ts';
import { ALLOWED_BASE, SAME_PLATFORMS, SIGNED } from './relations.ts';
import { STARTS } from './start.ts';
import { DUPLICATE_ACCOUNTS, EMPTY_PASSWORD, NAMED_USER, ROOT_USER } from './user.ts';

/** All named checks, by id. */
const IMAGE_CHECKS: readonly NamedImageCheck[] = [
  ROOT_USER,
  NAMED_USER,
  ALLOWED_BASE,
  UNNEEDED_TOOLS,
  PRIVILEGE_TOOLS,
  HEALTHCHECK,
  UPDATE_ALONE,
  SETUID_FILES,
  ADD_USED,
  SECRETS,
  UNTRUSTED_SOURCE,
  SIGNED,
  SYSTEM_VOLUME,
  CACHES,
  DEPLOYED_TAG,
  EMPTY_PASSWORD,
  DUPLICATE_ACCOUNTS,
  JUNK,
  WRITABLE,
  EXPOSED_PORT,
  PRELOADS,
  END_OF_LIFE,
  SIZE_AND_ORIGIN,
  DARK_EXECUTABLES,
  STRIPPED_INVENTORY,
  STARTS,
  SAME_PLATFORMS,
];

const BY_ID: ReadonlyMap<string, NamedImageCheck> = new Map(IMAGE_CHECKS.map((check) => [check.id, check]));

/** The check of an id; undefined for one that does not exist. */
export function imageCheck(id: string): NamedImageCheck | undefined {
  return BY_ID.get(id);
}

/** All named checks, for lists and help. */
export function listImageChecks(): readonly ImageCheckInfo[] {
  return IMAGE_CHECKS.map((check) => {
    const { evaluate: _, ...info } = check;
    return info;
  });
}
