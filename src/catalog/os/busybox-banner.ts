import type { CaptureRule, FileView } from '../../filesystem/index.ts';
import type { Distribution } from '../../packages/index.ts';

const VERSION = /^\d{1,3}(?:\.\d{1,3}){1,2}$/;
const PLACES: readonly string[] = ['bin/busybox', 'usr/bin/busybox', 'sbin/busybox'];

/** What BusyBox prints as its own name. */
export const BUSYBOX_CAPTURE: CaptureRule = {
  id: 'distribution/busybox',
  pathSuffixes: PLACES,
  extract: {
    kind: 'patterns',
    patterns: [
      {
        id: 'banner',
        needle: 'BusyBox v',
        pattern: 'BusyBox v(?<version>\\d{1,3}\\.\\d{1,3}(?:\\.\\d{1,3})?) \\(',
        before: 0,
        after: 40,
      },
    ],
  },
  maxBytes: 16 * 1024 * 1024,
};

/** The image's own system, when it is BusyBox and nothing else, by its program. */
export function fromBusyboxBanner(view: FileView): Distribution | undefined {
  for (const place of PLACES) {
    const entry = view.resolve(place);
    const file = view.captured(BUSYBOX_CAPTURE.id).find((captured) => captured.entry.path === entry?.path);
    if (file === undefined) continue;
    const version = versionIn(Buffer.from(file.bytes).toString('utf8'));
    return {
      id: 'busybox',
      idLike: [],
      name: 'BusyBox',
      path: `/${file.entry.path}`,
      ...(version === undefined ? {} : { versionId: version }),
    };
  }
  return undefined;
}

/** Of the first match that the scan kept. */
function versionIn(json: string): string | undefined {
  try {
    const hits: unknown = JSON.parse(json);
    for (const hit of Array.isArray(hits)
      ? (hits as readonly { readonly groups?: Readonly<Record<string, unknown>> }[])
      : []) {
      const version = hit?.groups?.['version'];
      if (typeof version === 'string' && VERSION.test(version)) return version;
    }
  } catch {
    // not what the scan writes
  }
  return undefined;
}
