/** When something may be believed, both ends included. Without an end it still may. */
export interface Validity {
  readonly start: Date;
  readonly end?: Date;
}

export function isWithin({ start, end }: Validity, time: Date): boolean {
  return start <= time && (end === undefined || time <= end);
}

/** The window in words. */
export function showValidity({ start, end }: Validity): string {
  return end === undefined ? `from ${start.toISOString()} on` : `from ${start.toISOString()} to ${end.toISOString()}`;
}
