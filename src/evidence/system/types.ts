import type { Listed } from '../listed.ts';
import type { UnreadPart } from '../ledger-facts.ts';

/** What the checks of an image's configuration and files look at, found in one look at its layers. Paths are absolute, layers count from 0 at the bottom. */
export interface SystemFacts {
  /** `os-release` of the final view; null without one that says an id. */
  readonly osRelease: OsRelease | null;
  readonly accounts: AccountFacts;
  /** How the image's own account files resolve the user of its configuration; null when it names none, or only a number that they do not know. */
  readonly user: UserFact | null;
  /** What starts when a container starts; null when the configuration names nothing. */
  readonly command: CommandFact | null;
  /** In any layer, those that upper layers hide included; by path, then layer. Values are never kept. */
  readonly secrets: Listed<SecretFact>;
  /** Files that look like secrets in folders of tests and examples of packages: not counted as secrets. */
  readonly exampleSecrets: number;
  /** What others than root may write in folders of the system and on PATH. */
  readonly writable: Listed<WritableFact>;
  /** Folders that variables of the configuration have programs look for code in. */
  readonly searched: Listed<SearchedFolder>;
  /** `/etc/ld.so.preload`, when it is there. */
  readonly preload: { readonly path: string; readonly layer: number } | null;
  /** Programs that an application seldom needs, where programs lie. */
  readonly tools: Listed<ToolFact>;
  /** What was copied in by mistake. */
  readonly junk: Listed<{ readonly path: string; readonly layer: number }>;
  /** What package managers left behind, by folder. */
  readonly caches: Listed<CacheFact>;
  /** Settings that have packages accepted from sources nobody signed. */
  readonly sources: Listed<SourceFact>;
  /** Of the final view: regular files, and their bytes. */
  readonly content: { readonly files: number; readonly bytes: number };
  /** What the pass over the layers could not read. */
  readonly unread: Listed<UnreadPart>;
}

/** @see https://www.freedesktop.org/software/systemd/man/os-release.html */
export interface OsRelease {
  /** In lower case. */
  readonly id: string;
  readonly versionId?: string;
  readonly name?: string;
}

export const FILE_STATES = ['read', 'absent', 'unreadable'] as const;
export type FileState = (typeof FILE_STATES)[number];

/** What /etc/passwd, /etc/shadow and /etc/group say. Anything that some C library may read as 0 counts as uid 0. */
export interface AccountFacts {
  readonly passwd: FileState;
  readonly shadow: FileState;
  readonly group: FileState;
  /** Names with uid 0 other than root. */
  readonly rootNames: Listed<string>;
  /** Accounts that an empty password lets in. */
  readonly emptyPasswords: Listed<string>;
  /** `name`, `uid` or `gid` and what more than one line has. */
  readonly duplicates: Listed<{ readonly what: 'name' | 'uid' | 'group' | 'gid'; readonly value: string }>;
}

export interface UserFact {
  /** As the configuration names it, without the group. */
  readonly name: string;
  /** Null: /etc/passwd has no such name, or cannot be read. */
  readonly uid: number | null;
}

export const COMMAND_PROBLEMS = ['missing', 'not-a-file', 'not-executable', 'no-interpreter'] as const;

export interface CommandFact {
  /** The first word, as written. */
  readonly program: string;
  /** Where it leads, links followed; null when it leads nowhere. */
  readonly path: string | null;
  /** Null: it can be started as far as the files tell. */
  readonly problem: (typeof COMMAND_PROBLEMS)[number] | null;
  /** The interpreter of a script, where it was read. */
  readonly interpreter?: string;
}

export const SECRET_KINDS = [
  'private-key',
  'ssh-host-key',
  'key-store',
  'environment-file',
  'npm-token',
  'python-index-password',
  'netrc-password',
  'registry-credential',
  'aws-secret-key',
  'kubernetes-credential',
  'git-credential',
  'google-credential',
] as const;
export type SecretKind = (typeof SECRET_KINDS)[number];

export interface SecretFact {
  readonly path: string;
  readonly kind: SecretKind;
  readonly layer: number;
  /** The layer that deleted or replaced it; absent when a container sees it. */
  readonly removedInLayer?: number;
}

export interface WritableFact {
  readonly path: string;
  readonly layer: number;
  /** `world`: anybody may write it. `user`: the user that the image runs as. */
  readonly by: 'world' | 'user';
  readonly onPath: boolean;
}

export interface SearchedFolder {
  /** `LD_LIBRARY_PATH` and the like. */
  readonly variable: string;
  readonly path: string;
  readonly state: 'world-writable' | 'user-writable' | 'absent' | 'protected';
}

export const TOOL_KINDS = ['package-manager', 'shell', 'network', 'compiler', 'debugger', 'privilege'] as const;
export type ToolKind = (typeof TOOL_KINDS)[number];

export interface ToolFact {
  readonly path: string;
  readonly kind: ToolKind;
  readonly layer: number;
}

export interface CacheFact {
  /** The folder. */
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
  /** Of the topmost of its files. */
  readonly layer: number;
}

export interface SourceFact {
  readonly path: string;
  readonly layer: number;
  /** The setting, by name: `trusted=yes`. */
  readonly setting: string;
}
