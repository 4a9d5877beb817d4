/**
 * A program that tries every way out of Node to reach servers that it must not reach, one server a way; and who was reached.
 * The program itself is ways-out.mjs.
 */
import { execFileSync, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net, { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const PROGRAM = join('test', 'support', 'ways-out.mjs');
export const REGISTER = resolve('dist/register.js');

export interface Tried {
  readonly way: string;
  /** How the program met it: `went`, an event, `denied: CODE`, `failed: …`, or `absent` in this Node. */
  readonly said: string;
  /** How often its server was reached. */
  readonly hits: number;
}

/** @param flags Before the program: with `--import` of the register, or without. */
export async function tryWays(
  node: string,
  flags: readonly string[],
  env: NodeJS.ProcessEnv,
  wanted: (way: string) => boolean,
): Promise<{ readonly tried: readonly Tried[]; readonly code: number | null; readonly stderr: string }> {
  const names = JSON.parse(execFileSync(node, [PROGRAM, 'names'], { env, encoding: 'utf8' })) as string[];
  const folder = mkdtempSync(join(tmpdir(), 'checkrd-ways-'));
  const places = new Map<string, Place>();
  try {
    for (const way of names.filter(wanted)) places.set(way, await openPlace(join(folder, String(places.size))));
    const told = JSON.stringify(Object.fromEntries([...places].map(([way, { at }]) => [way, at])));
    const child = spawn(node, [...flags, PROGRAM, told], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', text => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', text => {
      stderr += text;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    const said = new Map<string, string>();
    for (const line of stdout.split('\n').filter(text => text.startsWith('{"way"'))) {
      const one = JSON.parse(line) as { way: string; said: string };
      said.set(one.way, one.said);
    }
    const tried: Tried[] = [];
    for (const [way, place] of places) {
      tried.push({ way, said: said.get(way) ?? 'nothing', hits: await place.settle() });
    }
    return { tried, code, stderr };
  } finally {
    for (const place of places.values()) place.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

export function registerFlags(): string[] {
  return ['--import', pathToFileURL(REGISTER).href];
}

interface Place {
  readonly at: { readonly port: number; readonly udp: number; readonly path: string };
  /** Counts what has arrived until now. */
  settle(): Promise<number>;
  close(): void;
}

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
const OURS = 'counted?';
const SILENT_MS = 300;

async function openPlace(path: string): Promise<Place> {
  let hits = 0;
  const open = new Set<Socket>();
  const serve = (socket: Socket): void => {
    hits++;
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    socket.setTimeout(SILENT_MS, () => socket.end());
    socket.once('data', data => {
      const text = data.toString('latin1');
      if (/^(GET|POST) \/ /.test(text)) socket.end(ANSWER);
      else socket.destroy();
    });
  };
  const tcp = net.createServer(serve).listen(0, '127.0.0.1');
  const unix = net.createServer(serve).listen(path);
  const udp = dgram.createSocket('udp4');
  const counted = (): Promise<unknown[]> => once(udp, 'counted');
  udp.on('message', (message, from) => {
    if (message.toString() === OURS) {
      udp.emit('counted');
      return;
    }
    hits++;
    // To a question about a name: there is none such.
    if (message.length < 12) return;
    const answer = Buffer.from(message);
    answer.writeUInt16BE(0x8183, 2);
    udp.send(answer, from.port, from.address);
  });
  udp.bind(0, '127.0.0.1');
  await Promise.all([once(tcp, 'listening'), once(unix, 'listening'), once(udp, 'listening')]);
  const { port } = tcp.address() as AddressInfo;
  return {
    at: { port, udp: udp.address().port, path },
    async settle() {
      // Behind whatever has arrived, so that it is counted.
      const knocks = [net.connect(port, '127.0.0.1'), net.connect(path)];
      const before = [once(tcp, 'connection'), once(unix, 'connection'), counted()];
      udp.send(OURS, udp.address().port, '127.0.0.1');
      await Promise.all([...before, ...knocks.map(knock => once(knock, 'connect'))]);
      // A connection that came in before ours has been counted; ours may have been announced by an earlier one's event.
      await Promise.all(knocks.map(knock => once(knock.resume().end(), 'close')));
      return hits - knocks.length;
    },
    close() {
      for (const socket of open) socket.destroy();
      tcp.close();
      unix.close();
      udp.close();
    },
  };
}
