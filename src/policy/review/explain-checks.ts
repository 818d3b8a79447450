import type { EvidenceNeeds } from '../../evidence/index.ts';
import { imageCheck } from '../content/image-checks/index.ts';
import { wantsProvenance } from '../signers/predicate-types.ts';
import { CHECK_WORDS } from '../file/semantics.ts';
import type {
  AttestationCheck,
  BaseCheck,
  BaseEntry,
  Policy,
  PolicyRule,
  SignatureCheck,
  Strictness,
} from '../file/types.ts';
import { durationText } from '../file/values.ts';

/** One thing that a rule demands, in words. */
export interface Demand {
  /** The word of the policy. */
  readonly check: string;
  /** A full sentence without its full stop. */
  readonly text: string;
  /** What happens when it is not so. `allow`: nothing, it is only stated. */
  readonly otherwise: Strictness;
}

/** A word that the policy does not say, and what then holds. */
export interface DefaultValue {
  /** Where it would stand: `signatures.threshold`. */
  readonly word: string;
  readonly value: string;
}

/** Everything a rule demands, in the order in which it is checked. */
export function demandsOf(policy: Policy, rule: PolicyRule): readonly Demand[] {
  return [
    ...(rule.signatures === undefined ? [] : [signatures(rule.signatures)]),
    ...(rule.attestations ?? []).map(attestation),
    ...(rule.base === undefined ? [] : base(policy, rule.base)),
    ...(rule.buildInputs === undefined
      ? []
      : [
          deny(
            'buildInputs',
            `every image that provenance names beside the base is one of ${rule.buildInputs.allow.join(', ')}`,
          ),
        ]),
    ...components(rule),
    ...files(rule),
    ...image(rule),
    ...(rule.rego ?? []).map(({ bundle, entrypoint }) =>
      deny('rego', `${entrypoint} of ${bundle} finds nothing to deny; what it warns of warns`),
    ),
    ...(rule.vsa === undefined ? [] : [vsa(rule, rule.vsa)]),
  ];
}

function deny(check: string, text: string): Demand {
  return { check, text, otherwise: 'deny' };
}

function signers(check: { readonly by: readonly string[]; readonly threshold?: number }): string {
  const { by, threshold = 1 } = check;
  if (by.length === 1) return by[0] ?? '';
  return threshold === by.length ? `each of ${by.join(', ')}` : `at least ${threshold} of ${by.join(', ')}`;
}

function age(maxAge: number | undefined): string {
  return maxAge === undefined ? '' : `, at most ${durationText(maxAge)} ago by a trusted time`;
}

function signatures(check: SignatureCheck): Demand {
  const annotations = [...(check.annotations ?? [])].map(([key, value]) => `${key}=${value}`);
  const said = annotations.length === 0 ? '' : `, with the annotations ${annotations.join(', ')}`;
  return deny('signatures', `the image is signed by ${signers(check)}${said}${age(check.maxAge)}`);
}

function attestation(check: AttestationCheck): Demand {
  const facts = [
    ...(check.rederive === true ? ['our own scan of the image finds what it lists'] : []),
    ...(check.builder === undefined ? [] : [`it was built by ${check.builder}`]),
    ...(check.source === undefined ? [] : [`it was built from ${check.source}`]),
  ];
  const kind = wantsProvenance(check.type) ? 'provenance' : 'an attestation';
  const more = facts.length === 0 ? '' : `, and ${facts.join(', and ')}`;
  return deny(
    'attestations',
    `${kind} of type ${check.type} is signed by ${signers(check)}${age(check.maxAge)}${more}`,
  );
}

const LEVELS = {
  none: 'whether or not anything says what the base is',
  claimed: 'the image itself saying so is enough',
  'signed-claim': 'the image saying so under a signature by the rule’s signers is enough',
  content: 'proved by its layers: the bottom ones are exactly those of a base in the lock',
} as const;

function base(policy: Policy, check: BaseCheck): readonly Demand[] {
  const entries = (policy.bases?.entries ?? []).filter((entry) => check.allow.includes(entry.name));
  const one = (otherwise: Strictness, text: string): Demand => ({ check: 'base', text, otherwise });
  const upgrades = entries.filter(isImage).filter(({ upgrades = 'warn' }) => upgrades !== 'allow');
  const { evidence = 'content', unexplained = 'warn', tamper = 'deny', tamperAllow = [] } = check;
  const excused =
    tamperAllow.length === 0 ? '' : `, except under ${tamperAllow.map((glob) => glob.pattern).join(', ')}`;
  return [
    one(
      'deny',
      `the image stands on ${check.allow.join(' or ')}: ${LEVELS[evidence]}${entries.every(isImage) ? '' : '; where an entry is of another kind, as the entry says'}`,
    ),
    ...(check.require ?? []).map((flag) => one('deny', FLAGS[flag])),
    one(unexplained, 'no layers above the base belong to another base that nothing proves'),
    one(
      tamper,
      `upper layers change no critical file of the base (loader, libc, shells, trust stores, accounts, package database ...)${excused}`,
    ),
    ...(tamper === 'allow' ? [] : [one('warn', 'upper layers change no other file of the base')]),
    ...upgrades.map(({ name, upgrades: mode = 'warn' }) => one(mode, `upper layers upgrade no package of ${name}`)),
    ...(check.freshness === undefined
      ? []
      : [
          one(
            'deny',
            `the base is one that an allowed tag leads to, or led to until at most ${durationText(check.freshness.behind)} ago, as the lock saw it`,
          ),
        ]),
  ];
}

const FLAGS = {
  authenticated: 'the base itself is signed by those whom its entry names in signedBy',
  attested: 'provenance by a trusted builder names the base, and no image that is not allowed',
} as const;

function isImage(entry: BaseEntry): boolean {
  return (entry.kind ?? 'image') === 'image';
}

function components(rule: PolicyRule): readonly Demand[] {
  const { deny: denied = [], licenses } = rule.components ?? {};
  return [
    ...denied.map(({ purl, versions, reason }) =>
      deny(
        'components',
        `our own scan finds no ${purl}${versions === undefined ? '' : ` ${versions}`}${reason === undefined ? '' : ` (${reason})`}`,
      ),
    ),
    ...(licenses === undefined || licenses.deny.length === 0
      ? []
      : [
          deny(
            'components',
            `our own scan finds nothing licensed ${licenses.deny.join(' or ')} without another choice`,
          ),
        ]),
  ];
}

const FILE_WORDS = {
  unaccountedExecutables: 'executables that no package accounts for and the base does not have',
  modifiedPackageFiles: 'files that differ from what their package installed',
  setuidBeyondBase: 'setuid or setgid files, and files with capabilities, that the base does not have',
} as const;

function files(rule: PolicyRule): readonly Demand[] {
  return Object.entries(rule.files ?? {}).map(([word, limit]) => {
    const what = FILE_WORDS[word as keyof typeof FILE_WORDS];
    return deny('files', limit === 0 ? `there are no ${what}` : `there are at most ${limit} ${what}`);
  });
}

function image(rule: PolicyRule): readonly Demand[] {
  const { checks, digestPinned } = rule.image ?? {};
  return [
    ...(digestPinned === true ? [deny('image', 'the reference names a digest')] : []),
    ...[...(checks ?? [])].flatMap(([id, mode]): readonly Demand[] =>
      mode === 'off'
        ? []
        : [{ check: 'image', text: `${id}: ${imageCheck(id)?.title ?? 'unknown to this version'}`, otherwise: mode }],
    ),
  ];
}

/** A summary spares the other checks; a rule that has none stands and falls with it. */
function vsa(rule: PolicyRule, { by, maxAge }: NonNullable<PolicyRule['vsa']>): Demand {
  const summary = `a verification summary of this very policy and image is signed by ${signers({ by })}${age(maxAge)}`;
  const isAlone = CHECK_WORDS.every((word) => word === 'vsa' || rule[word] === undefined);
  return isAlone
    ? deny('vsa', summary)
    : { check: 'vsa', text: `nothing of this is checked again where ${summary}`, otherwise: 'allow' };
}

/** Words that a rule leaves out although they matter to what it says, with their values. */
export function defaultsOf(policy: Policy, rule: PolicyRule): readonly DefaultValue[] {
  const found: DefaultValue[] = [];
  const say = (word: string, given: unknown, value: string): void => {
    if (given === undefined) found.push({ word, value });
  };
  say('mode', rule.mode, 'enforce');
  say('platforms', rule.platforms, 'all');
  if (rule.signatures !== undefined) {
    say('signatures.threshold', rule.signatures.threshold, '1');
    say('signatures.maxAge', rule.signatures.maxAge, 'any age');
  }
  for (const [index, check] of (rule.attestations ?? []).entries()) {
    say(`attestations[${index}].threshold`, check.threshold, '1');
    say(`attestations[${index}].maxAge`, check.maxAge, 'any age');
  }
  if (rule.base !== undefined) {
    say('base.evidence', rule.base.evidence, 'content');
    say('base.unexplained', rule.base.unexplained, 'warn');
    say('base.tamper', rule.base.tamper, 'deny');
    say('base.freshness', rule.base.freshness, 'any age');
    for (const entry of (policy.bases?.entries ?? []).filter((item) => rule.base?.allow.includes(item.name))) {
      if (!isImage(entry)) continue;
      say(`bases.${entry.name}.tags`, entry.tags, 'any tag in the lock');
      say(`bases.${entry.name}.history`, entry.history, 'for ever');
      say(`bases.${entry.name}.upgrades`, entry.upgrades, 'warn');
      say(`bases.${entry.name}.squashed`, entry.squashed, 'deny');
    }
  }
  return found;
}

/** What has to be collected, in words, dearest last. */
export function needsText(needs: EvidenceNeeds): readonly string[] {
  return [
    ...(needs.bundles ? ['signatures and attestations attached to the image'] : []),
    ...(needs.trust === true ? ['the trusted root of the Sigstore instance'] : []),
    ...(needs.build ? ['BuildKit’s attestation manifests'] : []),
    ...(needs.layers ? ['every layer, to verify diffIDs'] : []),
    ...(needs.compare || needs.contain ? ['the files of the base, compared with the image’s'] : []),
    ...(needs.scan ? ['packages, found by our own scan'] : []),
    ...(needs.files ? ['the ledger of files: owner and integrity of each'] : []),
    ...(needs.system || needs.traces === true
      ? ['accounts, start-up files, secrets and leftovers of every layer']
      : []),
  ];
}
