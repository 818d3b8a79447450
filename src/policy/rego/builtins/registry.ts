import type { HostBuiltin } from './contract.ts';
import { objectSubset } from './objects.ts';
import { regexFindN, regexReplace, regexSplit } from './regexps.ts';
import {
  anyPrefixMatch,
  anySuffixMatch,
  hexDecode,
  hexEncode,
  indexOfN,
  sha256,
  sprintf,
  stringsCount,
} from './text.ts';
import { addDate, clockOf, dateOf, parseDurationNs, parseRfc3339Ns, weekdayOf } from './time.ts';
import { semverCompare, semverIsValid } from './versions.ts';

/** Every built-in that compiled policies may leave to us, by name. */
export const HOST_BUILTINS: readonly HostBuiltin[] = [
  addDate,
  anyPrefixMatch,
  anySuffixMatch,
  clockOf,
  dateOf,
  hexDecode,
  hexEncode,
  indexOfN,
  objectSubset,
  parseDurationNs,
  parseRfc3339Ns,
  regexFindN,
  regexReplace,
  regexSplit,
  semverCompare,
  semverIsValid,
  sha256,
  sprintf,
  stringsCount,
  weekdayOf,
];
