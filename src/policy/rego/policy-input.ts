import { SIGN_PREDICATE_TYPE } from '../../attestation/index.ts';
import { compareCodeUnits } from '../../core/index.ts';
import { locationPath, type ComparableComponent } from '../../evidence/index.ts';
import { coveringSubjects, type RuleContext } from '../context.ts';
import { exceptionsFor, type ExceptionScope } from '../exceptions.ts';
import type { VerifiedStatement } from '../signers/statements.ts';
import { lastDay } from '../file/values.ts';
import { baseInput } from './base-input.ts';
import { inputGap, type InputGap } from './input-gap.ts';
import type {
  AttestationInput,
  BaseInput,
  ComponentInput,
  ConfigInput,
  ImageInput,
  PlatformInput,
  PolicyInput,
  SignatureInput,
  UnverifiedInput,
} from './input-types.ts';

const NOTHING_UNREAD = { count: 0, items: [] };

/**
 * The document that a Rego policy sees. Deterministic; every list is in a stable order. What was not collected, or could not be, is no document with a hole
 * in it but a gap: a rule that asks for what is not there would find nothing to refuse.
 */
export function policyInput(context: RuleContext): { readonly input: PolicyInput } | { readonly gap: InputGap } {
  const { base, uncompared } = baseInput(context);
  const gap = inputGap(context, uncompared);
  const { scan, unread = NOTHING_UNREAD, files, system } = context.platform.evidence;
  if (gap !== undefined || scan === null || files === undefined || system === undefined)
    return { gap: gap ?? { code: 'REGO_INPUT_INCOMPLETE', reason: 'the image was not looked at' } };
  return {
    input: {
      apiVersion: 'waybill.dev/v1',
      kind: 'PolicyInput',
      time: context.now.toISOString(),
      rule: context.rule.name,
      image: imageInput(context),
      platform: platformInput(context, base),
      base,
      sbom: { catalogers: scan.catalogers, components: scan.components.map(componentInput), unread },
      files,
      system,
      ...statementInputs(context),
      unverified: unverifiedInput(context),
      exceptions: exceptionsFor(scopeOf(context)).map((exception) => ({
        check: exception.check,
        reason: exception.reason,
        owner: exception.owner,
        ticket: exception.ticket ?? null,
        lastDay: lastDay(exception.expires),
        lapsed: exception.expires <= context.now,
      })),
    },
  };
}

function scopeOf({ loaded, rule, image, platform, now }: RuleContext): ExceptionScope {
  return { policy: loaded.policy, rule, image, platform, now };
}

function imageInput({ image }: RuleContext): ImageInput {
  const { reference, name, requested, digest } = image.evidence;
  return {
    ref: reference,
    name,
    tag: requested.tag,
    digest,
    pinned: requested.digest !== null,
    annotations: image.index?.annotations ?? {},
  };
}

function platformInput({ platform }: RuleContext, base: BaseInput): PlatformInput {
  const { config, layerDigests } = platform;
  const depth = base.matches[0]?.layerCount ?? 0;
  return {
    name: platform.name,
    os: config.os,
    architecture: config.architecture,
    ...(config.variant === undefined ? {} : { variant: config.variant }),
    digest: platform.manifest,
    annotations: platform.annotations,
    config: configInput(config),
    layers: config.diffIds.map((diffId, index) => ({
      index,
      digest: layerDigests[index] ?? diffId,
      diffId,
      sizeBytes: platform.layers[index]?.sizeBytes ?? 0,
      createdBy: platform.layers[index]?.createdBy ?? null,
      base: index < depth,
    })),
  };
}

function configInput(config: RuleContext['platform']['config']): ConfigInput {
  return {
    created: config.created ?? null,
    author: config.author ?? null,
    user: config.user ?? null,
    env: environment(config.env),
    entrypoint: config.entrypoint ?? [],
    cmd: config.cmd ?? [],
    workingDirectory: config.workingDirectory ?? null,
    labels: config.labels,
    volumes: config.volumes,
    exposedPorts: config.exposedPorts,
    healthcheck: config.healthcheck ?? [],
    history: config.history.map((entry) => ({
      created: entry.created ?? null,
      createdBy: entry.createdBy ?? null,
      comment: entry.comment ?? null,
      emptyLayer: entry.emptyLayer,
    })),
  };
}

/** The last of two values of one name counts, as for a process. */
function environment(env: readonly string[]): Readonly<Record<string, string>> {
  const pairs = env.map((item) => {
    const at = item.indexOf('=');
    return at < 0 ? ([item, ''] as const) : ([item.slice(0, at), item.slice(at + 1)] as const);
  });
  return Object.fromEntries(pairs);
}

function componentInput(component: ComparableComponent): ComponentInput {
  return {
    key: component.key,
    type: component.type,
    name: component.name,
    group: component.group ?? null,
    version: component.version ?? null,
    purl: component.purl ?? null,
    licenses: component.licenses,
    locations: component.locations.map((location) => {
      const path = locationPath(location);
      return { path, layer: path === location ? null : Number.parseInt(location, 10) };
    }),
    dependsOn: component.dependsOn,
  };
}

function statementInputs(context: RuleContext): Pick<PolicyInput, 'signatures' | 'attestations'> {
  const subjects = coveringSubjects(context);
  const covering = context.statements.verified
    .filter((statement) => subjects.includes(statement.subject))
    .toSorted((a, b) => compareCodeUnits(`${a.bundle} ${a.subject}`, `${b.bundle} ${b.subject}`));
  const isSignature = (statement: VerifiedStatement): boolean => statement.predicateType === SIGN_PREDICATE_TYPE;
  return {
    signatures: covering.filter(isSignature).map(signatureInput),
    attestations: covering
      .filter((statement) => !isSignature(statement))
      .map((statement): AttestationInput => {
        const { predicateType, predicate } = statement;
        return { ...signatureInput(statement), predicateType, predicate };
      }),
  };
}

function signatureInput({
  subject,
  bundle,
  identities,
  signer,
  signedAt,
  annotations,
}: VerifiedStatement): SignatureInput {
  return { subject, bundle, identities, signer, signedAt: signedAt?.toISOString() ?? null, annotations };
}

function unverifiedInput(context: RuleContext): readonly UnverifiedInput[] {
  const subjects = coveringSubjects(context);
  const rejected = context.statements.rejected
    .filter(({ foundAt }) => foundAt.some((digest) => subjects.includes(digest)))
    .map(({ bundle, foundAt, predicateType, code, reason }) => ({
      bundle,
      foundAt,
      predicateType: predicateType ?? null,
      code,
      reason,
    }));
  const unsigned = (context.platform.build?.statements ?? []).map(({ digest, manifest, predicateType }) => ({
    bundle: digest,
    foundAt: [manifest],
    predicateType,
    code: 'UNSIGNED',
    reason: 'BuildKit put it beside the platform, without a signature of its own',
  }));
  return [...rejected, ...unsigned].toSorted((a, b) => compareCodeUnits(a.bundle, b.bundle));
}
