import { ExitCode } from '../../core/index.ts';
import type { CountedFile, CountedFiles, LedgerFacts, Listed, UnreadPart } from '../../evidence/index.ts';
import { allowedBase, type AllowedBase } from '../base/allowed-base.ts';
import type { RuleContext } from '../context.ts';
import type { Basis, CheckResult } from '../decision.ts';
import { errored, failed, notCollected, passed, shortList } from '../outcome.ts';
import type { FilesCheck } from '../file/types.ts';

/** What the ledger of files says, each word of the rule by itself. */
export function checkFiles(context: RuleContext, check: FilesCheck): readonly CheckResult[] {
  const facts = context.platform.evidence.files;
  const base = allowedBase(context);
  return WORDS.flatMap((word) => {
    const limit = check[word.name];
    if (limit === undefined) return [];
    return [facts === undefined ? noFacts(context, word.name) : judge(context, word, { limit, facts, base })];
  });
}

/** A fact about files that was not collected, as an error of the check that needs it. */
export function noFacts(context: RuleContext, item: string, check: 'files' | 'image' = 'files'): CheckResult {
  return notCollected(context, ['resolve', 'manifest', 'layers', 'files'], {
    check,
    item,
    code: 'FILES_NOT_COLLECTED',
    reason: `what the files of ${context.platform.manifest} are was not collected`,
    remedy: 'collect the evidence again with this policy',
  });
}

/** One word of `files`: what it counts, and what makes the count uncertain. */
export interface FilesWord {
  readonly name: keyof FilesCheck;
  readonly code: string;
  readonly passedCode: string;
  /** One of them, and several. */
  readonly noun: readonly [string, string];
  readonly files: (facts: LedgerFacts) => CountedFiles;
  /** Whether what an allowed base has just the same does not count. */
  readonly beyondBase: boolean;
  /** What may make the count too low. */
  readonly unread: (facts: LedgerFacts) => readonly Listed<UnreadPart>[];
  /** What else may, in words. */
  readonly doubts?: (facts: LedgerFacts) => readonly string[];
  readonly remedy: string;
}

export const UNACCOUNTED: FilesWord = {
  name: 'unaccountedExecutables',
  code: 'FILES_UNACCOUNTED',
  passedCode: 'FILES_ACCOUNTED',
  noun: ['executable that nothing accounts for', 'executables that nothing accounts for'],
  files: (facts) => facts.unaccountedExecutables,
  beyondBase: true,
  unread: (facts) => [facts.unreadLayers],
  remedy:
    'install them from packages, or build them so that they say what they are made of; waybill image files lists them',
};

export const SETUID: FilesWord = {
  name: 'setuidBeyondBase',
  code: 'FILES_SETUID',
  passedCode: 'FILES_NO_NEW_SETUID',
  noun: ['privileged file (setuid, setgid or capabilities)', 'privileged files (setuid, setgid or capabilities)'],
  files: (facts) => facts.setuid,
  beyondBase: true,
  unread: (facts) => [facts.unreadLayers],
  remedy: 'take the privilege away (chmod a-s, setcap -r) in the layer that adds the file, or do not install it',
};

const WORDS: readonly FilesWord[] = [
  UNACCOUNTED,
  {
    name: 'modifiedPackageFiles',
    code: 'FILES_MODIFIED',
    passedCode: 'FILES_UNMODIFIED',
    noun: ['package file that is not as its package has it', 'package files that are not as their packages have them'],
    files: (facts) => facts.modifiedPackageFiles,
    beyondBase: false,
    unread: (facts) => [facts.unreadLayers, facts.unreadRecords],
    doubts: ({ notCompared, compared }) => [
      ...(notCompared > 0 ? [`${notCompared} files of packages were not compared`] : []),
      ...(compared === 0 ? ['no file could be compared with a record of its package'] : []),
    ],
    remedy:
      'reinstall the packages, and configure programs in files of their own; waybill image files --fail-on modified lists them',
  },
  SETUID,
];

interface Judged {
  readonly limit: number;
  readonly facts: LedgerFacts;
  readonly base: AllowedBase | undefined;
}

function judge(context: RuleContext, word: FilesWord, { limit, facts, base }: Judged): CheckResult {
  const { count, files, beside } = countBeyond(word.files(facts), word.beyondBase ? base : undefined);
  const what = { check: 'files', item: word.name } as const;
  if (count === undefined) return noFacts(context, word.name);
  const reason = `${count} ${word.noun[count === 1 ? 0 : 1]}${beside}, ${limit} allowed`;
  if (count > limit) {
    return failed({
      ...what,
      code: word.code,
      reason: `${reason}${namesOf(files, count)}`,
      basis: filesBasis(context, files, uncertainNotes(facts)),
      remedy: word.remedy,
    });
  }
  const unread = word.unread(facts).flatMap(({ items }) => items);
  const whys = [
    ...(unread.length > 0 ? [`${shortList(unread.map(unreadText))} could not be read`] : []),
    ...(word.doubts?.(facts) ?? []),
  ];
  if (whys.length === 0) return passed({ ...what, code: word.passedCode, reason, basis: filesBasis(context, files) });
  return errored(
    {
      ...what,
      code: 'FILES_UNCERTAIN',
      reason: `${reason}, but there may be more: ${whys.join('; ')}`,
      basis: { paths: unread.flatMap(({ path }) => (path === undefined ? [] : [path])) },
      remedy: 'build the image so that every layer and every package database can be read',
    },
    ExitCode.Input,
  );
}

/** Files that count against a base, as many as are listed; `count` is undefined when the evidence has none for this base. */
export function countBeyond(
  counted: CountedFiles,
  base: AllowedBase | undefined,
): { readonly count: number | undefined; readonly files: readonly CountedFile[]; readonly beside: string } {
  if (base === undefined) return { count: counted.count, files: counted.files, beside: '' };
  return {
    count: counted.beyond.find(({ layerCount }) => layerCount === base.layerCount)?.count,
    files: counted.files.filter(({ bases }) => !bases.includes(base.layerCount)),
    beside: ` that the base ${base.entry} does not have`,
  };
}

/** `: /a, /b and 3 more`, of a list that may hold fewer than there are; '' of an empty one. */
export function namesOf(files: readonly { readonly path: string }[], count: number): string {
  const names = files.slice(0, 5).map(({ path }) => path);
  if (names.length === 0) return '';
  const more = count - names.length;
  return `: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Paths and layers of files, with what made the layers. */
export function filesBasis(
  context: RuleContext,
  files: readonly { readonly path: string; readonly layer: number; readonly owner?: string; readonly mode?: number }[],
  notes: readonly string[] = [],
): Basis {
  const layers = [...new Set(files.map(({ layer }) => layer))].toSorted((a, b) => a - b);
  const history = layers.flatMap((layer) => {
    const command = context.platform.layers[layer]?.createdBy;
    return command === undefined ? [] : [`layer ${layer}: ${command.slice(0, 200)}`];
  });
  const owners = files.flatMap(({ path, owner, mode }) => {
    const said = [...(mode === undefined ? [] : [`mode ${mode.toString(8)}`]), ...(owner === undefined ? [] : [owner])];
    return said.length === 0 ? [] : [`${path}: ${said.join(', ')}`];
  });
  const all = [...history, ...owners.slice(0, MAX_OWNERS), ...notes];
  return { paths: files.map(({ path }) => path), layers, notes: all };
}

const MAX_OWNERS = 100;

/** What may make a count too high. */
function uncertainNotes({ unreadPackages }: LedgerFacts): readonly string[] {
  if (unreadPackages.count === 0) return [];
  return [
    `${unreadPackages.count} things that packages are told by could not be read, so that this may be too many: ${shortList(unreadPackages.items.map(unreadText))}`,
  ];
}

function unreadText({ code, path }: UnreadPart): string {
  return path === undefined ? code : `${path} (${code})`;
}
