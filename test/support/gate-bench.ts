import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  checkGate,
  generateKeyFiles,
  lockBases,
  releaseImage,
  reportGate,
  type CheckGateOptions,
  type Decision,
} from '../../src/app/index.ts';
import { TemporaryDirectory, type Runtime } from '../../src/core/index.ts';
import { makeImage, type MadeImage, type LayerSpec } from './images.ts';

export const GATE_NAME = 'registry.example.com/shop/app';

/** A rule that denies whatever changes the locked base. */
export const TAMPER_POLICY = `apiVersion: waybill.dev/v1
kind: Policy
bases:
  lock: bases.lock.jsonl
  entries: [{ name: tiny, image: registry.example.com/base/tiny, tags: ["13"] }]
rules:
  - { name: shop, images: ["registry.example.com/shop/**"], base: { allow: [tiny], tamper: deny } }
`;

/** A rule with every kind of check that can be met in a layout. */
export const GATE_POLICY = `apiVersion: waybill.dev/v1
kind: Policy
identities:
  release: { key: ours.pub }
bases:
  lock: bases.lock.jsonl
  entries:
    - { name: tiny, image: registry.example.com/base/tiny, tags: ["13"] }
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    signatures: { by: [release] }
    attestations:
      - { type: cyclonedx, by: [release], rederive: true }
    base: { allow: [tiny], evidence: content, tamper: deny }
`;

export interface GateBench extends AsyncDisposable {
  readonly path: string;
  readonly runtime: Runtime;
  file(name: string): string;
  /** Writes an image into the bench's layout. */
  image(tag: string, layers: readonly LayerSpec[], base?: MadeImage): Promise<MadeImage>;
  release(tag: string, key?: string): Promise<void>;
  /** Observes the image of this tag as `tiny:13`; `policy.yaml` and `base` unless told. */
  lock(policy?: string, tag?: string): Promise<void>;
  /** Decides about `oci:images:TAG`. */
  check(tag: string, options?: Partial<CheckGateOptions>): Promise<Decision>;
  report(tag: string, files: { readonly evidenceFile?: string; readonly decisionFile?: string }): Promise<void>;
}

/** A folder with two key pairs, a policy and a layout: the gate's own use cases in this process. */
export async function openGateBench(policy = GATE_POLICY): Promise<GateBench> {
  const folder = await TemporaryDirectory.create('waybill-gate-');
  const file = (name: string): string => join(folder.path, name);
  const runtime: Runtime = {
    env: {},
    now: () => new Date('2026-11-24T12:00:00Z'),
    randomBytes: (length) => randomBytes(length),
    signal: new AbortController().signal,
    progress: () => undefined,
    cacheDir: undefined,
  };
  const password = (): Promise<string> => Promise.resolve('');
  for (const prefix of ['ours', 'theirs']) await generateKeyFiles({ prefix: file(prefix), password }, runtime);
  writeFileSync(file('policy.yaml'), policy);
  const reference = (tag: string): string => `oci:${file('images')}:${tag}`;
  const gate = (tag: string): CheckGateOptions => ({
    images: [reference(tag)],
    policyFile: file('policy.yaml'),
    access: {},
    as: GATE_NAME,
    deadlineMs: 60_000,
  });
  return {
    path: folder.path,
    runtime,
    file,
    image: (tag, layers, base) =>
      makeImage(file('images'), {
        tag,
        layers,
        ...(base === undefined ? {} : { base: { image: base.image, store: base.store } }),
      }),
    release: async (tag, key = 'ours') => {
      await releaseImage(
        { image: reference(tag), access: {}, keyFile: file(`${key}.key`), password, allowEmpty: true },
        runtime,
      );
    },
    lock: async (policyFile = 'policy.yaml', tag = 'base') => {
      await lockBases(
        {
          policyFile: file(policyFile),
          entries: [],
          sources: new Map([['tiny:13', reference(tag)]]),
          access: {},
        },
        runtime,
      );
    },
    check: async (tag, options = {}) => {
      const { as = GATE_NAME, ...given } = gate(tag);
      const name = options.images === undefined ? { as } : {};
      return (await checkGate({ ...given, ...name, ...options }, runtime)).decision;
    },
    report: async (tag, files) => {
      await reportGate({ ...gate(tag), ...files, json: true, spell: () => '' }, runtime);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** `outcome CODE` of everything that did not pass. */
export function complaints(decision: Decision): readonly string[] {
  return decision.images.flatMap((image) =>
    [...image.checks, ...image.platforms.flatMap((platform) => platform.rules.flatMap((rule) => rule.checks))]
      .filter((result) => result.outcome !== 'pass')
      .map((result) => `${result.outcome} ${result.code}`),
  );
}
