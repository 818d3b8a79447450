import { safeText, type ProgressEvent, type ProgressListener } from '../core/index.ts';

/** What the progress line is written to; `process.stderr` in production. */
export interface ProgressTerminal {
  readonly columns?: number;
  write(text: string): unknown;
}

export interface TerminalProgress {
  readonly listener: ProgressListener;
  /** Removes the line, so that results and errors start on a clean one. */
  clear(): void;
}

const CLEAR_LINE = '\r\u001b[2K';
const DEFAULT_COLUMNS = 80;

/**
 * Shows progress as one line that is rewritten in place. Warnings and notices get lines of their own.
 * @param terminal undefined: nothing but warnings and notices is shown
 */
export function createTerminalProgress(
  terminal: ProgressTerminal | undefined,
  warn: (line: string) => void,
): TerminalProgress {
  let shown = false;
  const clear = (): void => {
    if (shown && terminal) terminal.write(CLEAR_LINE);
    shown = false;
  };
  const listener: ProgressListener = (event) => {
    if (event.kind === 'warning' || event.kind === 'notice') {
      clear();
      warn(`${event.kind === 'warning' ? 'warning: ' : ''}${safeText(event.message)}`);
    } else if (terminal) {
      const columns = terminal.columns ?? DEFAULT_COLUMNS;
      terminal.write(`${CLEAR_LINE}${progressText(event).slice(0, Math.max(columns - 1, 20))}`);
      shown = true;
    }
  };
  return { listener, clear };
}

function progressText(event: Exclude<ProgressEvent, { kind: 'warning' | 'notice' }>): string {
  if (event.kind === 'phase') return `${safeText(event.label)} ...`;
  if (event.kind === 'transfer') {
    const total = event.totalBytes === undefined ? '' : ` of ${megabytes(event.totalBytes)}`;
    return `${safeText(event.label)}: ${megabytes(event.doneBytes)}${total}`;
  }
  const percent = event.totalBytes === 0 ? 100 : Math.floor((100 * event.doneBytes) / event.totalBytes);
  return `reading layers: ${event.doneLayers} of ${event.totalLayers}, ${megabytes(event.doneBytes)} of ${megabytes(event.totalBytes)} (${percent} %)`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
