import type { BuiltImage } from '../bench/images.ts';
import type { Finding } from './finding.ts';

/** What a package manager itself says is installed: the truth that recall and precision are measured against. */
export interface Oracle {
  /** The command that a person would run: `dpkg-query`. */
  readonly name: string;
  /** Purl type of what it lists. */
  readonly type: string;
  /** Programs that it runs. */
  readonly programs: readonly string[];
  /** What is installed; nothing when the image has nothing of the kind. Each with one place, or none when the tool names none. */
  list(image: BuiltImage): Promise<readonly Finding[]>;
  /** Whether it would have listed a package of its type found there. */
  covers(place: string, finding?: Finding): boolean;
}
