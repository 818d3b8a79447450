/** What an option of the form `FORMAT[=FILE]` says. */
export interface OutputTarget {
  readonly format: string;
  /** Absent: standard output, which is also the file `-`. Empty when the name is missing. */
  readonly file?: string;
}

/** Splits `FORMAT[=FILE]` at the first `=`. */
export function splitOutput(text: string): OutputTarget {
  const equals = text.indexOf('=');
  if (equals === -1) return { format: text };
  const [format, file] = [text.slice(0, equals), text.slice(equals + 1)];
  return file === '-' ? { format } : { format, file };
}
