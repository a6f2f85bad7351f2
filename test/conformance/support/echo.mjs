// Replaces Synapse and Element: answers every request with the received request as JSON. The target is as it came over the
// wire, because Node does not normalize it. The arguments are ports. A request with X-Hang-Up closes the connection.
import { createServer } from 'node:http';

for (const port of process.argv.slice(2).map(Number)) {
  createServer(async (request, response) => {
    let bytes = 0;
    for await (const chunk of request) bytes += chunk.length;
    const { method, url, rawHeaders } = request;
    if (request.headers['x-hang-up']) return request.socket.destroy();
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ port, method, url, rawHeaders, bytes }));
  }).listen(port, '127.0.0.1');
}
