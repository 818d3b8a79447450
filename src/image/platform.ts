import { safeText } from '../core/index.ts';
import { imageError } from './errors.ts';
import type { Platform } from './types.ts';

const ARCHITECTURE_ALIASES: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
  i386: ['386'],
  i686: ['386'],
};
const OS_ALIASES: Readonly<Record<string, string>> = { macos: 'darwin' };

/** Variants that run on a machine of the first one, best first. */
const RUNS: Readonly<Record<string, readonly string[]>> = {
  'arm/v8': ['v8', 'v7', 'v6', 'v5'],
  'arm/v7': ['v7', 'v6', 'v5'],
  'arm/v6': ['v6', 'v5'],
  'amd64/v2': ['v2', ''],
  'amd64/v3': ['v3', 'v2', ''],
  'amd64/v4': ['v4', 'v3', 'v2', ''],
  'arm64/v9': ['v9', ''],
};

/**
 * Parses `os/arch[/variant]` as users write it.
 * @throws AppError PLATFORM_INVALID
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  const [os, architecture, variant] = parts;
  const sound = parts.length >= 2 && parts.length <= 3 && parts.every((part) => /^[A-Za-z0-9_.-]{1,64}$/.test(part));
  if (!sound || os === undefined || architecture === undefined) {
    throw imageError('PLATFORM_INVALID', `not a platform: ${safeText(JSON.stringify(text), 100)}`, {
      hint: 'write os/arch or os/arch/variant: linux/amd64, linux/arm64, linux/arm/v7',
    });
  }
  return normalizePlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) });
}

/** `linux/amd64`, `linux/arm/v7`. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, ...(platform.variant === undefined ? [] : [platform.variant])].join('/');
}

/** The same with the version of the system, where there is one: `windows/amd64:10.0.20348.1`. */
export function formatExactPlatform(platform: Platform): string {
  const name = formatPlatform(platform);
  return platform.osVersion === undefined ? name : `${name}:${platform.osVersion}`;
}

/**
 * One name for what is one platform: lower case, aliases resolved, `arm` is `arm/v7`, and `arm64/v8` and `amd64/v1` go without variant.
 * @see https://github.com/containerd/platforms/blob/v1.0.0/database.go
 */
export function normalizePlatform(platform: Platform): Platform {
  const writtenOs = platform.os.toLowerCase();
  const written = platform.architecture.toLowerCase();
  const alias = Object.hasOwn(ARCHITECTURE_ALIASES, written) ? ARCHITECTURE_ALIASES[written] : undefined;
  const os = Object.hasOwn(OS_ALIASES, writtenOs) ? (OS_ALIASES[writtenOs] ?? writtenOs) : writtenOs;
  const architecture = alias?.[0] ?? written;
  let variant = (platform.variant ?? alias?.[1] ?? '').toLowerCase();
  if (/^[0-9]$/.test(variant)) variant = `v${variant}`;
  if (architecture === 'arm' && variant === '') variant = 'v7';
  if ((architecture === 'arm64' && variant === 'v8') || (architecture === 'amd64' && variant === 'v1')) variant = '';
  return {
    os,
    architecture,
    ...(variant === '' ? {} : { variant }),
    ...(platform.osVersion === undefined ? {} : { osVersion: platform.osVersion }),
  };
}

/** Whether two platforms are one, aliases and default variants resolved. */
export function isSamePlatform(a: Platform, b: Platform): boolean {
  return platformKey(a) === platformKey(b);
}

/** A text that is equal for equal platforms. */
export function platformKey(platform: Platform): string {
  const { os, architecture, variant, osVersion } = normalizePlatform(platform);
  return `${os}/${architecture}/${variant ?? ''}/${osVersion ?? ''}`;
}

/** How well an image of one platform suits another: 0 is best; undefined when it does not run there. As containerd ranks them. */
export function platformRank(wanted: Platform, offered: Platform): number | undefined {
  const a = normalizePlatform(wanted);
  const b = normalizePlatform(offered);
  if (a.os !== b.os || a.architecture !== b.architecture) return undefined;
  if (a.osVersion !== undefined && a.osVersion !== b.osVersion) return undefined;
  const key = `${a.architecture}/${a.variant ?? ''}`;
  const order = Object.hasOwn(RUNS, key) ? (RUNS[key] ?? []) : [a.variant ?? ''];
  const rank = order.indexOf(b.variant ?? '');
  return rank === -1 ? undefined : rank;
}

/** Whether an index entry and the config it leads to cannot both be right. What one of them leaves out is no contradiction. */
export function contradictsPlatform(listed: Platform, config: Platform): boolean {
  const a = normalizePlatform(listed);
  const b = normalizePlatform(config);
  if (a.os !== b.os || a.architecture !== b.architecture) return true;
  const bothVariants = listed.variant !== undefined && config.variant !== undefined;
  if (bothVariants && a.variant !== b.variant) return true;
  return a.osVersion !== undefined && b.osVersion !== undefined && a.osVersion !== b.osVersion;
}
