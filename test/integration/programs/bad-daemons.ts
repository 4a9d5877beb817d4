/** Sockets that answer as no daemon should, in the folder named: `silent`, `failing`, `half`, `wordy`, `liar`; `file` is none. */
import { writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';

const folder = process.argv[2] as string;
const ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  silent: () => {},
  failing: response => response.writeHead(500).end('internal error'),
  half: response => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('{"ok":true,"next":');
    setImmediate(() => response.destroy());
  },
  wordy: response => response.writeHead(200).end('x'.repeat(200_000)),
  liar: response => response.writeHead(200).end('{"ok":true,"next":0,"log":"l"}'),
};
writeFileSync(join(folder, 'file.sock'), '');
for (const [name, answer] of Object.entries(ANSWERS)) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(response));
  });
  await new Promise<void>(resolve => server.listen(join(folder, `${name}.sock`), resolve));
}
console.log('ready');
