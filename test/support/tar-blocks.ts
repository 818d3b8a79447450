import { tarHeader } from '../../src/formats/index.ts';

/** A header block by hand, for what the writer does not write. */
export function tarBlock(change: (header: Buffer) => void, body = Buffer.alloc(0)): Buffer {
  const header = Buffer.from(tarHeader({ path: 'name', type: 'file', mode: 0o644, sizeBytes: body.length }));
  change(header);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

/** An extended header, for the member that follows. */
export function paxBlock(records: Readonly<Record<string, string>>, flag = 'x'): Buffer {
  const text = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = Buffer.byteLength(rest);
    while (Buffer.byteLength(`${length}${rest}`) !== length) length = Buffer.byteLength(`${length}${rest}`);
    return `${length}${rest}`;
  });
  return tarBlock((header) => header.write(flag, 156, 'latin1'), Buffer.from(text.join('')));
}
