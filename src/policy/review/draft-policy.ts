import { GITHUB_ISSUER } from '../lint/lint-identities.ts';

/** Who signs: a key file beside or below the policy, or a keyless identity. */
export type DraftSigner = { readonly key: string } | { readonly issuer: string; readonly subject: string };

export interface DraftBase {
  readonly name: string;
  /** Canonical registry and repository. */
  readonly image: string;
  readonly tags: readonly string[];
}

/** What a first policy is made of; texts are checked by whoever gives them. */
export interface PolicyDraft {
  readonly name: string;
  /** Canonical patterns; at least one. */
  readonly images: readonly string[];
  readonly signer: DraftSigner;
  readonly bases: readonly DraftBase[];
  /** Demand an SBOM that our own scan of the image confirms. */
  readonly sbom: boolean;
  /** Demand SLSA provenance. */
  readonly provenance: boolean;
}

export const DRAFT_LOCK = 'bases.lock.jsonl';

/** What the draft calls the one who signs. */
export function draftIdentity(signer: DraftSigner): string {
  return 'key' in signer ? 'release-key' : 'release';
}

/** A commented policy. Every text is written as a JSON string, which YAML reads as it is. */
export function draftPolicy(draft: PolicyDraft): string {
  const parts = [
    heading(draft),
    identitySection(draft.signer),
    ...(draft.bases.length === 0 ? [] : [baseSection(draft)]),
    ruleSection(draft),
    EXCEPTIONS,
  ];
  return `${parts.flat().join('\n')}\n`;
}

function heading({ name }: PolicyDraft): readonly string[] {
  return [
    '# yaml-language-server: $schema=https://waybill.dev/schemas/policy.schema.json',
    '# Who may vouch for images, and what they may stand on. `waybill policy explain` says what it demands in words,',
    '# `waybill policy lint` explains mistakes, `waybill policy test` checks it against saved evidence.',
    'apiVersion: waybill.dev/v1',
    'kind: Policy',
    `name: ${quoted(name)}`,
    '# An image that no rule speaks of: deny, warn or allow.',
    'unmatched: deny',
    '',
  ];
}

function identitySection(signer: DraftSigner): readonly string[] {
  const head = ['# Who may vouch, by name.', 'identities:', `  ${draftIdentity(signer)}:`];
  if ('key' in signer) {
    return [
      ...head,
      '    # A PEM public key; paths are relative to this file and stay under its folder.',
      `    key: ${quoted(signer.key)}`,
      '    # true demands that each signature is in a transparency log, too.',
      '    requireTransparencyLog: false',
      '',
    ];
  }
  const source = githubRepository(signer);
  return [
    ...head,
    `    issuer: ${quoted(signer.issuer)}`,
    '    # The whole subject, exactly. subjectRegexp takes an expression (RE2, always anchored) instead.',
    `    subject: ${quoted(signer.subject)}`,
    ...(source === undefined
      ? []
      : [
          '    # What else the certificate must say. Leave runnerEnvironment out for runners of your own.',
          '    extensions:',
          `      sourceRepository: ${quoted(source)}`,
          '      runnerEnvironment: github-hosted',
        ]),
    '',
  ];
}

/** `https://github.com/OWNER/REPOSITORY` of a workflow's subject. */
function githubRepository(signer: DraftSigner): string | undefined {
  if ('key' in signer || signer.issuer !== GITHUB_ISSUER) return undefined;
  return /^https:\/\/github\.com\/[^/]+\/[^/]+(?=\/)/.exec(signer.subject)?.[0];
}

function baseSection({ bases, signer }: PolicyDraft): readonly string[] {
  const pin =
    'key' in signer
      ? [
          '  # Only a lock that this identity signed is believed: waybill base lock --key.',
          `  lockSignedBy: [${draftIdentity(signer)}]`,
        ]
      : [
          '  # Without one of these the lock is trusted like this file itself. Either pin where it ends (waybill base lock',
          '  # prints its head, and --pin-head keeps it up to date here), or name who signs it (waybill base lock --sign):',
          '  # lockHead: "sha256:..."',
          `  # lockSignedBy: [${draftIdentity(signer)}]`,
        ];
  return [
    '# The allowed bases, and the record of what `waybill base lock` saw under their tags.',
    'bases:',
    `  lock: ${DRAFT_LOCK}`,
    ...pin,
    '  entries:',
    ...bases.flatMap(({ name, image, tags }) => [
      `    - name: ${quoted(name)}`,
      `      image: ${quoted(image)}`,
      `      tags: ${list(tags)}`,
    ]),
    '    # history: 180d     how long a digest still counts after its tag has moved on (default: for ever)',
    '    # signedBy: [...]   who signs the base itself',
    '    # upgrades: warn    base packages that upper layers upgrade: allow, warn or deny',
    '',
  ];
}

function ruleSection(draft: PolicyDraft): readonly string[] {
  const identity = draftIdentity(draft.signer);
  const source = githubRepository(draft.signer);
  return [
    '# Every rule whose `images` match an image must pass.',
    'rules:',
    `  - name: ${quoted(draft.name)}`,
    '    # warn: what fails only warns. effectiveOn: 2027-01-15 does so until that day.',
    '    mode: enforce',
    '    # Registry and repository, without tag or digest; * within a part, ** across parts.',
    `    images: ${list(draft.images)}`,
    '    signatures:',
    `      by: [${identity}]`,
    ...(draft.sbom || draft.provenance ? ['    attestations:'] : []),
    ...(draft.sbom
      ? [
          '      - type: cyclonedx',
          `        by: [${identity}]`,
          '        # Our own scan of the image must find what the SBOM lists.',
          '        rederive: true',
        ]
      : []),
    ...(draft.provenance
      ? [
          '      - type: slsaprovenance1',
          `        by: [${identity}]`,
          ...(source === undefined
            ? ['        # source: "https://..."    the repository that the image must be built from']
            : ['        # The repository that the image must be built from.', `        source: ${quoted(source)}`]),
          '        # builder: "https://..."   the builder’s id',
        ]
      : []),
    ...(draft.bases.length === 0
      ? []
      : [
          '    base:',
          `      allow: ${list(draft.bases.map((base) => base.name))}`,
          '      # content: the bottom layers are exactly those of a base in the lock. Weaker: signed-claim, claimed, none.',
          '      evidence: content',
          '      # Critical files of the base that upper layers change: deny, warn or allow.',
          '      tamper: deny',
          '      # freshness: { behind: 30d }   refuse a base that its tag left longer ago',
        ]),
    '',
  ];
}

const EXCEPTIONS: readonly string[] = [
  '# What is excused, by whom, and until when (the end of that day, UTC):',
  '# exceptions:',
  '#   - { rule: NAME, check: base, images: ["registry.example.com/shop/legacy"], reason: "...", owner: ops@example.com, expires: 2027-01-31 }',
];

function quoted(text: string): string {
  return JSON.stringify(text);
}

function list(texts: readonly string[]): string {
  return `[${texts.map(quoted).join(', ')}]`;
}
