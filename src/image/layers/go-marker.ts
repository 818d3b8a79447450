/**
 * Cheap signs of a Go program, so that the many executables that are none are neither gathered in memory nor parsed.
 * @see https://pkg.go.dev/debug/buildinfo
 */

const MARKER = Buffer.from('\xff Go buildinf:', 'latin1');
/** Short needles are found several times faster than long ones. */
const MARKER_END = Buffer.from('dinf:', 'latin1');
const UPX = Buffer.from('UPX!', 'latin1');
const NOTE_NAME = Buffer.from('Go\0\0', 'latin1');

/** Bytes of a file that `looksLikeGo` wants to see (fewer when the file is shorter). */
export const GO_HEAD_BYTES = 64 * 1024;

/**
 * Whether an executable's beginning suggests Go: the linker's note, its habit of putting section headers first, UPX, or a format of which
 * there are few. False negatives (external linking without a build id) are found by `GoMarkerScan`.
 */
export function looksLikeGo(head: Buffer): boolean {
  const isElf = head[0] === 0x7f && head[1] === 0x45;
  if (!isElf || head.length < 64) return true;
  if (head.subarray(0, 1024).includes(UPX) || head.includes(NOTE_NAME)) return true;
  return sectionHeaderOffset(head) < GO_HEAD_BYTES;
}

function sectionHeaderOffset(head: Buffer): number {
  const isBig = head[5] === 2;
  if (head[4] === 1) return isBig ? head.readUInt32BE(0x20) : head.readUInt32LE(0x20);
  return Number(isBig ? head.readBigUInt64BE(0x28) : head.readBigUInt64LE(0x28));
}

/** Whether the marker in front of Go's build information is in `bytes`, or UPX's mark at their beginning. */
export function mayHaveBuildInfo(bytes: Buffer): boolean {
  return hasMarker(bytes) || bytes.subarray(0, 1024).includes(UPX);
}

function hasMarker(bytes: Buffer): boolean {
  const lead = MARKER.length - MARKER_END.length;
  for (let at = bytes.indexOf(MARKER_END); at >= 0; at = bytes.indexOf(MARKER_END, at + 1)) {
    if (at >= lead && bytes.compare(MARKER, 0, lead, at - lead, at) === 0) return true;
  }
  return false;
}

/** Looks for the marker in a file that streams by. */
export class GoMarkerScan {
  #tail = Buffer.alloc(0);
  found = false;

  add(chunk: Buffer): void {
    if (this.found) return;
    const seam = Buffer.concat([this.#tail, chunk.subarray(0, MARKER.length)]);
    this.found = hasMarker(seam) || hasMarker(chunk);
    const tail = chunk.length >= MARKER.length ? chunk : seam;
    this.#tail = Buffer.from(tail.subarray(Math.max(0, tail.length - MARKER.length + 1)));
  }
}
