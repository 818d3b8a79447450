import { compileGlob, globProblem } from '../../core/index.ts';

/** The parts of a purl that a policy compares; percent-decoded. */
export interface PurlParts {
  readonly type: string;
  /** Namespace and name joined with slashes. */
  readonly path: string;
  readonly version: string | undefined;
  /** Of an rpm package, which its purl has beside the version. */
  readonly epoch?: string;
}

/** @see https://github.com/package-url/purl-spec; undefined when it is no purl */
export function parsePurl(text: string): PurlParts | undefined {
  const match = /^pkg:\/{0,2}([A-Za-z][A-Za-z0-9.+-]*)\/([^?#]+)((?:[?#].*)?)$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined || text.length > 4096) return undefined;
  const at = match[2].lastIndexOf('@');
  const versioned = at > 0 && !match[2].slice(at).includes('/');
  const path = decode(versioned ? match[2].slice(0, at) : match[2]);
  const version = versioned ? decode(match[2].slice(at + 1)) : undefined;
  const type = match[1].toLowerCase();
  if (path === undefined) return undefined;
  const epoch = type === 'rpm' ? /^\?(?:[^#]*&)?epoch=([0-9]{1,10})(?:[&#]|$)/.exec(match[3] ?? '')?.[1] : undefined;
  return { type, path: normalPath(type, path), version, ...(epoch === undefined ? {} : { epoch }) };
}

/** Whether a pattern (`*` within a part, `**` across parts) selects a package; its version, if it has one, must be equal. */
export function purlSelects(pattern: PurlParts, found: PurlParts): boolean {
  if (pattern.type !== found.type) return false;
  if (pattern.version !== undefined && pattern.version !== found.version) return false;
  if (!pattern.path.includes('*')) return pattern.path === found.path;
  return globProblem(pattern.path) === undefined && compileGlob(pattern.path).matches(found.path);
}

/** Types whose names are written in lower case, whatever case they are asked for in. */
const LOWER_CASE: ReadonlySet<string> = new Set(['apk', 'composer', 'deb', 'golang', 'npm', 'pypi']);

function normalPath(type: string, path: string): string {
  const lower = LOWER_CASE.has(type) ? path.toLowerCase() : path;
  return type === 'pypi' ? lower.replaceAll(/[-_.]+/g, '-') : lower;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
