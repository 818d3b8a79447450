/** The project that packages were installed for. */
export interface ComposerRoot {
  readonly name: string;
  /** Absent when Composer could not tell one. */
  readonly version: string | undefined;
  /** The project's folder as seen from the file's own. */
  readonly path: string | undefined;
}

const MAX_CHARS = 65_536;

/**
 * Reads the `root` entry of `vendor/composer/installed.php`, which Composer 2 writes, without running it. Hostile input; never throws.
 * @returns undefined when there is none or the project has no name
 */
export function parseComposerRoot(text: string): ComposerRoot | undefined {
  // Composer 2.0 breaks the line before `array (`
  const start = /'root' =>\s{0,8}array ?\(/.exec(text)?.index;
  if (start === undefined) return undefined;
  const end = text.indexOf("'versions' =>", start);
  const block = text.slice(start, Math.min(end === -1 ? text.length : end, start + MAX_CHARS));
  const field = (key: string): string | undefined => new RegExp(`'${key}' => '([^'\\\\]{1,512})'`).exec(block)?.[1];
  const name = field('name');
  // what Composer writes for a project without a name, and for a version nobody set
  if (name === undefined || name === '__root__') return undefined;
  const version = field('pretty_version');
  const path = /'install_path' => __DIR__ \. '\/([^'\\]{1,512})'/.exec(block)?.[1];
  return { name, version: version?.endsWith('+no-version-set') === true ? undefined : version, path };
}
