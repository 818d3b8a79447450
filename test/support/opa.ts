import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { restrictCapabilities } from '../../src/policy/index.ts';
import { runPeer } from './peers.ts';

export interface BundleSpec {
  /** Rego sources and data files; absolute. */
  readonly sources: readonly string[];
  readonly entrypoints: readonly string[];
  readonly output: string;
  /** Everything that opa has, instead of what policies may use. */
  readonly unrestricted?: boolean;
}

/** Compiles a bundle with the peer `opa`. */
export async function buildBundle(spec: BundleSpec): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-opa-'));
  try {
    const current = runPeer('opa', ['capabilities', '--current'], { cwd: folder }).stdout;
    const capabilities = join(folder, 'capabilities.json');
    writeFileSync(capabilities, spec.unrestricted ? current : await restrictCapabilities(Buffer.from(current)));
    const entrypoints = spec.entrypoints.flatMap((entrypoint) => ['-e', entrypoint]);
    // opa keeps the names of sources as they are given: bundles hold no path of the machine that made them
    const names = spec.sources.map((source) => basename(source));
    assert.equal(new Set(names).size, names.length, 'sources have names of their own');
    for (const [index, source] of spec.sources.entries()) copyFileSync(source, join(folder, names[index] ?? ''));
    const args = ['build', '-t', 'wasm', '--capabilities', capabilities, ...entrypoints, '-o', spec.output, ...names];
    const run = runPeer('opa', args, { cwd: folder });
    assert.equal(run.status, 0, run.output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the peer `opa` itself says of a query, as JSON text with every digit: undefined when it is undefined. */
export function evaluateWithOpa(sources: readonly string[], query: string, input: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-opa-'));
  try {
    const file = join(folder, 'input.json');
    writeFileSync(file, input);
    const data = sources.flatMap((source) => ['-d', source]);
    const run = runPeer('opa', ['eval', '--format', 'json', ...data, '-i', file, query], { cwd: folder });
    assert.equal(run.status, 0, run.output);
    const { result } = JSON.parse(run.stdout, keepDigits) as {
      readonly result?: readonly { readonly expressions: readonly { readonly value: unknown }[] }[];
    };
    return result === undefined ? undefined : JSON.stringify(result[0]?.expressions[0]?.value);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface JsonWithRawNumbers {
  rawJSON(text: string): unknown;
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return (JSON as unknown as JsonWithRawNumbers).rawJSON(context.source);
}
