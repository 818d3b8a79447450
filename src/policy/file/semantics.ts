import { PREDICATE_TYPES } from '../../attestation/index.ts';
import { isKnownPredicateType, wantsProvenance } from '../signers/predicate-types.ts';
import type { PolicyProblem } from './problem.ts';
import { sayAs, type Say } from './say.ts';
import { EXTENSION_NAMES, extensionName } from '../signers/signers.ts';
import type { SourcePosition } from './source-tree.ts';
import type { BaseEntry, Policy, PolicyException, PolicyIdentity, PolicyRule } from './types.ts';

/** Words of a rule that are checks; a rule has at least one. */
export const CHECK_WORDS = [
  'signatures',
  'attestations',
  'base',
  'buildInputs',
  'components',
  'files',
  'image',
  'rego',
  'vsa',
] as const satisfies readonly (keyof PolicyRule)[];

/** What the shape alone cannot say: names that lead nowhere, thresholds that cannot be met, words that contradict each other. */
export function semanticProblems(
  policy: Policy,
  positions: ReadonlyMap<string, SourcePosition>,
): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const say = sayAs('error', problems, positions);
  for (const [name, identity] of policy.identities ?? []) checkIdentity(`identities.${name}`, identity, say);
  checkBases(policy, say);
  checkUnique('rules', policy.rules, say);
  for (const [index, rule] of policy.rules.entries()) checkRule(`rules[${index}]`, rule, policy, say);
  checkExceptions('exceptions', policy.exceptions ?? [], policy, say);
  return problems;
}

/**
 * What is wrong with exceptions that shall stand in place of a policy's own.
 * @param place where they stand in their document
 */
export function exceptionProblems(
  exceptions: readonly PolicyException[],
  policy: Policy,
  place: { readonly path: string; readonly positions: ReadonlyMap<string, SourcePosition> },
): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  checkExceptions(place.path, exceptions, policy, sayAs('error', problems, place.positions));
  return problems;
}

function checkExceptions(path: string, exceptions: readonly PolicyException[], policy: Policy, say: Say): void {
  for (const [index, exception] of exceptions.entries()) checkException(`${path}[${index}]`, exception, policy, say);
}

function checkUnique(path: string, items: readonly { readonly name: string }[], say: Say): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    if (seen.has(item.name))
      say(`${path}[${index}].name`, 'POLICY_DUPLICATE_NAME', `${path} has two entries named "${item.name}"`);
    seen.add(item.name);
  }
}

function checkIdentity(path: string, identity: PolicyIdentity, say: Say): void {
  const keyless = identity.issuer ?? identity.subject ?? identity.subjectRegexp ?? identity.extensions;
  if (identity.key !== undefined && keyless !== undefined) {
    say(path, 'POLICY_BAD_VALUE', `${path} is both a key and a keyless identity`, 'make two identities of it');
  } else if (identity.key === undefined) {
    if (identity.issuer === undefined) {
      say(path, 'POLICY_MISSING_KEY', `${path} needs "key", or "issuer" with "subject" or "subjectRegexp"`);
    } else if ((identity.subject === undefined) === (identity.subjectRegexp === undefined)) {
      say(path, 'POLICY_MISSING_KEY', `${path} needs either "subject" or "subjectRegexp"`);
    }
  }
  checkExtensions(`${path}.extensions`, identity, say);
}

function checkExtensions(path: string, { extensions }: PolicyIdentity, say: Say): void {
  const seen = new Map<string, string>();
  for (const key of extensions?.keys() ?? []) {
    const name = extensionName(key);
    const place = `${path}.${key}`;
    if (name === undefined) {
      say(
        place,
        'POLICY_UNKNOWN_NAME',
        `${path}: no certificate extension is called "${key}"`,
        `known extensions: ${EXTENSION_NAMES.join(', ')}`,
      );
      continue;
    }
    const other = seen.get(name);
    if (other !== undefined)
      say(place, 'POLICY_DUPLICATE_NAME', `${path}: "${key}" and "${other}" are the same extension`);
    seen.set(name, key);
  }
}

function checkBases(policy: Policy, say: Say): void {
  const { bases } = policy;
  if (bases === undefined) return;
  checkUnique('bases.entries', bases.entries, say);
  checkIdentityNames('bases.lockSignedBy', bases.lockSignedBy, policy, say);
  if (bases.lock === undefined && (bases.lockSignedBy !== undefined || bases.lockHead !== undefined)) {
    say('bases', 'POLICY_MISSING_KEY', 'bases pins a lock but names none', 'add "lock: bases.lock.jsonl"');
  }
  for (const [index, entry] of bases.entries.entries()) checkEntry(`bases.entries[${index}]`, entry, policy, say);
}

/** Which words mean something for which kind of entry. */
const ENTRY_WORDS = {
  image: ['name', 'kind', 'image', 'tags', 'history', 'signedBy', 'upgrades', 'squashed'],
  scratch: ['name', 'kind', 'builtBy'],
  packages: ['name', 'kind', 'purls', 'signedBy'],
} as const satisfies Readonly<Record<string, readonly (keyof BaseEntry)[]>>;

const ENTRY_NEEDS = { image: ['image'], scratch: ['builtBy'], packages: ['purls', 'signedBy'] } as const;

function checkEntry(path: string, entry: BaseEntry, policy: Policy, say: Say): void {
  const kind = entry.kind ?? 'image';
  const words: readonly string[] = ENTRY_WORDS[kind];
  for (const word of Object.keys(entry)) {
    if (!words.includes(word))
      say(`${path}.${word}`, 'POLICY_BAD_VALUE', `${path}: "${word}" means nothing for an entry of kind ${kind}`);
  }
  for (const word of ENTRY_NEEDS[kind]) {
    if (!Object.hasOwn(entry, word)) say(path, 'POLICY_MISSING_KEY', `${path} (kind ${kind}) needs the key "${word}"`);
  }
  checkIdentityNames(`${path}.signedBy`, entry.signedBy, policy, say);
  checkIdentityNames(`${path}.builtBy`, entry.builtBy, policy, say);
  if (kind === 'image' && policy.bases?.lock === undefined) {
    say(
      path,
      'POLICY_MISSING_KEY',
      `${path} is an image, but bases has no "lock" to match with`,
      'add "lock: bases.lock.jsonl" and run waybill base lock',
    );
  }
}

function checkRule(path: string, rule: PolicyRule, policy: Policy, say: Say): void {
  checkSaysSomething(path, rule, say);
  if (rule.signatures !== undefined) checkThreshold(`${path}.signatures`, rule.signatures, policy, say);
  for (const [index, attestation] of (rule.attestations ?? []).entries()) {
    const place = `${path}.attestations[${index}]`;
    checkThreshold(place, attestation, policy, say);
    checkAttestationWords(place, attestation, say);
  }
  checkIdentityNames(`${path}.vsa.by`, rule.vsa?.by, policy, say);
  checkBaseNames(`${path}.base.allow`, rule.base?.allow, policy, say);
  checkBaseNames(`${path}.buildInputs.allow`, rule.buildInputs?.allow, policy, say);
  if (Array.isArray(rule.platforms) && new Set(rule.platforms).size !== rule.platforms.length) {
    say(`${path}.platforms`, 'POLICY_DUPLICATE_NAME', `${path}.platforms names a platform twice`);
  }
  for (const [word, value] of Object.entries(rule.files ?? {})) {
    if (typeof value === 'number' && value < 0)
      say(`${path}.files.${word}`, 'POLICY_BAD_VALUE', `${path}.files.${word} is below 0`);
  }
}

function checkSaysSomething(path: string, rule: PolicyRule, say: Say): void {
  if (!CHECK_WORDS.some((word) => rule[word] !== undefined && !isEmpty(rule[word]) && !isOff(word, rule))) {
    say(
      path,
      'POLICY_NO_CHECKS',
      `rule "${rule.name}" checks nothing`,
      `add at least one of ${CHECK_WORDS.join(', ')}`,
    );
    return;
  }
  for (const word of ['components', 'files', 'image'] as const) {
    if (rule[word] === undefined || Object.keys(rule[word]).length > 0) continue;
    const hint = 'say what it demands, or remove it';
    say(`${path}.${word}`, 'POLICY_NO_CHECKS', `${path}.${word} is empty: it checks nothing`, hint);
  }
}

/** `image` with every one of its checks switched off. */
function isOff(word: (typeof CHECK_WORDS)[number], rule: PolicyRule): boolean {
  if (word !== 'image' || rule.image?.digestPinned === true) return false;
  return [...(rule.image?.checks?.values() ?? [])].every((mode) => mode === 'off');
}

/** A check word with nothing in it, such as `components: {}`. */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((member) => member === undefined || isEmpty(member))
  );
}

function checkAttestationWords(
  path: string,
  attestation: {
    readonly type: string;
    readonly rederive?: boolean;
    readonly builder?: string;
    readonly source?: string;
  },
  say: Say,
): void {
  if (attestation.rederive && attestation.type !== 'cyclonedx') {
    say(`${path}.rederive`, 'POLICY_BAD_VALUE', `${path}: only an attestation of type cyclonedx can be re-derived`);
  }
  if (!isKnownPredicateType(attestation.type)) {
    const hint = `a URI, or one of ${Object.keys(PREDICATE_TYPES).join(', ')}`;
    say(`${path}.type`, 'POLICY_BAD_VALUE', `${path}.type is no predicate type: "${attestation.type}"`, hint);
  }
  const provenance = wantsProvenance(attestation.type);
  for (const word of ['builder', 'source'] as const) {
    if (attestation[word] !== undefined && !provenance) {
      say(`${path}.${word}`, 'POLICY_BAD_VALUE', `${path}: "${word}" means something for provenance only`);
    }
  }
}

function checkThreshold(
  path: string,
  check: { readonly by: readonly string[]; readonly threshold?: number },
  policy: Policy,
  say: Say,
): void {
  checkIdentityNames(`${path}.by`, check.by, policy, say);
  const { threshold = 1 } = check;
  const distinct = new Set(check.by.map((name) => policy.identities?.get(name)?.key ?? `name ${name}`)).size;
  if (threshold < 1) {
    say(
      `${path}.threshold`,
      'POLICY_BAD_THRESHOLD',
      `${path}.threshold is ${threshold}: nobody would have to sign`,
      'use 1 or more',
    );
  } else if (threshold > distinct) {
    say(
      `${path}.threshold`,
      'POLICY_BAD_THRESHOLD',
      `${path}.threshold is ${threshold}, but "by" names ${distinct} different signers`,
      'lower it, or name more identities',
    );
  }
}

function checkIdentityNames(path: string, names: readonly string[] | undefined, policy: Policy, say: Say): void {
  for (const [index, name] of (names ?? []).entries()) {
    if (policy.identities?.has(name)) continue;
    const known = [...(policy.identities?.keys() ?? [])].join(', ');
    say(
      `${path}[${index}]`,
      'POLICY_UNKNOWN_NAME',
      `${path}: no identity is named "${name}"`,
      known === '' ? 'add it under identities' : `known identities: ${known}`,
    );
  }
}

function checkBaseNames(path: string, names: readonly string[] | undefined, policy: Policy, say: Say): void {
  for (const [index, name] of (names ?? []).entries()) {
    if (policy.bases?.entries.some((entry) => entry.name === name)) continue;
    const known = (policy.bases?.entries ?? []).map((entry) => entry.name).join(', ');
    say(
      `${path}[${index}]`,
      'POLICY_UNKNOWN_NAME',
      `${path}: no base is named "${name}"`,
      known === '' ? 'add it under bases.entries' : `known bases: ${known}`,
    );
  }
}

const NEEDS_DIGESTS: ReadonlySet<string> = new Set(['signatures', 'attestations', 'provenance']);

function checkException(path: string, exception: PolicyException, policy: Policy, say: Say): void {
  if (!policy.rules.some((rule) => rule.name === exception.rule)) {
    say(`${path}.rule`, 'POLICY_UNKNOWN_NAME', `${path}: no rule is named "${exception.rule}"`);
  }
  if (exception.images === undefined && exception.digests === undefined) {
    say(path, 'POLICY_MISSING_KEY', `${path} names neither images nor digests: it would excuse everything`);
  }
  if (NEEDS_DIGESTS.has(exception.check) && exception.digests === undefined) {
    say(
      path,
      'POLICY_MISSING_KEY',
      `${path}: an exception for ${exception.check} must name digests`,
      'a name can lead to other content tomorrow',
    );
  }
}
