// The Node http application of the live tests: the same paths as the Go one.
'use strict';
const http = require('http');

const [host, port] = process.argv[2].split(':');
let draining = false;

function answer(res, body) {
  if (draining) res.setHeader('Connection', 'close');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.end(body);
}

function download(res, kib) {
  if (draining) res.setHeader('Connection', 'close');
  res.setHeader('Content-Length', kib * 1024);
  const chunk = Buffer.alloc(1024, 'x');
  let left = kib;
  const push = () => {
    while (left > 0) {
      left -= 1;
      if (!res.write(chunk)) {
        res.once('drain', push);
        return;
      }
    }
    res.end();
  };
  push();
}

function readAll(req, then) {
  const parts = [];
  req.on('data', (part) => parts.push(part));
  req.on('end', () => then(Buffer.concat(parts)));
}

const server = http.createServer((req, res) => {
  const url = new URL(req.url, 'http://app');
  if (url.pathname === '/fast') return answer(res, 'fast');
  if (url.pathname === '/slow') {
    return setTimeout(() => answer(res, 'slow'), Number(url.searchParams.get('ms')));
  }
  if (url.pathname === '/upload') {
    return readAll(req, (body) => answer(res, String(body.length)));
  }
  if (url.pathname === '/download') return download(res, Number(url.searchParams.get('kib')));
  if (url.pathname === '/phase') {
    return readAll(req, (body) => {
      draining = JSON.parse(body).draining === true;
      answer(res, 'told');
    });
  }
  res.statusCode = 404;
  answer(res, 'no such path');
});

// Idle connections stay as long as the client wants: the tests are about who leaves first.
server.keepAliveTimeout = 0;
server.listen(Number(port), host);

process.on('SIGTERM', () => {
  draining = true;
  const began = Date.now();
  const timer = setInterval(() => {
    server.getConnections((_, open) => {
      if (open > 0 && Date.now() - began < 5000) return;
      clearInterval(timer);
      server.close();
      server.closeAllConnections();
    });
  }, 50);
});
