import { createReadStream } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { serve } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { UserError } from '../errors.js';
import { RUN_LIST } from '../web/run-list.js';
import { headersOf } from './policy.js';
import type { ShownRuns } from './shown-runs.js';

/** A studio that is served on this machine. */
export interface ServedStudio {
  readonly url: string;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  json: 'application/json',
  jsonl: 'application/jsonl',
  html: 'text/html; charset=utf-8',
};

/**
 * Serves the page and the files of runs that it shows, to this machine's own browser alone: another machine cannot reach
 * it, and neither another site nor another name of this machine is answered.
 * @param page folder of the built page
 * @param port 0: one that is free
 * @throws UserError where the port is taken
 */
export async function serveStudio(runs: ShownRuns, page: string, port = 0): Promise<ServedStudio> {
  const app = new Hono();
  app.use(async (context, next) => {
    const { host = '', origin = `http://${host}` } = context.req.header();
    const isOwn = /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host) && origin === `http://${host}`;
    if (!isOwn) return context.text('this studio is for its own page on this machine\n', 403);
    if (context.req.method !== 'GET' && context.req.method !== 'HEAD')
      return context.text('it is only read\n', 405);
    await next();
    for (const [name, value] of Object.entries(headersOf(context.req.path))) context.header(name, value);
  });
  app.get(`/${RUN_LIST}`, (context) => context.json(runs.list()));
  app.get('/runs/:id/:file', (context) => {
    const { id, file } = context.req.param();
    const path = runs.file(id, file);
    if (path === undefined) return context.notFound();
    const type = types[/\w+$/.exec(file)?.[0] ?? ''] ?? 'application/octet-stream';
    return context.body(Readable.toWeb(createReadStream(path)) as ReadableStream, 200, {
      'content-type': type,
    });
  });
  app.use(serveStatic({ root: page }));
  app.onError((error, context) => context.text(`${error.message}\n`, 500));
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port });
  await new Promise<void>((ready, failed) => {
    server.once('listening', ready).once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      failed(isTaken ? new UserError(`port ${port} is in use: choose another --port, or none`) : error);
    });
  });
  const { port: given } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${given}/`,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
