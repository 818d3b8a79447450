import { parseBoundedJson } from '../../core/index.ts';
import type { RustAudit, RustAuditPackage } from '../../formats/index.ts';
import { asObject, decodeText, type JsonObject } from './json-fields.ts';

/** What is left of the extractor's JSON once checked: a layer cache may hand over anything. */
export type CheckedRustAudit = Pick<RustAudit, 'packages' | 'truncated' | 'problem' | 'rustc'>;

/** @returns undefined for what the extractor never writes */
export function parseRustAudit(bytes: Uint8Array): CheckedRustAudit | undefined {
  let json: unknown;
  try {
    json = parseBoundedJson(decodeText(bytes));
  } catch {
    return undefined;
  }
  const object = asObject(json);
  if (object === undefined) return undefined;
  const { packages, problem, rustc, truncated } = object;
  if (packages !== undefined && !Array.isArray(packages)) return undefined;
  if (packages === undefined && typeof problem !== 'string' && typeof rustc !== 'string') return undefined;
  return {
    ...(packages === undefined ? {} : { packages: (packages as readonly unknown[]).map(checkedPackage) }),
    ...(typeof problem === 'string' ? { problem } : {}),
    ...(typeof rustc === 'string' ? { rustc } : {}),
    ...(truncated === true ? { truncated } : {}),
  };
}

/** An item that is none keeps its place, so that indexes stay right. */
function checkedPackage(value: unknown): RustAuditPackage {
  const { name, version, source, kind, dependencies, root }: JsonObject = asObject(value) ?? {};
  return {
    name: textOf(name),
    version: textOf(version),
    source: textOf(source),
    ...(typeof kind === 'string' ? { kind } : {}),
    ...(Array.isArray(dependencies)
      ? { dependencies: dependencies.filter((index): index is number => typeof index === 'number') }
      : {}),
    ...(root === true ? { root } : {}),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
