import { watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';

let marks = 0;

/** Whatever happened in the folder before this has been told to all who watch it. */
export async function heard(folder: string): Promise<void> {
  const mark = `mark-${++marks}`;
  await new Promise<void>(resolve => {
    const ear = watch(folder, (_, name) => {
      if (name !== mark) return;
      ear.close();
      resolve();
    });
    writeFileSync(join(folder, mark), '');
  });
}
