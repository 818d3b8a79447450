import { compileGlob, type Digest, type Glob, globProblem, isDigest } from '../../core/index.ts';
import { platformName } from '../../evidence/index.ts';
import { count, flag, list, named, note, object, oneOf, parsed, text, type Field } from './fields.ts';
import { canonicalPattern, canonicalRepository, type NamePattern } from './names.ts';
import type { SourceNode } from './source-tree.ts';
import {
  EXCEPTION_CHECKS,
  type AttestationCheck,
  type BaseCheck,
  type BaseEntry,
  type ComponentCheck,
  type FilesCheck,
  type ImageCheck,
  type Policy,
  type PolicyBases,
  type PolicyException,
  type PolicyIdentity,
  type PolicyRule,
  type PolicyTrust,
  type SignatureCheck,
} from './types.ts';
import { parsePurl } from './purl-pattern.ts';
import { parseVersionRange } from './versions.ts';
import { parseDay, parseDuration, parseEndOfDay } from './values.ts';

const strictness = oneOf('deny', 'warn', 'allow');
const names = list(text());
const digest: Field<Digest> = parsed(
  (value) => (isDigest(value) ? value : undefined),
  'a digest: sha256: and 64 hex digits in lower case',
);
const duration = parsed(parseDuration, 'a duration such as 30d or 12h', 'units: s, m, h, d, w');
const day = parsed(parseDay, 'a day such as 2027-01-15');
const endOfDay = parsed(parseEndOfDay, 'a day such as 2026-12-31');
const glob: Field<Glob> = (node, place) => {
  const pattern = text()(node, place);
  if (pattern === undefined) return undefined;
  const problem = globProblem(pattern);
  return problem === undefined
    ? compileGlob(pattern)
    : note(place, node, { code: 'POLICY_BAD_PATTERN', message: `${place.path}: ${problem}` });
};
const platform = parsed(
  (value) => (/^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9.]+)?$/.test(value) ? canonicalPlatform(value) : undefined),
  'a platform such as linux/amd64',
);
/** Aliases resolved, as platforms of images are; what names no variant selects all of them. */
function canonicalPlatform(value: string): string {
  const [os = '', architecture = '', variant] = value.split('/');
  const name = platformName({ os, architecture, ...(variant === undefined ? {} : { variant }) });
  return variant === undefined ? name.split('/').slice(0, 2).join('/') : name;
}

const relativePath = text((value) =>
  value.startsWith('/') ||
  value.startsWith('\\') ||
  /^[A-Za-z]:/.test(value) ||
  value.split(/[/\\]/).includes('..') ||
  value.includes('\0')
    ? 'paths are relative to the policy and stay under its folder'
    : undefined,
);

function nameField(canonical: (text: string) => NamePattern): Field<string> {
  return (node: SourceNode, place) => {
    const value = text()(node, place);
    if (value === undefined) return undefined;
    const result = canonical(value);
    if (!result.ok) {
      const hint = result.hint === undefined ? {} : { hint: result.hint };
      return note(place, node, { code: 'POLICY_BAD_PATTERN', message: `${place.path}: ${result.problem}`, ...hint });
    }
    if (result.open) {
      note(place, node, {
        severity: 'warning',
        code: 'POLICY_OPEN_PATTERN',
        message: `${place.path}: the pattern leaves the registry open`,
        hint: 'name the registry host, or anybody’s registry matches',
      });
    }
    return result.pattern;
  };
}

const imagePattern: Field<Glob> = (node, place) => {
  const pattern = nameField(canonicalPattern)(node, place);
  return pattern === undefined ? undefined : compileGlob(pattern);
};

const purl = text((value) => {
  const parts = parsePurl(value);
  if (parts === undefined) return 'it is no package URL: pkg:TYPE/NAMESPACE/NAME';
  return parts.path.includes('*') ? globProblem(parts.path) : undefined;
});
const versions = text((value) =>
  parseVersionRange(value) === undefined ? 'it is no range of versions: 3.3.6, <2.17.1, >=1.0 <2.0' : undefined,
);
const absoluteGlob: Field<Glob> = (node, place) => {
  const value = glob(node, place);
  if (value === undefined || value.pattern.startsWith('/')) return value;
  return note(place, node, {
    code: 'POLICY_BAD_PATTERN',
    message: `${place.path}: paths in an image start with a slash`,
    hint: `write "/${value.pattern}"`,
  });
};

const trust = object<PolicyTrust>(
  {
    trustedRoot: relativePath,
    tuf: object<{ mirror: string; root: string }>({ mirror: text(), root: relativePath }, ['mirror', 'root']),
  },
  [],
);

const identity = object<PolicyIdentity>(
  {
    key: relativePath,
    issuer: text(),
    subject: text(),
    subjectRegexp: text(),
    extensions: named(text()),
    requireTransparencyLog: flag(),
  },
  [],
);

const baseEntry = object<BaseEntry>(
  {
    name: text(),
    kind: oneOf('image', 'scratch', 'packages'),
    image: nameField(canonicalRepository),
    tags: list(glob),
    history: duration,
    signedBy: names,
    upgrades: strictness,
    squashed: oneOf('deny', 'allow'),
    builtBy: names,
    purls: list(glob),
  },
  ['name'],
);

const bases = object<PolicyBases>(
  { lock: relativePath, lockSignedBy: names, lockHead: digest, entries: list(baseEntry) },
  ['entries'],
);

const signatures = object<SignatureCheck>(
  { by: names, threshold: count(), annotations: named(text()), maxAge: duration },
  ['by'],
);

const attestation = object<AttestationCheck>(
  { type: text(), by: names, threshold: count(), rederive: flag(), builder: text(), source: text(), maxAge: duration },
  ['type', 'by'],
);

const base = object<BaseCheck>(
  {
    allow: names,
    evidence: oneOf('none', 'claimed', 'signed-claim', 'content'),
    require: list(oneOf('authenticated', 'attested'), { mayBeEmpty: true }),
    unexplained: strictness,
    tamper: strictness,
    tamperAllow: list(absoluteGlob, { mayBeEmpty: true }),
    freshness: object<{ behind: number }>({ behind: duration }, ['behind']),
  },
  ['allow'],
);

const components = object<ComponentCheck>(
  {
    deny: list(
      object<{ purl: string; versions?: string; reason?: string }>({ purl, versions, reason: text() }, ['purl']),
      { mayBeEmpty: true },
    ),
    licenses: object<{ deny: readonly string[] }>({ deny: list(text(), { mayBeEmpty: true }) }, ['deny']),
  },
  [],
);

const files = object<FilesCheck>(
  { unaccountedExecutables: count(), modifiedPackageFiles: count(), setuidBeyondBase: count() },
  [],
);

/** YAML 1.2 reads a bare `off` as text; a quoted one is the same. */
const image = object<ImageCheck>(
  {
    checks: named(oneOf('deny', 'warn', 'off'), (key) =>
      /^IMG0(?:0[1-9]|1[0-9]|2[0-7])$/.test(key) ? undefined : 'checks are named IMG001 to IMG027',
    ),
    digestPinned: flag(),
  },
  [],
);

const platforms: Field<'all' | readonly string[]> = (node, place) =>
  node.kind === 'list' ? list(platform)(node, place) : oneOf('all')(node, place);

const rule = object<PolicyRule>(
  {
    name: text(),
    mode: oneOf('enforce', 'warn'),
    images: list(imagePattern),
    platforms,
    signatures,
    attestations: list(attestation),
    base,
    buildInputs: object<{ allow: readonly string[] }>({ allow: names }, ['allow']),
    components,
    files,
    image,
    rego: list(
      object<{ bundle: string; entrypoint: string }>({ bundle: relativePath, entrypoint: text() }, [
        'bundle',
        'entrypoint',
      ]),
    ),
    vsa: object<{ by: readonly string[]; maxAge?: number }>({ by: names, maxAge: duration }, ['by']),
    effectiveOn: day,
  },
  ['name', 'images'],
);

const exception = object<PolicyException>(
  {
    rule: text(),
    check: oneOf(...EXCEPTION_CHECKS),
    images: list(imagePattern),
    digests: list(digest),
    reason: text(),
    owner: text(),
    ticket: text(),
    expires: endOfDay,
  },
  ['rule', 'check', 'reason', 'owner', 'expires'],
);

/** Exceptions, as the policy and its tests write them. */
export const exceptionsField: Field<readonly PolicyException[]> = list(exception, { mayBeEmpty: true });

/** The whole file: every word it may hold, and the type of each. */
export const policyField: Field<Policy> = object<Policy>(
  {
    apiVersion: oneOf('waybill.dev/v1'),
    kind: oneOf('Policy'),
    name: text(),
    unmatched: strictness,
    deny: object<{ digests: readonly Digest[] }>({ digests: list(digest, { mayBeEmpty: true }) }, ['digests']),
    trust,
    identities: named(identity),
    bases,
    rules: list(rule),
    exceptions: exceptionsField,
  },
  ['apiVersion', 'kind', 'rules'],
);
