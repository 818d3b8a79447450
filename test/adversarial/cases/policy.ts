import { symlinkSync, writeFileSync } from 'node:fs';
import { replayGate, verifyForContainerd, type Decision } from '../../../src/app/index.ts';
import { canonicalEvidence } from '../../../src/evidence/index.ts';
import { gate } from '../../../src/index.ts';
import type { AdversarialCase } from '../contract.ts';
import { ARM, policyText, type Stage } from '../world.ts';
import { APP, locked, on, TINY } from './base.ts';

const SIGNED = 'signatures: { by: [release] }';
const deny = (...codes: readonly string[]): AdversarialCase['expect'] => ({ verdict: 'deny', exit: 1, codes });
const NO_RULE = deny('fail NO_RULE_MATCHED');

/** A policy as its file says it: mistakes and tricks are refused before anything is decided. */
function written(name: string, text: string, refused = 'POLICY_INVALID'): AdversarialCase {
  return {
    name,
    attack: async (stage) => {
      stage.write('policy.yaml', text);
      await stage.image('app', { layers: [APP] });
      return stage.check('app');
    },
    expect: { refused, exit: 2 },
  };
}

const PLAIN = policyText({ rule: SIGNED });

const DAY = '2026-11-23';
const ONE_SECOND_AFTER = new Date('2026-11-24T00:00:01Z');
const LAPSED = deny('fail EXCEPTION_EXPIRED', 'fail UNSIGNED');

/** An unsigned image with an exception that ended with a day. */
async function excepted(stage: Stage, tag = 'app'): Promise<string> {
  const app = await stage.image(tag, { layers: [APP] });
  const reference = await stage.push(tag, `shop/${tag}:1`);
  const { host } = await stage.registry();
  const more = `exceptions: [{ rule: shop, check: signatures, digests: ["${app.digest}"], reason: x, owner: y, expires: ${DAY} }]`;
  stage.policy({ rule: SIGNED, images: `${host}/shop/**`, more });
  return reference;
}

function at(now: Date): { readonly now: () => Date } {
  return { now: () => now };
}

/** What containerd's question about a digest comes to; an answer without decision is thrown as what it is. */
async function containerd(stage: Stage, reference: string, digest: string, now: Date): Promise<Decision> {
  const descriptor = JSON.stringify({ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1 });
  const { judgement, exitCode } = await verifyForContainerd(
    {
      words: ['-name', reference, '-digest', digest, '-stdin-media-type', 'application/vnd.oci.descriptor.v1+json'],
      readStdin: () => Promise.resolve(Buffer.from(descriptor)),
      policyFile: stage.file('policy.yaml'),
      access: {},
      deadlineMs: 60_000,
    },
    { ...stage.runtime, ...at(now) },
  );
  if (judgement.decision === null) throw new Error(judgement.reason);
  // what counts for containerd is the exit code
  return { ...judgement.decision, exitCode, verdict: judgement.allowed ? judgement.decision.verdict : 'deny' };
}

export const POLICY_CASES: readonly AdversarialCase[] = [
  {
    name: 'a rule that only warns is no rule to be allowed by',
    attack: async (stage) => {
      stage.policy({ rule: `${SIGNED}, mode: warn` });
      await stage.image('app', { layers: [APP] });
      return stage.check('app');
    },
    expect: deny('fail NO_RULE_MATCHED', 'warn UNSIGNED'),
  },
  {
    name: 'a rule that takes effect tomorrow is no rule to be allowed by today',
    attack: async (stage) => {
      stage.policy({ rule: `${SIGNED}, effectiveOn: 2026-11-25` });
      await stage.sign(await stage.image('app', { layers: [APP] }));
      return stage.check('app');
    },
    expect: NO_RULE,
  },
  {
    name: 'a rule that took effect today denies',
    attack: async (stage) => {
      stage.policy({ rule: `${SIGNED}, effectiveOn: 2026-11-24` });
      await stage.image('app', { layers: [APP] });
      return stage.check('app');
    },
    expect: deny('fail UNSIGNED'),
  },
  {
    name: 'a subset of platforms approves those alone, and containerd asks for all',
    attack: async (stage) => {
      const amd = await stage.image('amd', { layers: [APP] });
      await stage.sign(amd);
      const evil = await stage.image('arm', { layers: [{ 'app/run': 'evil\n' }], config: { platform: ARM } });
      const index = await stage.index('app', [amd, evil]);
      const reference = await stage.push('app', 'shop/app:1');
      const { host } = await stage.registry();
      stage.policy({ rule: `${SIGNED}, platforms: [linux/amd64]`, images: `${host}/shop/**` });
      return containerd(stage, reference, index, stage.runtime.now());
    },
    expect: { verdict: 'deny', exit: 1, codes: [], passes: ['SIGNED'] },
  },
  {
    name: 'a subset of platforms, and the approved one asked for by its own digest',
    attack: async (stage) => {
      const amd = await stage.image('amd', { layers: [APP] });
      await stage.sign(amd);
      const evil = await stage.image('arm', { layers: [{ 'app/run': 'evil\n' }], config: { platform: ARM } });
      await stage.index('app', [amd, evil]);
      const reference = await stage.push('app', 'shop/app:1');
      const { host } = await stage.registry();
      stage.policy({ rule: `${SIGNED}, platforms: [linux/amd64]`, images: `${host}/shop/**` });
      return containerd(stage, reference, amd.digest, stage.runtime.now());
    },
    expect: { verdict: 'allow', exit: 0, codes: [], passes: ['SIGNED'] },
  },
  {
    name: 'rules that speak of no platform in common approve none',
    attack: async (stage) => {
      const amd = await stage.image('amd', { layers: [APP] });
      const arm = await stage.image('arm', { layers: [APP], config: { platform: ARM } });
      await stage.sign(amd, await stage.index('app', [amd, arm]));
      const second = `- { name: arm, images: ["**"], platforms: [linux/arm64], ${SIGNED} }`;
      stage.write(
        'policy.yaml',
        policyText({ rule: `${SIGNED}, platforms: [linux/amd64]` }).replace('rules:\n', `rules:\n  ${second}\n`),
      );
      return stage.check('app');
    },
    expect: deny('fail NOTHING_APPROVED'),
  },
  {
    name: 'exception expired 1 s ago: gate check',
    attack: async (stage) => stage.check('', { images: [await excepted(stage)] }, ONE_SECOND_AFTER),
    expect: LAPSED,
  },
  {
    name: 'exception expired 1 s ago: the library',
    attack: async (stage) => {
      const reference = await excepted(stage);
      const runtime = { ...stage.runtime, ...at(ONE_SECOND_AFTER) };
      return (await gate(reference, { policy: stage.file('policy.yaml') }, runtime)).decision;
    },
    expect: LAPSED,
  },
  {
    name: 'exception expired 1 s ago: a replay',
    attack: async (stage) => {
      const evidence = await stage.evidence('', { images: [await excepted(stage)] });
      writeFileSync(stage.file('evidence.json'), canonicalEvidence(evidence));
      const files = { evidenceFile: stage.file('evidence.json'), policyFile: stage.file('policy.yaml') };
      return (await replayGate({ ...files, asOf: ONE_SECOND_AFTER })).decision;
    },
    expect: LAPSED,
  },
  {
    name: 'exception expired 1 s ago: containerd',
    attack: async (stage) => {
      const reference = await excepted(stage);
      const { digest } = (await stage.check('', { images: [reference] })).images[0]!;
      return containerd(stage, reference, digest!, ONE_SECOND_AFTER);
    },
    expect: LAPSED,
  },
  {
    name: 'exception in its last second',
    attack: async (stage) => stage.check('', { images: [await excepted(stage)] }, new Date('2026-11-23T23:59:59Z')),
    expect: { verdict: 'allow', exit: 0, codes: ['excepted UNSIGNED'] },
  },
  {
    name: 'two exceptions do not make one: the name of one, the digest of the other',
    attack: async (stage) => {
      const app = await stage.image('app', { layers: [APP] });
      const exception = (scope: string): string =>
        `{ rule: shop, check: signatures, ${scope}, reason: x, owner: y, expires: 2027-01-01 }`;
      const other = `digests: ["sha256:${'a'.repeat(64)}"], images: ["registry.example.com/shop/app"]`;
      const elsewhere = `digests: ["${app.digest}"], images: ["registry.example.com/shop/legacy"]`;
      stage.policy({ rule: SIGNED, more: `exceptions: [${exception(other)}, ${exception(elsewhere)}]` });
      return stage.check('app');
    },
    expect: deny('fail UNSIGNED'),
  },
  {
    name: 'an exception turns no error into anything',
    attack: async (stage) => {
      stage.policy({
        rule: 'base: { allow: [tiny] }',
        more: 'exceptions: [{ rule: shop, check: base, images: ["registry.example.com/shop/app"], reason: x, owner: y, expires: 2027-01-01 }]',
      });
      await stage.image('app', { layers: [APP] });
      return stage.check('app');
    },
    expect: { verdict: 'deny', exit: 2, codes: ['error BASE_LOCK_MISSING'] },
  },
  {
    name: 'an exception of one check excuses no other',
    attack: async (stage) => {
      const base = await locked(stage, 'base: { allow: [tiny] }');
      stage.policy({
        rule: `base: { allow: [tiny] }, ${SIGNED}`,
        more: 'exceptions: [{ rule: shop, check: base, images: ["registry.example.com/shop/app"], reason: x, owner: y, expires: 2027-01-01 }]',
      });
      await stage.image('app', { layers: [{ 'bin/sh': 'evil' }], ...on(base) });
      return stage.check('app');
    },
    expect: deny('excepted BASE_TAMPERED', 'fail UNSIGNED'),
  },
  {
    name: 'an exception for signatures must name digests',
    attack: async (stage) => {
      stage.policy({
        rule: SIGNED,
        more: 'exceptions: [{ rule: shop, check: signatures, images: ["registry.example.com/shop/**"], reason: x, owner: y, expires: 2027-01-01 }]',
      });
      await stage.image('app', { layers: [APP] });
      return stage.check('app');
    },
    expect: { refused: 'POLICY_INVALID', exit: 2 },
  },
  {
    name: 'a key outside the policy’s folder, through a link',
    attack: async (stage) => {
      stage.policy({ rule: SIGNED, identities: '  linked: { key: linked.pub }' });
      symlinkSync('/etc/hostname', stage.file('linked.pub'));
      await stage.image('app', { layers: [APP] });
      return stage.check('app');
    },
    expect: { refused: 'POLICY_FILE_OUTSIDE', exit: 2 },
  },
  {
    name: 'a key that is missing',
    attack: async (stage) => {
      stage.policy({ rule: SIGNED, identities: '  gone: { key: gone.pub }' });
      await stage.image('app', { layers: [APP] });
      return stage.check('app');
    },
    expect: { refused: 'POLICY_FILE_MISSING', exit: 2 },
  },
  written('an empty by', PLAIN.replace('by: [release] }', 'by: [] }')),
  written('a threshold of 0', PLAIN.replace('by: [release] }', 'by: [release], threshold: 0 }')),
  written(
    'a threshold above the number of identities',
    PLAIN.replace('by: [release] }', 'by: [release], threshold: 2 }'),
  ),
  written('a rule that checks nothing', PLAIN.replace(`, ${SIGNED}`, '')),
  written('a rule whose image checks are all off', PLAIN.replace(SIGNED, 'image: { checks: { IMG001: off } }')),
  written('an unknown key', PLAIN.replace(SIGNED, `${SIGNED}, signature: { by: [release] }`)),
  written('a key twice: the last one wins for some readers', `${PLAIN}unmatched: deny\nunmatched: allow\n`),
  written('a merge key', PLAIN.replace('deny:', 'deny:').replace(SIGNED, `<<: { mode: warn }, ${SIGNED}`)),
  written('a second document', `${PLAIN}---\nunmatched: allow\n`),
  written('a tag', PLAIN.replace('by: [release]', 'by: !!set { release }')),
  written('an identity without issuer', PLAIN.replace('stranger: { key: theirs.pub }', 'stranger: { subject: "x" }')),
  written(
    'an expression that anybody meets',
    PLAIN.replace('stranger: { key: theirs.pub }', 'stranger: { issuer: "https://i.example", subjectRegexp: ".*" }'),
  ),
  written(
    'a base that is only a prefix',
    PLAIN.replace('registry.example.com/base/tiny', 'registry.example.com/base/*'),
  ),
  written('an image pattern without a registry', PLAIN.replace('registry.example.com/shop/**', 'shop*')),
  {
    name: 'a policy other than the one that is pinned',
    attack: async (stage) => {
      stage.policy({ rule: SIGNED });
      await stage.image('app', { layers: [TINY] });
      return stage.check('app', { policyDigest: `sha256:${'0'.repeat(64)}` as const as never });
    },
    expect: { refused: 'POLICY_DIGEST_MISMATCH', exit: 2 },
  },
  written(
    'aliases upon aliases',
    `${PLAIN}x-a: &a [1,1,1,1,1,1,1,1,1]\nx-b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nx-c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nx-d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`,
  ),
  written('a list nested without end', `${PLAIN}x: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`),
];
