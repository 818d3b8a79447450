import type { ComparableComponent, ImageView, PlatformView } from '../../../evidence/index.ts';
import { ExitCode } from '../../../core/index.ts';
import { allowedBase } from '../../base/allowed-base.ts';
import { checkAttestation } from '../../signers/check-attestations.ts';
import { checkBase } from '../../base/check-base.ts';
import { checkSignatures } from '../../signers/check-signatures.ts';
import type { CheckResult } from '../../decision.ts';
import { shortList } from '../../outcome.ts';
import { met, unknown, violated, type ImageVerdict, type NamedImageCheck } from './contract.ts';

/** The worst of what other checks of the rule found, in one verdict. */
function verdictOf(results: readonly CheckResult[], nothing: string): ImageVerdict {
  const error = results.find(({ outcome }) => outcome === 'error');
  if (error !== undefined) {
    return unknown(error.code, error.reason, {
      exitCode: error.exitCode ?? ExitCode.Input,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    });
  }
  const bad = results.filter(({ outcome }) => outcome === 'fail' || outcome === 'warn');
  const [first] = bad;
  if (first !== undefined) {
    return violated(
      shortList(
        bad.map(({ reason }) => reason),
        2,
      ),
      {
        remedy: first.remedy ?? 'see the check itself',
        notes: bad.map(({ code, reason }) => `${code}: ${reason}`),
      },
    );
  }
  const good = results.find(({ outcome }) => outcome === 'pass');
  if (good !== undefined) return met(good.reason);
  return unknown('IMAGE_NOTHING_TO_CHECK', nothing, {
    exitCode: ExitCode.Usage,
    remedy: 'add what it speaks of to the policy, or switch the check off',
  });
}

export const ALLOWED_BASE: NamedImageCheck = {
  id: 'IMG003',
  title: 'stands on an allowed base, with evidence',
  severity: 'high',
  defaultMode: 'deny',
  references: ['CIS Docker 4.2'],
  needs: ['base'],
  evaluate: ({ context }) => {
    const { base } = context.rule;
    return verdictOf(base === undefined ? [] : checkBase(context, base), 'the policy names no bases');
  },
};

export const SIGNED: NamedImageCheck = {
  id: 'IMG012',
  title: 'is signed, or attested, by who may vouch for it',
  severity: 'high',
  defaultMode: 'deny',
  references: ['CIS Docker 4.12'],
  needs: ['signatures'],
  evaluate: ({ context }) => {
    const { signatures, attestations = [] } = context.rule;
    const results = [
      ...(signatures === undefined ? [] : [checkSignatures(context, signatures)]),
      ...attestations.map((attestation) => checkAttestation(context, attestation)),
    ];
    return verdictOf(results, 'the policy names no identities');
  },
};

export const SAME_PLATFORMS: NamedImageCheck = {
  id: 'IMG027',
  title: 'is the same on every platform: base, and versions of packages',
  severity: 'low',
  defaultMode: 'warn',
  references: ['OCI image index'],
  needs: ['scan'],
  evaluate: ({ context, platform, base }) => {
    const { image, rule } = context;
    const wanted = rule.platforms === undefined || rule.platforms === 'all' ? [] : rule.platforms;
    const missing = wanted.filter(
      (name) => !image.platforms.some((other) => other.name === name || other.name.startsWith(`${name}/`)),
    );
    const others = image.platforms.filter((other) => other !== platform);
    const unread = unreadPlatforms(image, platform, others);
    const found = [
      ...missing.map((name) => `the platform ${name} is missing`),
      ...others.flatMap((other) => {
        const entry = allowedBase({ ...context, platform: other })?.entry;
        const bases =
          entry === base?.entry
            ? []
            : [`${platform.name} stands on ${base?.entry ?? 'no allowed base'}, ${other.name} on ${entry ?? 'none'}`];
        return [...bases, ...packageDifferences(platform, other)];
      }),
    ];
    if (found.length > 0) {
      return violated(shortList(found, 3), {
        remedy: 'build all platforms from the same sources at the same time',
        notes: found.slice(0, 200),
      });
    }
    if (unread !== undefined) return unread;
    return met(
      others.length === 0
        ? 'it has one platform'
        : `all ${image.platforms.length} platforms have the same base and versions`,
    );
  },
};

function unreadPlatforms(
  image: ImageView,
  platform: PlatformView,
  others: readonly PlatformView[],
): ImageVerdict | undefined {
  const unscanned = [platform, ...others].filter(({ evidence }) => evidence.scan === null).map(({ name }) => name);
  const names = [...(others.length === 0 ? [] : unscanned), ...image.uncollected.map(({ digest }) => digest)];
  if (names.length === 0) return undefined;
  return unknown('PLATFORM_NOT_COLLECTED', `what ${shortList(names)} holds was not collected`, {
    exitCode: ExitCode.Input,
    remedy: 'collect the evidence again with this policy',
  });
}

const OS_PACKAGE = /^pkg:(?:deb|apk|rpm|alpm|opkg)\//;

/** Packages in other versions, and packages of applications that only one of two platforms has. Packages of an OS may well differ between machines. */
function packageDifferences(one: PlatformView, other: PlatformView): readonly string[] {
  const [a, b] = [versionsByPackage(one), versionsByPackage(other)];
  const names = [...new Set([...a.keys(), ...b.keys()])].toSorted();
  return names.flatMap((name) => {
    const [here, there] = [a.get(name), b.get(name)];
    if (here === there) return [];
    if (here !== undefined && there !== undefined)
      return [`${name} is ${here} on ${one.name}, ${there} on ${other.name}`];
    if (OS_PACKAGE.test(name)) return [];
    return [`${name} is on ${here === undefined ? other.name : one.name} alone`];
  });
}

/** Versions of each package by purl without version and qualifiers. */
function versionsByPackage({ evidence }: PlatformView): ReadonlyMap<string, string> {
  const versions = new Map<string, Set<string>>();
  for (const { purl, version = '' } of evidence.scan?.components ?? ([] as readonly ComparableComponent[])) {
    if (purl === undefined) continue;
    const name = purl.split(/[?#]/, 1)[0]?.replace(/@[^/@]*$/, '') ?? '';
    const known = versions.get(name);
    if (known) known.add(version);
    else versions.set(name, new Set([version]));
  }
  return new Map([...versions].map(([name, known]) => [name, [...known].toSorted().join(', ')]));
}
