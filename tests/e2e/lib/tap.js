// A plain TCP relay in front of the proxy. It knows when a client left, to the millisecond, and passes that on at
// once: a browser that takes its time to close a tab does not blur how long the proxy takes.
import { once } from 'node:events';
import net from 'node:net';

export class Tap {
  #server;
  #waiting = new Map(); // by path

  static async start(port) {
    const tap = new Tap();
    tap.#server = net.createServer((client) => tap.#relay(client, net.connect(port, '127.0.0.1')));
    tap.#server.listen(0, '127.0.0.1');
    await once(tap.#server, 'listening');
    tap.url = `http://127.0.0.1:${tap.#server.address().port}`;
    return tap;
  }

  // When the client that asks for `path` next will have left, by performance.now().
  left(path) {
    return new Promise((resolve) => this.#waiting.set(path, resolve));
  }

  close() {
    this.#server.close(); // its connections have ended with their clients
  }

  #relay(client, proxy) {
    let told;
    client.on('data', (bytes) => {
      const path = /^(?:GET|POST) (\S+) /.exec(bytes.toString('latin1'))?.[1];
      told = this.#waiting.get(path) ?? told;
    });
    const leave = () => {
      told?.(performance.now());
      proxy.destroy();
    };
    client.on('end', leave).on('close', leave).on('error', () => {});
    proxy.on('close', () => client.destroy()).on('error', () => {});
    client.pipe(proxy).pipe(client);
  }
}
