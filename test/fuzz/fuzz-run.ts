import { isDeepStrictEqual } from 'node:util';
import { LEDGER_PLAN } from '../../src/ledger/index.ts';
import { memoryView } from '../support/memory-view.ts';
import { fixtureImages, programImage, type ImageSample, type Tree } from './image-samples.ts';
import { FUZZ_PLAN, judgeImage } from './judge-image.ts';
import { mutate } from './mutate.ts';
import { mutateImage } from './mutate-image.ts';
import { PARSER_TARGETS, type ParserTarget } from './parser-targets.ts';
import { createRandom, type Random } from './random.ts';

/** A case that went wrong, and how to see it again. */
export interface FuzzFinding {
  /** `zip`, or `image dpkg/good`. */
  readonly target: string;
  /** Seed of this very case. */
  readonly seed: number;
  readonly problem: string;
}

export interface FuzzReport {
  readonly cases: number;
  readonly byTarget: ReadonlyMap<string, number>;
  readonly findings: readonly FuzzFinding[];
  readonly slowestMs: number;
  readonly slowest: string;
}

export interface FuzzOptions {
  readonly seed: number;
  /** Ends after so many cases, or so much time, whichever comes first. */
  readonly maxCases: number;
  readonly maxMs: number;
  /** Only targets whose names contain this. */
  readonly only?: string;
  /** A case that takes longer is a finding. */
  readonly caseMs?: number;
}

interface Target {
  readonly id: string;
  /** Makes a case: what it returns is what is measured. */
  prepare(random: Random): Promise<() => Promise<void>>;
}

/** Captures files that only the ledger reads too. */
const CAPTURES = [...FUZZ_PLAN.captures, ...LEDGER_PLAN.captures];

/** Runs cases round by round over all targets, until it may no longer. The same options give the same cases. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { seed, maxCases, maxMs, only = '', caseMs = 1000 } = options;
  const targets = (await allTargets()).filter(({ id }) => id.includes(only));
  const byTarget = new Map<string, number>();
  const findings: FuzzFinding[] = [];
  const started = performance.now();
  let [cases, slowestMs, slowest] = [0, 0, ''];
  while (cases < maxCases && performance.now() - started < maxMs && targets.length > 0) {
    const target = targets[cases % targets.length]!;
    const caseSeed = (Math.imul(seed, 1_000_003) + cases) >>> 0;
    const { problem, ms } = await runCase(target, caseSeed);
    cases += 1;
    byTarget.set(target.id, (byTarget.get(target.id) ?? 0) + 1);
    if (ms > slowestMs) [slowestMs, slowest] = [ms, `${target.id} (seed ${caseSeed})`];
    const late = ms > caseMs ? `took ${ms.toFixed(0)} ms` : undefined;
    const found = problem ?? late;
    if (found !== undefined) findings.push({ target: target.id, seed: caseSeed, problem: found });
  }
  return { cases, byTarget, findings, slowestMs, slowest };
}

/** Runs one case again. */
export async function replay(id: string, seed: number): Promise<string | undefined> {
  const target = (await allTargets()).find((candidate) => candidate.id === id);
  if (target === undefined) throw new Error(`there is no target ${id}`);
  return (await runCase(target, seed)).problem;
}

async function runCase(target: Target, seed: number): Promise<{ readonly problem?: string; readonly ms: number }> {
  const run = await target.prepare(createRandom(seed));
  const started = performance.now();
  try {
    await run();
    return { ms: performance.now() - started };
  } catch (error) {
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { problem: problem.slice(0, 3000), ms: performance.now() - started };
  }
}

async function allTargets(): Promise<readonly Target[]> {
  const fixtures = await fixtureImages();
  return [
    ...PARSER_TARGETS.map(parserTarget),
    ...fixtures.map(imageTarget),
    { id: 'image programs', prepare: async (random) => judge(await programTree(random)) },
    { id: 'image mixed', prepare: async (random) => judge(mixedTree(fixtures, random)) },
  ];
}

function parserTarget(target: ParserTarget): Target {
  return {
    id: target.id,
    prepare: async (random) => {
      const sample = random.pick(target.samples);
      const good = typeof sample === 'string' ? Buffer.from(sample) : await sample(random);
      const bytes = random.oneIn(10) ? good : mutate(good, random);
      return async () => {
        const first = target.run(bytes);
        if (!isDeepStrictEqual(target.run(bytes), first)) throw new Error('the same bytes gave another result');
      };
    },
  };
}

function imageTarget({ id, tree }: ImageSample): Target {
  return { id: `image ${id}`, prepare: async (random) => judge(mutateImage(tree, random)) };
}

async function programTree(random: Random): Promise<Tree> {
  const { tree } = await programImage(random);
  return random.oneIn(4) ? tree : mutateImage(tree, random);
}

/** Two images on top of each other: what one cataloger owns, another one finds. */
function mixedTree(fixtures: readonly ImageSample[], random: Random): Tree {
  const { tree: below } = random.pick(fixtures);
  const { tree: above } = random.pick(fixtures);
  return mutateImage({ ...below, ...above }, random);
}

function judge(tree: Tree): () => Promise<void> {
  return async () => void (await judgeImage(memoryView(tree, { captures: CAPTURES })));
}
