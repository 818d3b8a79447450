import { ExitCode } from '../../../core/index.ts';
import { countBeyond, namesOf, SETUID, UNACCOUNTED, type FilesWord } from '../check-files.ts';
import { shortList } from '../../outcome.ts';
import {
  met,
  unknown,
  violated,
  type CollectedFacts,
  type ImageCheckInput,
  type ImageVerdict,
  type NamedImageCheck,
} from './contract.ts';

/** None of the files that a word of `files` counts, beyond the allowed base. */
function noneOf(word: FilesWord, { files, base }: ImageCheckInput & CollectedFacts): ImageVerdict {
  const counted = countBeyond(word.files(files), base);
  if (counted.count === undefined) {
    return unknown('FILES_NOT_COLLECTED', 'what of the files the base has was not collected', {
      exitCode: ExitCode.Input,
      remedy: 'collect the evidence again with this policy',
    });
  }
  const reason = `${counted.count} ${word.noun[counted.count === 1 ? 0 : 1]}${counted.beside}`;
  if (counted.count > 0) {
    return violated(`${reason}${namesOf(counted.files, counted.count)}`, {
      remedy: word.remedy,
      places: counted.files,
    });
  }
  const unread = word.unread(files).flatMap(({ items }) => items);
  if (unread.length === 0) return met(reason);
  return unknown(
    'FILES_UNCERTAIN',
    `${reason}, but ${shortList(unread.map(({ path, code }) => path ?? code))} could not be read`,
    {
      exitCode: ExitCode.Input,
      remedy: 'build the image so that every layer can be read',
    },
  );
}

export const SETUID_FILES: NamedImageCheck = {
  id: 'IMG008',
  title: 'has no setuid or setgid files, nor files with capabilities, beyond its base',
  severity: 'medium',
  defaultMode: 'warn',
  references: ['CIS Docker 4.8', 'CIS-DI-0008'],
  needs: ['files'],
  evaluate: (input) => noneOf(SETUID, input),
};

export const DARK_EXECUTABLES: NamedImageCheck = {
  id: 'IMG024',
  title: 'has no executables that nothing accounts for',
  severity: 'high',
  defaultMode: 'warn',
  references: ['apko#448'],
  needs: ['files'],
  evaluate: (input) => noneOf(UNACCOUNTED, input),
};

export const STRIPPED_INVENTORY: NamedImageCheck = {
  id: 'IMG025',
  title: 'keeps its package databases whole',
  severity: 'high',
  defaultMode: 'deny',
  references: ['syft#3980'],
  needs: ['files', 'base'],
  evaluate: ({ files, base, platform }) => {
    const { items, count } = files.stripped;
    const comparison = platform.evidence.comparisons.find(({ layerCount }) => layerCount === base?.layerCount);
    if (base !== undefined && comparison === undefined) {
      return unknown('COMPARISON_NOT_COLLECTED', 'the package databases were not compared with those of the base', {
        exitCode: ExitCode.Input,
        remedy: 'collect the evidence again with this policy',
      });
    }
    const altered = (comparison?.packages ?? []).filter(
      ({ before, after }) => after === undefined || after.version === before.version,
    );
    const found = [
      ...items.map(({ kind, path }) => `${path}: ${STRIPPED_WORDS[kind]}`),
      ...(comparison?.lostDatabases ?? []).map(
        (path) => `/${path}: the base has it, the image has none that can be read`,
      ),
      ...altered.map(
        ({ before, after }) =>
          `/${before.database}: the record of ${before.name} ${before.version} was ${after === undefined ? 'removed' : 'altered'}`,
      ),
    ];
    if (found.length === 0) return met('no package database and no record of a base package was removed or altered');
    const more = count > items.length ? `, and ${count - items.length} more` : '';
    return violated(`the inventory of packages was stripped: ${shortList(found, 3)}${more}`, {
      remedy: 'leave package databases as the package manager writes them',
      places: items,
      notes: found,
    });
  },
};

const STRIPPED_WORDS = {
  'database-removed': 'a package database that an upper layer deleted',
  'orphaned-list': 'the list of files of a package that no database knows',
  'orphaned-copyright': 'left by a package that no database knows',
} as const;
