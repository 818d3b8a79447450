import { layerError } from './errors.ts';

/**
 * A ring of slots in shared memory between the thread that decompresses and the one that hashes and parses. One writer, one reader. Either
 * side blocks while the other is slow; each can end it for the other. Waits are cut into slices, so that a flag set in between is never missed.
 */
export interface SlotRing {
  readonly control: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
}

const SLOT_BYTES = 256 * 1024;
const SLOT_COUNT = 16;
const WAIT_SLICE_MS = 200;

// words of the control buffer
const WRITTEN = 0;
const READ = 1;
const STATE = 2;
const LENGTHS = 3;

const RUNNING = 0;
const ENDED = 1;
const FAILED = 2;
const STOPPED = 3;

export function createSlotRing(): SlotRing {
  return {
    control: new SharedArrayBuffer(4 * (LENGTHS + SLOT_COUNT)),
    slots: new SharedArrayBuffer(SLOT_BYTES * SLOT_COUNT),
  };
}

/** Makes a ring ready for the next layer. Only while neither side uses it. */
export function resetSlotRing(ring: SlotRing): void {
  new Int32Array(ring.control).fill(0);
}

/** Ends a ring whose writer is gone: the reader then finds its bytes not good. */
export function closeSlotRing(ring: SlotRing): void {
  const control = new Int32Array(ring.control);
  Atomics.compareExchange(control, STATE, RUNNING, FAILED);
  Atomics.notify(control, WRITTEN);
}

export class SlotWriter {
  readonly #control: Int32Array;
  readonly #slots: Uint8Array;
  #written = 0;

  constructor(ring: SlotRing) {
    this.#control = new Int32Array(ring.control);
    this.#slots = new Uint8Array(ring.slots);
  }

  /**
   * Copies bytes into free slots; blocks while there are none.
   * @throws AppError LAYER_STOPPED when the reader gave up
   */
  write(chunk: Uint8Array): void {
    for (let offset = 0; offset < chunk.length;) {
      this.#waitForSlot();
      const used = Math.min(SLOT_BYTES, chunk.length - offset);
      const slot = this.#written % SLOT_COUNT;
      this.#slots.set(used === chunk.length ? chunk : chunk.subarray(offset, offset + used), slot * SLOT_BYTES);
      this.#control[LENGTHS + slot] = used;
      offset += used;
      this.#written += 1;
      Atomics.store(this.#control, WRITTEN, this.#written);
      Atomics.notify(this.#control, WRITTEN);
    }
  }

  #waitForSlot(): void {
    for (;;) {
      if (Atomics.load(this.#control, STATE) === STOPPED) throw layerError('LAYER_STOPPED', 'the parser gave up');
      const read = Atomics.load(this.#control, READ);
      if (this.#written - read < SLOT_COUNT) return;
      Atomics.wait(this.#control, READ, read, WAIT_SLICE_MS);
    }
  }

  /** No more bytes come: all of them were good, or something was wrong with them. */
  close(good: boolean): void {
    Atomics.compareExchange(this.#control, STATE, RUNNING, good ? ENDED : FAILED);
    Atomics.notify(this.#control, WRITTEN);
  }
}

/**
 * Hands each filled slot to `consume` until the writer closes the ring.
 * @returns whether the writer found its bytes good
 */
export function drainSlots(ring: SlotRing, consume: (chunk: Uint8Array) => void): boolean {
  const control = new Int32Array(ring.control);
  const slots = new Uint8Array(ring.slots);
  let read = 0;
  try {
    for (;;) {
      // the state first: what was written before it was set is then seen
      const state = Atomics.load(control, STATE);
      if (read === Atomics.load(control, WRITTEN)) {
        if (state !== RUNNING) return state === ENDED;
        Atomics.wait(control, WRITTEN, read, WAIT_SLICE_MS);
        continue;
      }
      const slot = read % SLOT_COUNT;
      consume(slots.subarray(slot * SLOT_BYTES, slot * SLOT_BYTES + (control[LENGTHS + slot] ?? 0)));
      read += 1;
      Atomics.store(control, READ, read);
      Atomics.notify(control, READ);
    }
  } catch (error) {
    Atomics.store(control, STATE, STOPPED);
    Atomics.notify(control, READ);
    throw error;
  }
}
