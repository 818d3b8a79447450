import { ExitCode } from '../../core/index.ts';
import { locationPath, type ComparableComponent } from '../../evidence/index.ts';
import { noScan } from '../signers/check-attestations.ts';
import type { RuleContext } from '../context.ts';
import type { CheckResult } from '../decision.ts';
import { errored, failed, passed, shortList } from '../outcome.ts';
import { parsePurl, purlSelects } from '../file/purl-pattern.ts';
import type { ComponentCheck, DeniedComponent } from '../file/types.ts';
import { isInRange, parseVersionRange } from '../file/versions.ts';
import { deniedIn } from './denied-in-expression.ts';

/** Denied components and licences, always in our own scan of the image. */
export function checkComponents(context: RuleContext, check: ComponentCheck): readonly CheckResult[] {
  const { scan, layersVerified } = context.platform.evidence;
  if (scan === null || !layersVerified) return [noScan(context, 'components')];
  const results = [
    ...(check.deny ?? [])
      .map((denied) => checkDenied(scan.components, denied))
      .filter((result) => result !== undefined),
    ...checkLicenses(scan.components, check.licenses?.deny ?? []),
  ];
  if (results.length > 0) return results;
  const uncertain = partsUnread(context);
  if (uncertain !== undefined) return [uncertain];
  if (scan.components.length === 0) return [nothingFound(context)];
  const silent = check.licenses === undefined ? [] : scan.components.filter(({ licenses }) => licenses.length === 0);
  return [
    passed({
      check: 'components',
      code: 'COMPONENTS_ALLOWED',
      reason: `none of the ${scan.components.length} components is denied${
        silent.length === 0 ? '' : `; ${silent.length} of them state no licence`
      }`,
    }),
  ];
}

/** A denied component may be described where the scan could not read: in a record that is malformed, or padded beyond what is read. */
function partsUnread({ platform }: RuleContext): CheckResult | undefined {
  const { unread } = platform.evidence;
  if (unread === undefined) {
    return errored(
      {
        check: 'components',
        code: 'COMPONENTS_UNCERTAIN',
        reason: `the evidence does not say what of ${platform.manifest} could not be read`,
        remedy: 'collect the evidence again',
      },
      ExitCode.Input,
    );
  }
  if (unread.count === 0) return undefined;
  const parts = unread.items.map(({ code, path = platform.manifest }) => `${code} ${path}`);
  return failed({
    check: 'components',
    code: 'COMPONENTS_UNCERTAIN',
    reason: `${unread.count} part(s) of the image could not be read, so whether a denied component is there cannot be told: ${shortList(parts, 3)}`,
    basis: { paths: unread.items.flatMap(({ path }) => path ?? []), notes: parts },
    remedy:
      'mend or remove what cannot be read; where it is known to hold no component, add an exception for the image',
  });
}

/** That nothing is denied says nothing where nothing was found: stripped package databases leave no component behind. */
function nothingFound({ platform }: RuleContext): CheckResult {
  return failed({
    check: 'components',
    code: 'COMPONENTS_NOT_FOUND',
    reason: `no component was found in ${platform.manifest}: whether it holds a denied one cannot be told`,
    basis: { digests: [platform.manifest] },
    remedy:
      'leave package databases and build information in the image; if it truly has no component, add an exception for it',
  });
}

function checkDenied(components: readonly ComparableComponent[], denied: DeniedComponent): CheckResult | undefined {
  const wanted = parsePurl(denied.purl);
  const range = denied.versions === undefined ? undefined : parseVersionRange(denied.versions);
  // the linter refuses both; a policy that got past it must not pass
  if (wanted === undefined || (denied.versions !== undefined && range === undefined)) return unreadable(denied);
  const hits: string[] = [];
  const unsure: string[] = [];
  for (const { purl } of components) {
    const found = purl === undefined ? undefined : parsePurl(purl);
    if (purl === undefined || found === undefined || !purlSelects(wanted, found)) continue;
    const inside =
      range === undefined
        ? true
        : found.version === undefined
          ? undefined
          : isInRange(found.type, found.epoch === undefined ? found.version : `${found.epoch}:${found.version}`, range);
    if (inside === true) hits.push(purl);
    else if (inside === undefined) unsure.push(purl);
  }
  const why = denied.reason === undefined ? '' : `: ${denied.reason}`;
  const what = `${denied.purl}${denied.versions === undefined ? '' : ` ${denied.versions}`}`;
  if (hits.length > 0) {
    return failed({
      check: 'components',
      item: denied.purl,
      code: 'COMPONENT_DENIED',
      reason: `the image holds ${shortList(hits)}, denied by ${what}${why}`,
      basis: { paths: pathsOf(components, hits), notes: hits },
      remedy: 'remove it, or install a version that is not denied',
    });
  }
  if (unsure.length === 0) return undefined;
  return errored(
    {
      check: 'components',
      item: denied.purl,
      code: 'VERSION_NOT_COMPARABLE',
      reason: `whether ${shortList(unsure)} is in ${what} cannot be said for certain`,
      basis: { notes: unsure },
      remedy: 'name the exact versions',
    },
    ExitCode.Usage,
  );
}

function unreadable(denied: DeniedComponent): CheckResult {
  const reason = `${denied.purl} ${denied.versions ?? ''} cannot be read`.replace('  ', ' ');
  return errored({ check: 'components', item: denied.purl, code: 'COMPONENT_UNREADABLE', reason }, ExitCode.Usage);
}

function checkLicenses(components: readonly ComparableComponent[], denied: readonly string[]): readonly CheckResult[] {
  const wanted = new Set(denied.map((license) => license.toLowerCase()));
  const stated = components.map((component) => ({
    component,
    denied: new Set(component.licenses.flatMap((claim) => [...deniedIn(claim, wanted)])),
  }));
  return denied.flatMap((license) => {
    const hits = stated.flatMap((item) => (item.denied.has(license.toLowerCase()) ? [item.component] : []));
    if (hits.length === 0) return [];
    const names = hits.map((component) => component.purl ?? `${component.name} ${component.version ?? ''}`.trim());
    return [
      failed({
        check: 'components',
        item: license,
        code: 'LICENSE_DENIED',
        reason: `${shortList(names)} ${hits.length === 1 ? 'states' : 'state'} the denied licence ${license}`,
        basis: { notes: names },
        remedy: 'replace the component, or allow the licence',
      }),
    ];
  });
}

function pathsOf(components: readonly ComparableComponent[], purls: readonly string[]): readonly string[] {
  return components.flatMap((component) =>
    component.purl !== undefined && purls.includes(component.purl) ? component.locations.map(locationPath) : [],
  );
}
