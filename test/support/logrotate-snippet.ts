/** The shipped logrotate snippet, for a folder of the test and its process. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** Every replacement must find its text: only paths, user and the reload differ from what is shipped. */
export function logrotateSnippet(logs: string, pid: number): string {
  return replaced('packaging/logrotate/checkrd', [
    ['/var/log/checkrd/', `${logs}/`],
    ['create 0640 checkrd adm', 'create 0640 nobody nogroup'],
    ['su checkrd adm', 'su nobody nogroup'],
    ["systemctl reload checkrd.service 'checkrd@*.service' >/dev/null 2>&1 || true", `kill -HUP ${pid}`],
  ]);
}

/** A shipped file with each text in another form; a text that it does not say fails. */
export function replaced(path: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce(
    (text, [from, to]) => {
      assert.ok(text.includes(from), `${path} says '${from}'`);
      return text.replaceAll(from, to);
    },
    readFileSync(path, 'utf8'),
  );
}
