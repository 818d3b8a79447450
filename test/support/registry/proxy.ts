import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/** A forward proxy on loopback that leads every name to one port of this machine. */
export interface TestProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** `GET http://host/path` and `CONNECT host:port`, as asked. */
  readonly seen: string[];
  readonly headers: IncomingMessage['headers'][];
}

export async function startProxy(targetPort: number, refuseWith?: number): Promise<TestProxy> {
  const seen: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const tunnels = new Set<Socket>();
  const note = (request: IncomingMessage): void => {
    seen.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
  };
  const server = createServer((request, response) => {
    note(request);
    if (refuseWith !== undefined) {
      response.writeHead(refuseWith).end();
      return;
    }
    const url = new URL(request.url ?? '');
    const onward = httpRequest(
      {
        host: '127.0.0.1',
        port: targetPort,
        path: url.pathname + url.search,
        method: request.method,
        headers: request.headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(onward);
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    note(request);
    tunnels.add(socket);
    if (refuseWith !== undefined) {
      socket.end(`HTTP/1.1 ${refuseWith} Refused\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const onward = connect(targetPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    tunnels.add(onward);
    for (const end of [socket, onward]) end.on('error', () => [socket, onward].forEach((each) => each.destroy()));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    headers,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const socket of tunnels) socket.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
