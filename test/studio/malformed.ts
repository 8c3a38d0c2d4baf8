import { connect } from 'node:net';
import { type Random, random } from '../../src/random.js';

const WHOLE = 'GET /runs/demo/config.json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n';

/** Paths that would lead out of a run's folder, or nowhere. */
const paths = [
  '/runs/demo/..%2f..%2fsecret',
  '/runs/demo/%2e%2e/%2e%2e/secret',
  '/../../../../etc/passwd',
  '//etc/passwd',
  '/runs/%00/config.json',
  '/runs/demo/config.json%00.html',
  '/runs/..%5c..%5csecret/config.json',
  '/%',
  '/%c0%ae%c0%ae/secret',
  `/${'a/'.repeat(3000)}`,
  '/runs/demo/images.json',
  '*',
  'http://elsewhere.example/runs.json',
];

/** The number-th request that is none, or asks what it must not; always the same. */
export function malformedRequest(number: number): Buffer {
  const draw: Random = random(7, number);
  const pick = <T>(all: readonly T[]): T => all[draw.integer(all.length)] as T;
  switch (draw.integer(4)) {
    case 0:
      return Buffer.from(Array.from({ length: 1 + draw.integer(200) }, () => draw.integer(256)));
    case 1: {
      const bytes = Buffer.from(WHOLE);
      for (let i = 0; i < 1 + draw.integer(6); i++) bytes[draw.integer(bytes.length)] = draw.integer(256);
      return bytes.subarray(0, 1 + draw.integer(bytes.length));
    }
    case 2:
      return Buffer.from(
        `${pick(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'BREW'])} ${pick(paths)} HTTP/1.${draw.integer(2)}\r\nHost: ${pick(['127.0.0.1', 'elsewhere.example', '', '[', '127.0.0.1@elsewhere.example', '\u0001'])}\r\nConnection: close\r\n\r\n`,
        'latin1',
      );
    default:
      return Buffer.from(
        `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${pick(['Content-Length: -1', 'Content-Length: 99999999999999999999', 'Transfer-Encoding: chunked', 'Range: bytes=9-1', 'Origin: null', `Cookie: ${'x'.repeat(20000)}`, 'Upgrade: websocket', 'If-None-Match: "'])}\r\nConnection: close\r\n\r\nzz`,
      );
  }
}

/** Sends bytes to a port of this machine; what came back until the other side ended, or a moment passed. */
export function send(port: number, bytes: Buffer): Promise<string> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    const end = (): void => {
      socket.destroy();
      done(answer);
    };
    socket.setEncoding('latin1').setTimeout(250, end);
    socket.on('data', (part: string) => {
      answer += part;
    });
    socket.on('error', end).on('close', end);
    socket.write(bytes);
  });
}
