/**
 * `<log>.epochs`: copies of the log's `key_rotated` lines, never rotated away. It only grows; half a line that a crash left
 * is cut off before the next is added.
 */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseLine } from '../../core/audit/canonical.js';
import { fromUtf8, utf8 } from '../../core/bytes.js';
import { AppendFile } from '../../disk/append.js';
import { syncFolder } from '../../disk/durable.js';
import { errno } from '../../disk/errno.js';

const LF = 0x0a;

export class EpochsFile {
  constructor(private readonly path: string) {}

  /** Whether a whole line says that `publicKey` (base64) follows in `log`. */
  names(log: string, publicKey: string): boolean {
    const lines = (fromUtf8(this.#read()) ?? '').split('\n').slice(0, -1);
    return lines.some(line => {
      const parsed = parseLine(line);
      if (!parsed.ok) return false;
      const { record } = parsed;
      return record.log === log && record.type === 'key_rotated' && record.public_key === publicKey;
    });
  }

  /** Durable when null comes back; otherwise it is as it was, and the errno says why. */
  append(line: string): string | null {
    const made = AppendFile.create(this.path);
    const opened = !made.ok && made.errno === 'EEXIST' ? AppendFile.existing(this.path) : made;
    if (!opened.ok) return opened.errno;
    const { file } = opened;
    try {
      const whole = this.#read().lastIndexOf(LF) + 1;
      if (whole < file.size && !file.cutTo(whole)) return 'EIO';
      const bytes = utf8(`${line}\n`);
      const failed = file.write(bytes, 0, bytes.length)?.errno ?? file.sync();
      if (failed !== null) {
        file.cutTo(whole);
        return failed;
      }
      syncFolder(dirname(this.path));
      return null;
    } catch (error) {
      return errno(error);
    } finally {
      file.close();
    }
  }

  #read(): Uint8Array {
    try {
      return readFileSync(this.path);
    } catch (error) {
      if (errno(error) === 'ENOENT') return new Uint8Array(0);
      throw error;
    }
  }
}
