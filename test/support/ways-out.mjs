// Tries one way after another to reach a server of its own, in one process: `node ways-out.mjs PLACES [NAME…]`.
// `node ways-out.mjs names` lists them. PLACES is JSON: { way: { port, udp, path, dns } }. Prints a JSON line for each: { way, said }.
// Nothing here counts as a success but what the servers saw; what is said is how the program met it.
import { ChildProcess, exec, execFile, execFileSync, execSync, fork, spawn, spawnSync } from 'node:child_process';
import cluster from 'node:cluster';
import dgram from 'node:dgram';
import dns from 'node:dns';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import inspector from 'node:inspector';
import { createRequire } from 'node:module';
import net from 'node:net';
import tls from 'node:tls';
import { promisify } from 'node:util';
import vm from 'node:vm';
import { Worker } from 'node:worker_threads';

const [, , placesText, ...only] = process.argv;
const places = placesText === 'names' ? {} : JSON.parse(placesText);
const require = createRequire(import.meta.url);
const HOST = '127.0.0.1';
const url = at => `http://${HOST}:${at.port}/`;
const dial = port =>
  `require('node:net').connect(${port}, '${HOST}').on('error', () => process.exit(7)).on('connect', function () { this.end() })`;
const told = (emitter, ...good) =>
  new Promise((resolve, reject) => {
    for (const name of good) emitter.once(name, () => resolve(name));
    emitter.once('error', reject);
  });
const asked = request => told(request, 'response', 'upgrade', 'close');
const threaded = worker =>
  new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', code => resolve(`exit ${code}`));
  });
const left = child =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', code => resolve(`exit ${code}`));
  });
const tcpWrap = () => process.binding('tcp_wrap');
const dialled = (TCP, TCPConnectWrap, at) =>
  new Promise((resolve, reject) => {
    const handle = new TCP(0);
    const request = new TCPConnectWrap();
    request.oncomplete = status => resolve(`status ${status}`);
    const code = handle.connect(request, HOST, at.port);
    if (code !== 0) reject(new Error(`code ${code}`));
  });
const PROGRAM = `import net from 'node:net'; net.connect(PORT, '${HOST}').on('error', () => {});`;
const undici = process.env.WAYS_UNDICI === undefined ? null : require(process.env.WAYS_UNDICI);

const WAYS = {
  fetch: at => fetch(url(at)),
  'fetch of a Request': at => fetch(new Request(url(at), { method: 'POST', body: 'x' })),
  'fetch of a form': at => {
    const form = new FormData();
    form.set('a', new Blob(['b']));
    return fetch(url(at), { method: 'POST', body: form });
  },
  'fetch of a stream': at => fetch(url(at), { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' }),
  'fetch with a dispatcher of its own': at => {
    const { constructor: Dispatcher } = globalThis[Symbol.for('undici.globalDispatcher.1')];
    return fetch(url(at), { dispatcher: new Dispatcher() });
  },
  'the global dispatcher itself': at =>
    new Promise((resolve, reject) => {
      globalThis[Symbol.for('undici.globalDispatcher.1')].dispatch(
        { origin: url(at).slice(0, -1), path: '/', method: 'GET' },
        { onConnect() {}, onHeaders: () => true, onData: () => true, onComplete: resolve, onError: reject },
      );
    }),
  'a dispatcher set for all': at => {
    const name = Symbol.for('undici.globalDispatcher.1');
    const before = globalThis[name];
    globalThis[name] = new before.constructor();
    return fetch(url(at)).finally(() => {
      globalThis[name] = before;
    });
  },
  WebSocket: typeof WebSocket === 'function' && (at => told2(new WebSocket(`ws://${HOST}:${at.port}/`))),
  EventSource: typeof EventSource === 'function' && (at => told2(new EventSource(url(at)))),
  'undici request': undici && (at => undici.request(url(at))),
  'undici fetch': undici && (at => undici.fetch(url(at))),
  'undici Agent of its own': undici && (at => undici.request(url(at), { dispatcher: new undici.Agent() })),
  'undici setGlobalDispatcher':
    undici &&
    (async at => {
      const before = undici.getGlobalDispatcher();
      undici.setGlobalDispatcher(new undici.Agent());
      await undici.request(url(at)).finally(() => undici.setGlobalDispatcher(before));
    }),
  'undici Pool of its own': undici && (at => new undici.Pool(url(at)).request({ path: '/', method: 'GET' })),
  'undici Client of its own': undici && (at => new undici.Client(url(at)).request({ path: '/', method: 'GET' })),
  'undici upgrade': undici && (at => undici.upgrade(url(at), { protocol: 'any' })),
  'an interceptor over the global dispatcher':
    undici &&
    (at =>
      undici
        .getGlobalDispatcher()
        .compose(send => (options, handler) => send({ ...options, origin: url(at).slice(0, -1) }, handler))
        .request({ origin: 'http://allowed.example', path: '/', method: 'GET' })),
  'what lies below dispatch': at => {
    const global = globalThis[Symbol.for('undici.globalDispatcher.1')];
    const [key] = Object.getOwnPropertySymbols(Object.getPrototypeOf(global)).filter(
      name => name.description === 'dispatch' && typeof global[name] === 'function',
    );
    return new Promise((resolve, reject) => {
      const handler = {
        onConnect() {},
        onHeaders: () => true,
        onData: () => true,
        onComplete: resolve,
        onError: reject,
      };
      global[key]({ origin: url(at).slice(0, -1), path: '/', method: 'GET' }, handler);
    });
  },
  'undici WebSocket': undici && (at => told2(new undici.WebSocket(`ws://${HOST}:${at.port}/`))),
  'http.get': at => asked(http.get(url(at))),
  'http over a keep-alive agent': at => asked(http.get(url(at), { agent: new http.Agent({ keepAlive: true }) })),
  'http over a subclass of Agent': at => {
    class Own extends http.Agent {
      createConnection(options, done) {
        return net.connect({ port: options.port, host: options.host }, done);
      }
    }
    return asked(http.get(url(at), { agent: new Own() }));
  },
  'new http.ClientRequest': at => {
    const request = new http.ClientRequest(url(at));
    request.end();
    return asked(request);
  },
  'https.request': at => {
    const request = https.request(`https://${HOST}:${at.port}/`, { rejectUnauthorized: false });
    request.end();
    return asked(request);
  },
  'http2.connect': at => told(http2.connect(url(at)), 'connect'),
  'http2 request': at => told(http2.connect(url(at)).request({ ':path': '/' }), 'response', 'close'),
  'http2 request in the name of another': at =>
    told(http2.connect(url(at)).request({ ':authority': `allowed.example:${at.port}` }), 'response', 'close'),
  'http2.connect by promisify': at => promisify(http2.connect)(url(at)),
  'http2 over a connection of its own': at =>
    told(http2.connect(url(at), { createConnection: () => net.connect(at.port, HOST) }), 'connect'),
  'http2 with a lookup of its own': at =>
    told(
      http2.connect(`http://allowed.example:${at.port}`, {
        lookup: (_name, { all }, done) => (all ? done(null, [{ address: HOST, family: 4 }]) : done(null, HOST, 4)),
      }),
      'connect',
    ),
  'net.connect': at => told(net.connect(at.port, HOST), 'connect'),
  'net.createConnection by options': at => told(net.createConnection({ host: HOST, port: String(at.port) }), 'connect'),
  'Socket.connect': at => told(new net.Socket().connect(at.port, HOST), 'connect'),
  'connect of the prototype': at =>
    told(net.Socket.prototype.connect.call(new net.Stream(), { port: at.port }), 'connect'),
  'options that change when they are read': at => {
    let reads = 0;
    return told(
      net.connect({
        host: HOST,
        get port() {
          return reads++ === 0 ? 1 : at.port;
        },
      }),
      'connect',
    );
  },
  'a lookup of its own': at =>
    told(
      net.connect({
        host: 'allowed.example',
        port: at.port,
        lookup: (_name, { all }, done) => (all ? done(null, [{ address: HOST, family: 4 }]) : done(null, HOST, 4)),
      }),
      'connect',
    ),
  'dns.lookup replaced': at => {
    const before = dns.lookup;
    dns.lookup = (_name, { all }, done) => (all ? done(null, [{ address: HOST, family: 4 }]) : done(null, HOST, 4));
    try {
      return told(net.connect({ host: 'allowed.example', port: at.port }), 'connect');
    } finally {
      dns.lookup = before;
    }
  },
  'tls.connect': at => told(tls.connect(at.port, HOST, { rejectUnauthorized: false }), 'secureConnect', 'close'),
  'a Unix socket': at => told(net.createConnection(at.path), 'connect'),
  'http over a Unix socket': at => asked(http.get({ socketPath: at.path, path: '/' })),
  'dgram send': at =>
    new Promise((resolve, reject) => {
      const socket = dgram.createSocket('udp4');
      socket.send('x', at.udp, HOST, error => {
        socket.close();
        error ? reject(error) : resolve();
      });
    }),
  'dgram connect': at =>
    new Promise((resolve, reject) => {
      const socket = dgram.createSocket('udp4');
      socket.connect(at.udp, HOST, error => {
        if (error) return reject(error);
        socket.send('x', again => {
          socket.close();
          again ? reject(again) : resolve();
        });
      });
    }),
  'dns.Resolver': at => {
    const resolver = new dns.Resolver({ timeout: 200, tries: 1 });
    resolver.setServers([`${HOST}:${at.udp}`]);
    return new Promise((resolve, reject) =>
      resolver.resolve4('secret.allowed.example', error => (error ? reject(error) : resolve())),
    );
  },
  'dns.promises.Resolver': at => {
    const resolver = new dns.promises.Resolver({ timeout: 200, tries: 1 });
    resolver.setServers([`${HOST}:${at.udp}`]);
    return resolver.resolveTxt('secret.allowed.example');
  },
  'dns.promises by setServers': async at => {
    const before = dns.getServers();
    dns.setServers([`${HOST}:${at.udp}`]);
    try {
      await dns.promises.resolve('secret.allowed.example', 'MX');
    } finally {
      dns.setServers(before);
    }
  },
  'a thread': at =>
    threaded(
      new Worker(PROGRAM.replace('PORT', at.port).replace(/^import net.*?;/, "const net = require('node:net');"), {
        eval: true,
      }),
    ),
  'a thread without flags or environment': at =>
    threaded(
      new Worker(`require('node:net').connect(${at.port}, '${HOST}').on('error', () => {})`, {
        eval: true,
        execArgv: [],
        env: {},
      }),
    ),
  'a thread of a data: URL': at =>
    threaded(new Worker(new URL(`data:text/javascript,${encodeURIComponent(PROGRAM.replace('PORT', at.port))}`))),
  'a thread of the class behind the class': async at => {
    const first = new Worker('', { eval: true });
    const Behind = Object.getPrototypeOf(first).constructor;
    await threaded(first);
    return threaded(
      new Behind(`require('node:net').connect(${at.port}, '${HOST}').on('error', () => {})`, {
        eval: true,
        execArgv: [],
      }),
    );
  },
  fork: at => left(fork(process.argv[1], ['{}', `dial:${at.port}`], { execArgv: [] })),
  'spawn of node -e': at => left(spawn(process.execPath, ['-e', dial(at.port)], { env: {} })),
  'spawn of node by name': at => left(spawn('node', ['-e', dial(at.port)])),
  'spawn of a shell': at => left(spawn(`exec 3<>/dev/tcp/${HOST}/${at.port}`, { shell: '/bin/bash' })),
  'spawn of curl': at => left(spawn('curl', ['-s', '-m', '2', url(at)])),
  exec: at =>
    new Promise((resolve, reject) => exec(`curl -s -m 2 ${url(at)}`, error => (error ? reject(error) : resolve()))),
  execFile: at =>
    new Promise((resolve, reject) =>
      execFile('curl', ['-s', '-m', '2', url(at)], error => (error ? reject(error) : resolve())),
    ),
  execSync: at => execSync(`curl -s -m 2 ${url(at)}; true`),
  execFileSync: at => execFileSync('/bin/bash', ['-c', `exec 3<>/dev/tcp/${HOST}/${at.port}`]),
  'spawnSync of node -e': at => {
    const run = spawnSync(process.execPath, ['-e', dial(at.port)], { env: {} });
    if (run.error) throw run.error;
    return `exit ${run.status} ${run.stderr}`;
  },
  'spawnSync of curl': at => {
    const { error } = spawnSync('curl', ['-s', '-m', '2', url(at)]);
    if (error) throw error;
  },
  'new ChildProcess().spawn': at => {
    const child = new ChildProcess();
    child.spawn({ file: '/usr/bin/curl', args: ['curl', '-s', '-m', '2', url(at)] });
    return left(child);
  },
  cluster: at => {
    cluster.setupPrimary({ exec: process.argv[1], args: ['{}', `dial:${at.port}`], execArgv: [] });
    return left(cluster.fork().process);
  },
  'vm context': at =>
    told(vm.runInNewContext('net.connect(port, host)', { net, port: at.port, host: HOST }), 'connect'),
  createRequire: at => told(require('node:net').connect(at.port, HOST), 'connect'),
  'process.getBuiltinModule':
    process.getBuiltinModule && (at => told(process.getBuiltinModule('net').connect(at.port, HOST), 'connect')),
  'import() of a data: URL': async at => {
    const { go } = await import(
      `data:text/javascript,import net from 'node:net'; export const go = () => net.connect(${at.port}, '${HOST}');`
    );
    return told(go(), 'connect');
  },
  'process.binding': at => {
    const { TCP, TCPConnectWrap } = tcpWrap();
    return dialled(TCP, TCPConnectWrap, at);
  },
  'the handle of a server': async at => {
    const { executionAsyncResource } = await import('node:async_hooks');
    const server = net.createServer().listen(0, HOST);
    await told(server, 'listening');
    const TCP = server._handle.constructor;
    const hops = net.connect(server.address().port, HOST);
    const Wrap = await new Promise((resolve, reject) => {
      hops.once('error', reject);
      hops.once('connect', () => resolve(executionAsyncResource().constructor));
    }).finally(() => {
      hops.destroy();
      server.close();
    });
    return dialled(TCP, Wrap, at);
  },
  'process.dlopen': () => {
    process.dlopen({ exports: {} }, '/nonexistent/addon.node');
  },
  'require of an add-on': () => {
    require('node:module')._extensions['.node']({ exports: {} }, '/nonexistent/addon.node');
  },
  'inspector Runtime.evaluate': at => {
    const session = new inspector.Session();
    session.connect();
    const expression = `new Promise(resolve => process.getBuiltinModule('net').connect(${at.port}, '${HOST}').on('error', resolve).on('connect', resolve))`;
    return new Promise((resolve, reject) =>
      session.post('Runtime.evaluate', { expression, awaitPromise: true }, (error, { exceptionDetails } = {}) =>
        error || exceptionDetails ? reject(error ?? new Error(exceptionDetails.text)) : resolve(),
      ),
    );
  },
  'an extension of SQLite': () => {
    const { DatabaseSync } = require('node:sqlite');
    new DatabaseSync(':memory:', { allowExtension: true }).loadExtension('/nonexistent/extension.so');
  },
  'process.execve': process.execve && (at => process.execve('/usr/bin/curl', ['curl', '-s', '-m', '2', url(at)])),
};

function told2(target) {
  return new Promise((resolve, reject) => {
    target.onopen = () => resolve('open');
    target.onerror = event => reject(event.error ?? new Error(event.message ?? 'error'));
  });
}

const [first] = only;
if (placesText === 'names') console.log(JSON.stringify(Object.keys(WAYS)));
else if (first?.startsWith('dial:')) {
  net
    .connect(Number(first.slice(5)), HOST)
    .on('error', () => process.exit(7))
    .on('connect', () => process.exit(0));
} else {
  const DENIED = Symbol.for('checkrd.policy_denied');
  for (const [way, go] of Object.entries(WAYS)) {
    const at = places[way];
    if (at === undefined) continue;
    if (!go) {
      console.log(JSON.stringify({ way, said: 'absent' }));
      continue;
    }
    let said;
    try {
      const late = new Promise(resolve => setTimeout(resolve, 20_000, 'late').unref());
      const result = await Promise.race([go(at), late]);
      said = typeof result === 'string' ? result : 'went';
    } catch (error) {
      let denied = null;
      for (let at = error, depth = 0; at != null && depth < 8; at = at.cause, depth++) if (at[DENIED]) denied = at;
      said = denied === null ? `failed: ${error.code ?? error.message}` : `denied: ${denied.code}`;
    }
    console.log(JSON.stringify({ way, said }));
  }
  process.exit(0);
}
