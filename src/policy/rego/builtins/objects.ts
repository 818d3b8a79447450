import type { HostBuiltin } from './contract.ts';
import { isList, sameTerm, writeTerm, type RegoObject, type RegoSet, type Term } from './term.ts';

/** @see https://www.openpolicyagent.org/docs/policy-reference/builtins/object */
export const objectSubset: HostBuiltin = {
  name: 'object.subset',
  call: (whole, part) => (whole === undefined || part === undefined ? undefined : isSubset(whole, part)),
};

function isSubset(whole: Term, part: Term): boolean | undefined {
  if (isObject(whole) && isObject(part)) return objectHolds(whole, part);
  if (isSet(whole) && isSet(part)) return setHolds(whole.set, part.set);
  if (isListTerm(whole) && isListTerm(part)) return listHolds(whole, part);
  if (isListTerm(whole) && isSet(part)) return listHoldsSet(whole, part.set);
  return undefined;
}

function objectHolds(whole: RegoObject, part: RegoObject): boolean {
  const values = new Map(whole.entries.map(([key, value]) => [writeTerm(key), value]));
  return part.entries.every(([key, value]) => {
    const own = values.get(writeTerm(key));
    if (own === undefined) return false;
    if (sameTerm(own, value)) return true;
    if (isListTerm(own) && isSet(value)) return false;
    return isSubset(own, value) === true;
  });
}

function setHolds(whole: readonly Term[], part: readonly Term[]): boolean {
  const known = new Set(whole.map(writeTerm));
  return part.every((item) => known.has(writeTerm(item)));
}

/** As many members of the array are in the set as the set has; an empty array holds none. (An item that the array repeats counts again, as in OPA.) */
function listHoldsSet(whole: readonly Term[], part: readonly Term[]): boolean {
  const wanted = new Set(part.map(writeTerm));
  return whole.length > 0 && whole.filter((item) => wanted.has(writeTerm(item))).length >= part.length;
}

/** The part must stand in the whole, in one piece. */
function listHolds(whole: readonly Term[], part: readonly Term[]): boolean {
  const texts = whole.map(writeTerm);
  const wanted = part.map(writeTerm);
  return Array.from({ length: Math.max(0, texts.length - wanted.length + 1) }, (_, start) => start).some((start) =>
    wanted.every((text, offset) => texts[start + offset] === text),
  );
}

function isListTerm(term: Term): term is readonly Term[] {
  return isList(term);
}

function isSet(term: Term): term is RegoSet {
  return typeof term === 'object' && term !== null && 'set' in term;
}

function isObject(term: Term): term is RegoObject {
  return typeof term === 'object' && term !== null && !isList(term) && 'entries' in term;
}
