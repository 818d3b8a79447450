import { asObject } from './json-fields.ts';

/** A shared framework: `Microsoft.NETCore.App` and its version. */
export interface FrameworkReference {
  readonly name: string;
  readonly version: string;
}

const MAX_FRAMEWORKS = 16;

/**
 * The frameworks a program's `runtimeconfig.json` wants to find installed, or brought along. Hostile input.
 * @returns undefined when it is no such file
 * @see https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md
 */
export function parseRuntimeConfig(text: string): readonly FrameworkReference[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const options = asObject(asObject(json)?.['runtimeOptions']);
  if (options === undefined) return undefined;
  const lists = [options['frameworks'], options['includedFrameworks']].filter((list) => Array.isArray(list));
  const all: readonly unknown[] = [options['framework'], ...lists.flat()];
  return all.slice(0, MAX_FRAMEWORKS).flatMap((item) => {
    const { name, version } = asObject(item) ?? {};
    return typeof name === 'string' && typeof version === 'string' ? [{ name, version }] : [];
  });
}

/**
 * The installed version that a program gets: of the wanted major version the lowest minor one that is not older, of that the newest patch.
 * @see https://learn.microsoft.com/dotnet/core/versions/selection
 */
export function rollForward(wanted: string, installed: readonly string[]): string | undefined {
  if (installed.includes(wanted)) return wanted;
  const from = numbers(wanted);
  const fit = installed.filter((version) => numbers(version)[0] === from[0] && compareVersions(version, wanted) >= 0);
  const minor = Math.min(...fit.map((version) => numbers(version)[1] ?? 0));
  return fit
    .filter((version) => numbers(version)[1] === minor)
    .toSorted(compareVersions)
    .at(-1);
}

/** By the numbers in front; then what has something behind them (a preview) comes first. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbers(a), numbers(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(b.includes('-')) - Number(a.includes('-'));
}

function numbers(version: string): readonly number[] {
  return (/^\d{1,9}(?:\.\d{1,9}){0,3}/.exec(version)?.[0] ?? '').split('.').map(Number);
}
