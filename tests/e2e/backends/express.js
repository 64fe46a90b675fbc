// An Express app that compresses whatever it is let to, event streams too.
import crypto from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import compression from 'compression';
import express from 'express';

const app = express();
app.use(compression({ filter: () => true, threshold: 0 }));
app.get('/', (req, res) => res.append('Set-Cookie', 'a=1').append('Set-Cookie', 'b=2').type('html').send('<p>쪽</p>'));
app.post('/echo', express.raw({ type: () => true, limit: '10mb' }), (req, res) => {
  res.set('X-Length', req.body.length).type('application/octet-stream').send(req.body);
});
app.get('/download', (req, res) => {
  res.type('zip').set('Content-Length', 64 * 65536).set('Cache-Control', 'no-transform');
  for (let i = 0; i < 64; i++) {
    const digest = crypto.createHash('sha256').update(String(i)).digest();
    res.write(Buffer.concat(Array(2048).fill(digest)));
  }
  res.end();
});
app.get('/events', async (req, res) => {
  res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  for (let i = 0; i < 5; i++) {
    res.write(`id: ${i}\ndata: tick\n\n`);
    await sleep(100);
  }
  res.end();
});
const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
