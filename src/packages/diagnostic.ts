/** Something that could not be read or looked wrong; the scan went on. */
export interface Diagnostic {
  /** Stable code in kebab case: `malformed-stanza`, `file-too-large`, `unreadable-binary`. */
  readonly code: string;
  readonly severity: 'warning' | 'error';
  /** What was wrong and what follows for the result. From hostile input: escape before showing. */
  readonly message: string;
  /** Absolute path in the image. */
  readonly path?: string;
  /** Id of the cataloger, or `image` for the reader. */
  readonly source: string;
}
