import { elfNotes } from './elf-notes.ts';
import { tryParseElf } from './elf.ts';

/** What `extractElfPackageNote` keeps of an executable, as JSON. */
export interface ElfPackageNote {
  readonly architecture: string;
  /** Fields of the note that the specification names and whose value is text, as found. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Why a note that is there could not be read. */
  readonly problem?: string;
}

const SECTION = '.note.package';
const VENDOR = 'FDO';
const TYPE = 0xcafe1a7e;
const MAX_NOTE_BYTES = 64 * 1024;
const MAX_FIELD_CHARS = 1024;
const FIELDS = [
  'type',
  'name',
  'version',
  'architecture',
  'os',
  'osVersion',
  'osCpe',
  'appCpe',
  'debugInfoUrl',
  'moduleVersion',
] as const;

/**
 * Reads the note by which a distribution says which package an ELF file was built for. Hostile bytes: bounded reads, never throws.
 * @returns an `ElfPackageNote` as compact UTF-8 JSON, or undefined when the file has no such note
 * @see https://systemd.io/ELF_PACKAGE_METADATA/
 */
export function extractElfPackageNote(bytes: Uint8Array): Uint8Array | undefined {
  const elf = tryParseElf(bytes);
  if (elf === undefined) return undefined;
  const note = elfNotes(elf, SECTION).find(({ name, type }) => name === VENDOR && type === TYPE);
  if (note === undefined) return undefined;
  const found = readNote(note.content);
  return Buffer.from(JSON.stringify({ architecture: elf.architecture, ...found } satisfies ElfPackageNote), 'utf8');
}

function readNote(content: Buffer): Pick<ElfPackageNote, 'fields' | 'problem'> {
  if (content.length > MAX_NOTE_BYTES) return { problem: `the package note has ${content.length} bytes` };
  const end = content.indexOf(0);
  let json: unknown;
  try {
    json = JSON.parse(content.toString('utf8', 0, end === -1 ? content.length : end));
  } catch {
    return { problem: 'the package note is not JSON' };
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return { problem: 'the package note is not a JSON object' };
  const values = new Map<string, unknown>(Object.entries(json));
  const fields: Record<string, string> = {};
  for (const name of FIELDS) {
    const value = values.get(name);
    if (typeof value === 'string' && value.length <= MAX_FIELD_CHARS) fields[name] = value;
  }
  return { fields };
}
